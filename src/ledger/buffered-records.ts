import type { LedgerRecords } from '../platform/ports.js';

/** Runs `work` over `records`, and writes what it wrote when it is done: work that throws writes nothing. */
export function runBuffered<T>(records: LedgerRecords, work: (records: LedgerRecords) => T): T {
  /** `null`: removed. */
  const changes = new Map<string, string | null>();
  const result = work({
    get(key) {
      const changed = changes.get(key);
      return changed === undefined ? records.get(key) : changed;
    },
    put: (key, value) => void changes.set(key, value),
    remove: (key) => void changes.set(key, null),
  });
  for (const [key, value] of changes) {
    if (value === null) records.remove(key);
    else records.put(key, value);
  }
  return result;
}
