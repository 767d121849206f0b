import { renameSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { type Environment, openEnvironment, statisticsOf } from '../lmdb/environment.js';
import { systemClock } from '../platform/clock.js';
import type { Records, VisitorStore } from './store.js';

/**
 * Visitor records in lmdb (lmdb/environment.ts): one environment, its main database, keys of 12 bytes for visitors and of
 * 1 for the registry.
 */

/** `folder` must exist, and its data file have been looked at (lmdb/file-check.ts). Rejects as `openEnvironment` does. */
export async function openLmdbStore(folder: string): Promise<VisitorStore> {
  const environment = await openEnvironment(folder, { mapBytes: null, mayMove: true, clock: systemClock });
  const records = recordsOf(folder, environment);
  return {
    transact: (work) => environment.transact(() => work(records)),
    isInPlace: () => environment.isInPlace(),
    close: () => environment.close(),
  };
}

const registryKey = Uint8Array.of(0);

function recordsOf(folder: string, { database }: Environment): Records {
  return {
    get(visitor) {
      const bytes = database.getBinaryFast(visitor);
      return bytes === undefined ? null : new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    },
    list(after, count) {
      const found: { key: Uint8Array; record: Uint8Array }[] = [];
      // The registry comes first: one more than that.
      const range = after === null ? { limit: count + 1 } : { start: after, exclusiveStart: true, limit: count };
      for (const { key, value } of database.getRange(range)) {
        if (key.length === registryKey.length || found.length === count) continue;
        found.push({ key: Uint8Array.from(key), record: Uint8Array.from(value) });
      }
      return found;
    },
    put(visitor, record) {
      database.put(visitor, record);
    },
    getRegistry() {
      const bytes = database.getBinaryFast(registryKey);
      return bytes === undefined ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
    },
    putRegistry(text) {
      database.put(registryKey, Buffer.from(text));
    },
    size() {
      const { entryCount, usedBytes } = statisticsOf(database);
      const registryCount = database.getBinaryFast(registryKey) === undefined ? 0 : 1;
      return { visitors: entryCount - registryCount, bytesOnDisk: usedBytes };
    },
    clear() {
      database.clearSync();
    },
    moveAway(to) {
      try {
        renameSync(folder, to);
        return true;
      } catch {
        return false; // Windows moves nothing that is open
      }
    },
  };
}

/** Moves a store that cannot be used out of the way. */
export function moveFolder(folder: string, to: string): Promise<void> {
  return rename(folder, to);
}

export function removeFolder(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true, maxRetries: 3 });
}
