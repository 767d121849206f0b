import { renameSync, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import type { Records, VisitorStore } from './store.js';

/**
 * Visitor records in lmdb: one environment, its main database, keys of 8 bytes for visitors and of 1 for the registry.
 *
 * - Everything runs in write transactions, reading too. A reading one would take a slot in lmdb's table of readers,
 *   which goes by process id: two containers with the same id in their PID namespaces shut each other out ("Resource
 *   temporarily unavailable"), and a process that stands still keeps every page from being used again. A write
 *   transaction that writes nothing costs 0.1 ms and no disk access.
 * - They are asynchronous: waiting for another process's transaction does not stop this one's event loop.
 * - `overlappingSync` is off: a transaction resolves when it is on disk, and the file is plain lmdb. `eventTurnBatching`
 *   is off too: with it a commit that fails (a full disk) rejects a promise that nobody holds, which ends the process.
 * - An environment is opened once in a process, however many use it: lmdb-js finds the one that is open only after
 *   opening and closing the lock file again, which drops this process's lock on it (POSIX: any close drops all), and
 *   the next process would take the shared mutexes for left over and make them anew.
 */

type LmdbDatabase = RootDatabase<Uint8Array, Uint8Array>;

interface Environment {
  readonly folder: string;
  readonly database: LmdbDatabase;
  /** Of the data file, `dev:ino`. */
  readonly identity: string;
  userCount: number;
}

const dataFileName = 'data.mdb';

/** The environments that are open in this process. */
const environments = new Set<Environment>();
/** Opening and closing take turns. */
let lastTurn: Promise<unknown> = Promise.resolve();

/** `folder` must exist, and its data file have been looked at (lmdb-check.ts). Rejects with lmdb's error. */
export async function openLmdbStore(folder: string): Promise<VisitorStore> {
  const environment = await inTurn(() => useEnvironment(folder));
  const { database } = environment;
  const records = recordsOf(environment);
  return {
    transact: (work) => database.transaction(() => work(records)).catch(throwCause),
    isInPlace: () => identityAt(folder) === environment.identity,
    close: () => inTurn(() => leaveEnvironment(environment)),
  };
}

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = lastTurn.then(work);
  lastTurn = turn.catch(() => {});
  return turn;
}

async function useEnvironment(folder: string): Promise<Environment> {
  for (;;) {
    const identity = identityAt(folder);
    for (const environment of environments) {
      if (environment.identity !== identity || environment.folder !== folder) continue;
      environment.userCount += 1;
      return environment;
    }
    const database = openDatabase(folder);
    if (identity !== null && identityAt(folder) === identity) {
      const environment = { folder, database, identity, userCount: 1 };
      environments.add(environment);
      return environment;
    }
    // It has just been made, or was moved away meanwhile: only what was there before and after is surely what is open.
    await database.close();
  }
}

async function leaveEnvironment(environment: Environment): Promise<void> {
  environment.userCount -= 1;
  if (environment.userCount > 0) return;
  environments.delete(environment);
  await environment.database.close();
}

function openDatabase(folder: string): LmdbDatabase {
  const options = {
    path: folder,
    noSubdir: false,
    encoding: 'binary' as const,
    keyEncoding: 'binary' as const,
    overlappingSync: false,
    eventTurnBatching: false,
    permissionsMode: 0o600,
  };
  return open<Uint8Array, Uint8Array>(options);
}

function identityAt(folder: string): string | null {
  const found = statSync(join(folder, dataFileName), { bigint: true, throwIfNoEntry: false });
  return found === undefined ? null : `${found.dev}:${found.ino}`;
}

const registryKey = Uint8Array.of(0);

function recordsOf({ folder, database }: Environment): Records {
  return {
    get(visitor) {
      const bytes = database.getBinaryFast(visitor);
      return bytes === undefined ? null : new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
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
      const { entryCount, lastPageNumber, pageSize } = statsOf(database);
      const registryCount = database.getBinaryFast(registryKey) === undefined ? 0 : 1;
      return { visitors: entryCount - registryCount, bytesOnDisk: (lastPageNumber + 1) * pageSize };
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

/** lmdb-js's types say nothing of what is in its statistics. */
function statsOf(database: LmdbDatabase) {
  const stats = new Map<string, unknown>(Object.entries(database.getStats()));
  const count = (name: string) => Number(stats.get(name) ?? 0);
  return { entryCount: count('entryCount'), lastPageNumber: count('lastPageNumber'), pageSize: count('pageSize') };
}

/** lmdb-js rejects a failed commit with a general error, and keeps what went wrong in a promise of its own. */
async function throwCause(error: unknown): Promise<never> {
  if (error instanceof Error && 'commitError' in error) await error.commitError;
  throw error;
}

/** Moves a store that nobody can use out of the way. */
export function moveFolder(folder: string, to: string): Promise<void> {
  return rename(folder, to);
}

export function removeFolder(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true, maxRetries: 3 });
}
