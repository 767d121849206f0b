import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { rm, statfs } from 'node:fs/promises';
import { open, type RootDatabase } from 'lmdb';
import { guardExit } from '../lmdb/exit-guard.js';
import { systemClock } from '../platform/clock.js';
import { realDisk } from '../platform/disk.js';
import type { LedgerRecords, LedgerStore } from '../platform/ports.js';
import { systemCode } from '../terms/errors.js';
import { runBuffered } from './buffered-records.js';
import { damagedLedger, failedLedger, foreignLedger, movedLedger, networkLedger } from './ledger-errors.js';
import { guardLedger, type LedgerPlace, ledgerPlace, lookAtLedger } from './ledger-files.js';
import { checkFormat, DamagedRecord, ForeignRecord, writeFormat } from './ledger-records.js';
import { networkDisk } from './network-disks.js';

/**
 * The ledger in lmdb: one environment in `<state>/ledger/`, its main database, text under text.
 *
 * - Everything runs in write transactions, reading too. A reading one would take a slot in lmdb's table of readers,
 *   which goes by process id: two containers with the same id in their PID namespaces shut each other out.
 * - They are asynchronous: waiting for another process's transaction does not stop this one's event loop. (Opening does,
 *   for as long as another process's transaction takes.)
 * - `overlappingSync` is off: a transaction resolves when it is on disk.
 * - A process that is killed leaves lmdb's lock to the next one, and of its transaction nothing: the lock is a robust
 *   mutex, the pages are copied on write.
 * - An environment is opened once in a process, however many use it: lmdb-js finds the one that is open only after
 *   opening and closing the lock file once more, which drops this process's lock on it (POSIX: any close drops all),
 *   and the next process would take the shared mutexes for left over and make them anew.
 * - The data file is kept longer than what lmdb uses of it. lmdb may leave its last pages unwritten when they are free,
 *   and such a file cannot be told from one that was cut off; besides, a disk that gets full does not stop a run.
 */
type Database = RootDatabase<string, string>;

interface Environment {
  readonly place: LedgerPlace;
  readonly database: Database;
  /** Of the data file, `dev:ino`. */
  readonly identity: string;
  userCount: number;
}

/** Zeros that are put behind what lmdb uses of the file, once there is less than half as much. */
const roomBytes = 4 * 1024 * 1024;
/** Address space, not memory: many times what a ledger comes to, so that it need not be mapped anew. */
const mapBytes = 256 * 1024 * 1024;

/** The environments that are open in this process, by identity. */
const environments = new Map<string, Environment>();
/** Opening and closing take turns. */
let lastTurn: Promise<unknown> = Promise.resolve();

/** The ledger in a state directory; made where there is none. @throws MachineError */
export function openLedgerStore(stateDir: string): Promise<LedgerStore> {
  const place = ledgerPlace(stateDir);
  return inTurn(place, async () => {
    await realDisk.makeFolder(stateDir);
    await refuseNetworkDisk(stateDir);
    if ((await lookAtLedger(realDisk, place)) === 'none') await makeLedger(place);
    return openStore(place);
  });
}

/** The same for those who only look: `null` where there is none, and nothing is made. @throws MachineError */
export function findLedgerStore(stateDir: string): Promise<LedgerStore | null> {
  const place = ledgerPlace(stateDir);
  return inTurn(place, async () => {
    if ((await lookAtLedger(realDisk, place)) === 'none') return null;
    await refuseNetworkDisk(stateDir);
    return openStore(place);
  });
}

function inTurn<T>({ stateDir }: LedgerPlace, work: () => Promise<T>): Promise<T> {
  const turn = lastTurn.then(work).catch(async (error: unknown) => {
    throw failedLedger(stateDir, await causeOf(error));
  });
  lastTurn = turn.catch(() => {});
  return turn;
}

async function refuseNetworkDisk(stateDir: string): Promise<void> {
  if (process.platform !== 'linux') return; // the numbers are Linux's
  const name = networkDisk((await statfs(stateDir)).type);
  if (name !== null) throw networkLedger(stateDir, name);
}

/** Makes it elsewhere and moves it into place whole. Where another process was faster, its ledger stands. */
async function makeLedger(place: LedgerPlace): Promise<void> {
  const folder = `${place.folder}.new-${randomUUID()}`;
  try {
    await realDisk.makeFolder(folder);
    const database = openDatabase(folder);
    await guardExit(database.transaction(() => writeFormat(recordsOf(database))));
    await database.close();
    await realDisk.rename(folder, place.folder);
    await realDisk.syncFolder(place.stateDir);
  } catch (error) {
    const code = systemCode(error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  if ((await lookAtLedger(realDisk, place)) === 'none') {
    throw damagedLedger(place.stateDir, 'a folder "ledger" without its data file');
  }
}

async function openStore(place: LedgerPlace): Promise<LedgerStore> {
  const environment = useEnvironment(place);
  let closing: Promise<void> | null = null;
  const close = () => {
    closing ??= inTurn(place, () => leaveEnvironment(environment));
    return closing;
  };
  try {
    await transact(environment, (records) => {
      if (!checkFormat(records)) throw new DamagedRecord('the record "format" is missing');
    });
    await makeRoom(environment);
  } catch (error) {
    await leaveEnvironment(environment);
    throw error;
  }
  return { transact: (work) => transact(environment, work), close };
}

function useEnvironment(place: LedgerPlace): Environment {
  const identity = identityAt(place);
  if (identity === null) throw movedLedger(place.stateDir);
  const known = environments.get(identity);
  const environment = known ?? { place, database: openDatabase(place.folder), identity, userCount: 0 };
  environment.userCount += 1;
  environments.set(identity, environment);
  return environment;
}

async function leaveEnvironment(environment: Environment): Promise<void> {
  environment.userCount -= 1;
  if (environment.userCount > 0) return;
  environments.delete(environment.identity);
  await environment.database.close();
}

function openDatabase(folder: string): Database {
  const options = {
    path: folder,
    noSubdir: false, // whatever the name looks like
    encoding: 'string' as const,
    overlappingSync: false,
    eventTurnBatching: false, // with it, a commit that fails also rejects a promise that nobody can get hold of
    mapSize: mapBytes,
    maxDbs: 1,
    permissionsMode: 0o600,
  };
  return open<string, string>(options);
}

function identityAt({ dataPath }: LedgerPlace): string | null {
  const found = statSync(dataPath, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? null : `${found.dev}:${found.ino}`;
}

function recordsOf(database: Database): LedgerRecords {
  return {
    get: (key) => database.get(key) ?? null,
    put: (key, value) => void database.put(key, value),
    remove: (key) => void database.remove(key),
  };
}

async function transact<T>(environment: Environment, work: (records: LedgerRecords) => T): Promise<T> {
  const { database, place, identity } = environment;
  /** lmdb-js commits although `work` has thrown: what it threw is handed around that. */
  const run = (): Outcome<T> => {
    try {
      // Another ledger in its place would not know what is granted here.
      if (identityAt(place) !== identity) throw movedLedger(place.stateDir);
      return { kind: 'done', value: runBuffered(recordsOf(database), work) };
    } catch (error) {
      return { kind: 'threw', error };
    }
  };
  const outcome = await guardExit(database.transaction(run)).catch(async (error: unknown) => {
    throw failedLedger(place.stateDir, await causeOf(error));
  });
  if (outcome.kind === 'done') return outcome.value;
  throw faultOf(place, outcome.error);
}

type Outcome<T> = { readonly kind: 'done'; readonly value: T } | { readonly kind: 'threw'; readonly error: unknown };

/** lmdb-js rejects a failed commit with a general error, and keeps what went wrong in a promise of its own. */
async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error;
  try {
    await error.commitError;
    return error;
  } catch (cause) {
    return cause;
  }
}

function faultOf({ stateDir }: LedgerPlace, error: unknown): unknown {
  if (error instanceof DamagedRecord) return damagedLedger(stateDir, error.message, error);
  if (error instanceof ForeignRecord) return foreignLedger(stateDir, error.message);
  return failedLedger(stateDir, error);
}

/** Sees to it that the data file is longer than lmdb needs, for as long as this run may take, and that the guard knows it. */
async function makeRoom(environment: Environment): Promise<void> {
  const { place, database } = environment;
  const usedBytes = await transact(environment, () => usedBytesOf(database));
  let { sizeBytes } = await realDisk.stat(place.dataPath);
  if (sizeBytes - usedBytes < roomBytes / 2) {
    // Appending writes behind what another process writes there meanwhile, never over it.
    const file = await realDisk.open(place.dataPath, 'append');
    try {
      await file.append(new Uint8Array(roomBytes));
      await file.sync();
    } finally {
      await file.close();
    }
    sizeBytes += roomBytes;
  }
  await guardLedger(realDisk, place, sizeBytes, systemClock.wallMs());
}

/** lmdb-js's types say nothing of what is in its statistics. */
function usedBytesOf(database: Database): number {
  const stats = new Map<string, unknown>(Object.entries(database.getStats()));
  const [lastPageNumber, pageBytes] = [stats.get('lastPageNumber'), stats.get('pageSize')];
  if (typeof lastPageNumber !== 'number' || typeof pageBytes !== 'number') throw new Error('lmdb-js: no page numbers');
  return (lastPageNumber + 1) * pageBytes;
}
