import type { LedgerStore } from '../platform/ports.js';
import { runBuffered } from './buffered-records.js';

/**
 * A ledger that lasts as long as `entries`: for a sandbox inside the process, whose cap is nobody's, and for tests.
 * Several stores over the same entries share one ledger; what was not committed is not in them.
 */
export function memoryLedgerStore(entries = new Map<string, string>()): LedgerStore {
  const records = {
    get: (key: string) => entries.get(key) ?? null,
    put: (key: string, value: string) => void entries.set(key, value),
    remove: (key: string) => void entries.delete(key),
  };
  return {
    transact: async (work) => runBuffered(records, work),
    close: async () => {},
  };
}
