import type { LedgerRecords } from '../platform/ports.js';

/** `null`: removed. */
export type Changes = ReadonlyMap<string, string | null>;

/** What is written to `records` is kept in `changes`, and read from there. */
export function bufferRecords(records: LedgerRecords): { readonly records: LedgerRecords; readonly changes: Changes } {
  const changes = new Map<string, string | null>();
  return {
    changes,
    records: {
      get(key) {
        const changed = changes.get(key);
        return changed === undefined ? records.get(key) : changed;
      },
      put: (key, value) => void changes.set(key, value),
      remove: (key) => void changes.set(key, null),
    },
  };
}

export function writeBuffered(records: LedgerRecords, changes: Changes): void {
  for (const [key, value] of changes) {
    if (value === null) records.remove(key);
    else records.put(key, value);
  }
}

/** Runs `work` over `records`, and writes what it wrote when it is done: work that throws writes nothing. */
export function runBuffered<T>(records: LedgerRecords, work: (records: LedgerRecords) => T): T {
  const buffered = bufferRecords(records);
  const result = work(buffered.records);
  writeBuffered(records, buffered.changes);
  return result;
}
