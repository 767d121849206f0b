import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { RootDatabase } from 'lmdb';
import { sleep } from '../platform/clock.js';
import type { Clock } from '../platform/ports.js';
import { guardExit } from './exit-guard.js';
import { LmdbFault } from './faults.js';
import { type Holder, LockFile, prepareLockFile } from './lock-file.js';

/**
 * An lmdb environment: one folder with a data file and a lock file, keys and values as bytes.
 *
 * - It is opened once in a process, however many use it: lmdb-js finds the one that is open only after opening and
 *   closing the lock file again, which takes away this process's lock on it (POSIX: any close drops all), and the
 *   next process would take the shared mutexes for left over and create them again.
 * - Everything runs in write transactions, reading too. A reading one would take a slot in lmdb's table of readers,
 *   which goes by process id: two containers with the same id in their PID namespaces shut each other out, and a process
 *   that stands still keeps every page from being used again. A write transaction that writes nothing costs 0.1 ms.
 * - Transactions are asynchronous: waiting for another process's one does not stop this one's event loop. Opening is
 *   not: so both look first whether the mutex is free, and wait for a stopped holder here, where a signal is heard.
 * - Before each transaction, inside it, and before its writes: the files are those that were opened.
 * - `overlappingSync` is off: a transaction resolves when it is on disk, and the file is plain lmdb. `eventTurnBatching`
 *   is off too: with it a commit that fails (a full disk) rejects a promise that nobody holds, which ends the process.
 * - A process that is killed leaves lmdb's lock to the next one, and of its transaction nothing: the lock is a robust
 *   mutex, the pages are copied on write.
 * - What would crash lmdb is found before lmdb is called: a full disk (room is made by writing), too few handles.
 */
export type Database = RootDatabase<Uint8Array, Uint8Array>;

export interface EnvironmentOptions {
  /** `null`: as lmdb-js has it. */
  readonly mapBytes: number | null;
  /** Whether transactions run where the folder was moved as a whole since it was opened. */
  readonly mayMove: boolean;
  readonly clock: Clock;
}

export interface Environment {
  readonly database: Database;
  /** Rejects with what `work` threw (of what it wrote before, any part may stay), an LmdbFault, or the system's error. */
  transact<T>(work: () => T): Promise<T>;
  /** Inside a transaction, before it writes. @throws LmdbFault */
  checkPlace(): void;
  /** Whether the data file still stands where it was opened. */
  isInPlace(): boolean;
  /** Resolves when the transactions in flight are done. Once for each opening. */
  close(): Promise<void>;
}

/** A transaction of another process that lasts longer than this is taken for one of a process that is stopped. */
const heldMs = 30_000;
const lookAgainMs = 5;
/** Longer than a transaction takes whose process is not stopped. */
const otherLockMs = 1_000;
/** More than lmdb opens. */
const neededHandles = 12;
/** More than lmdb writes to a new file. */
const firstBytes = 65_536;

const dataFileName = 'data.mdb';

/** The environments that are open in this process. */
const environments = new Set<SharedEnvironment>();
/** Opening and closing take turns. */
let lastTurn: Promise<unknown> = Promise.resolve();

/**
 * Opens the environment in `folder`, which must exist; one without a data file is created. A data file must have been
 * looked at (file-check.ts). Rejects with an LmdbFault, the system's error or lmdb's.
 */
export function openEnvironment(folder: string, options: EnvironmentOptions): Promise<Environment> {
  return inTurn(async () => new OneUse(folder, await useEnvironment(folder, options), options));
}

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = lastTurn.then(work);
  lastTurn = turn.catch(() => {});
  return turn;
}

async function useEnvironment(folder: string, options: EnvironmentOptions): Promise<SharedEnvironment> {
  for (;;) {
    const identity = identityAt(folder);
    for (const environment of environments) {
      if (environment.identity !== identity) continue;
      environment.userCount += 1;
      return environment;
    }
    const environment = await openFiles(folder, identity, options);
    if (identity !== null && identityAt(folder) === identity) {
      environments.add(environment);
      return environment;
    }
    // It has just been created, or was moved meanwhile: only what was there before and after is surely what is open.
    await environment.end();
  }
}

async function leaveEnvironment(environment: SharedEnvironment): Promise<void> {
  environment.userCount -= 1;
  if (environment.userCount > 0) return;
  environments.delete(environment);
  await environment.end();
}

async function openFiles(folder: string, identity: string | null, options: EnvironmentOptions) {
  const { clock } = options;
  makeSureOfHandles(folder);
  const lmdb = await loadLmdb();
  const isNewLock = prepareLockFile(folder);
  if (isNewLock && identity !== null) await sleep(clock, otherLockMs); // under the lock file before, one may be in flight
  if (identity === null) makeSureOfRoom(folder);
  const lockFile = new LockFile(folder);
  try {
    await untilFree(lockFile, clock);
    makeSureOfHandles(folder);
    const database = lmdb.open<Uint8Array, Uint8Array>({
      path: folder,
      noSubdir: false, // whatever its name looks like
      encoding: 'binary',
      keyEncoding: 'binary',
      overlappingSync: false,
      maxDbs: 1,
      ...(options.mapBytes === null ? {} : { mapSize: options.mapBytes }),
      ...untypedOptions,
    });
    return new SharedEnvironment(identity, database, lockFile, clock);
  } catch (error) {
    lockFile.close();
    throw error;
  }
}

/** lmdb-js's types do not have them. */
const untypedOptions = { eventTurnBatching: false, permissionsMode: 0o600 };

/** Loaded when it is wanted: what needs no store works without lmdb's binary. */
async function loadLmdb(): Promise<typeof import('lmdb')> {
  try {
    return await import('lmdb');
  } catch (cause) {
    throw new LmdbFault('no-library', { cause });
  }
}

/** lmdb-js ends the process by SIGSEGV if it runs out of handles while it opens. Rejects with EMFILE instead. */
function makeSureOfHandles(folder: string): void {
  if (process.platform === 'win32') return; // opens no folders, and has handles enough
  const handles: number[] = [];
  try {
    while (handles.length < neededHandles) handles.push(openSync(folder, 'r'));
  } finally {
    for (const handle of handles) closeSync(handle);
  }
}

/** Zeros that are written and removed: what lmdb begins with finds room. */
function makeSureOfRoom(folder: string): void {
  const path = join(folder, `room.${randomUUID()}.tmp`);
  const handle = openSync(path, 'w', 0o600);
  try {
    for (let written = 0; written < firstBytes; ) written += writeSync(handle, new Uint8Array(firstBytes - written));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
    unlinkSync(path);
  }
}

function identityAt(folder: string): string | null {
  const found = statSync(join(folder, dataFileName), { bigint: true, throwIfNoEntry: false });
  return found === undefined ? null : `${found.dev}:${found.ino}`;
}

/**
 * Resolves when nobody holds the mutex, or when its holder has been seen to make progress: then lmdb's own wait is short.
 * @throws LmdbFault where one transaction is held for too long
 */
async function untilFree(lockFile: LockFile, clock: Clock): Promise<void> {
  const first = lockFile.holder();
  let holder: Holder = first;
  // Counted in looks, not read from the clock: this process may have been stopped itself.
  for (let waitedMs = 0; holder !== null && holder === first; waitedMs += lookAgainMs) {
    if (waitedMs >= heldMs) throw new LmdbFault('held');
    await sleep(clock, lookAgainMs);
    holder = lockFile.holder();
  }
}

/** What all users of one environment in this process share. */
class SharedEnvironment {
  /** Of the data file, `dev:ino`; `null`: it has just been created. */
  readonly identity: string | null;
  readonly database: Database;
  readonly lockFile: LockFile;
  userCount = 1;
  readonly #clock: Clock;
  #pendingCount = 0;
  /** Transactions begin in the order in which they were asked for. */
  #lastLook: Promise<unknown> = Promise.resolve();

  constructor(identity: string | null, database: Database, lockFile: LockFile, clock: Clock) {
    this.identity = identity;
    this.database = database;
    this.lockFile = lockFile;
    this.#clock = clock;
  }

  async transact<T>(checkPlace: () => void, work: () => T): Promise<T> {
    const look = this.#lastLook.then(() => this.#look());
    this.#lastLook = look.catch(() => {});
    await look;
    checkPlace();
    this.#pendingCount += 1;
    try {
      const outcome = await guardExit(this.database.transaction(() => run(checkPlace, work))).catch(throwCause);
      if (outcome.kind === 'threw') throw outcome.error;
      return outcome.value;
    } finally {
      this.#pendingCount -= 1;
    }
  }

  /** If a transaction of this process is in flight, lmdb-js lets the next one follow it. */
  async #look(): Promise<void> {
    if (this.#pendingCount === 0) await untilFree(this.lockFile, this.#clock);
  }

  async end(): Promise<void> {
    this.lockFile.repair();
    await this.database.close();
    this.lockFile.close();
  }
}

/** lmdb-js commits although `work` has thrown: what it threw is handed around that. */
function run<T>(checkPlace: () => void, work: () => T): Outcome<T> {
  try {
    checkPlace();
    return { kind: 'done', value: work() };
  } catch (error) {
    return { kind: 'threw', error };
  }
}

/** One opening of an environment, under the path that it was opened by. */
class OneUse implements Environment {
  readonly database: Database;
  readonly #folder: string;
  readonly #shared: SharedEnvironment;
  readonly #mayMove: boolean;
  #closing: Promise<void> | null = null;

  constructor(folder: string, shared: SharedEnvironment, { mayMove }: EnvironmentOptions) {
    this.database = shared.database;
    this.#folder = folder;
    this.#shared = shared;
    this.#mayMove = mayMove;
  }

  transact<T>(work: () => T): Promise<T> {
    return this.#shared.transact(() => this.checkPlace(), work);
  }

  checkPlace(): void {
    const isInPlace = this.isInPlace();
    if (!isInPlace && !this.#mayMove) throw new LmdbFault('moved');
    if (isInPlace && !this.#shared.lockFile.isAt(this.#folder)) throw new LmdbFault('lock-moved');
  }

  isInPlace(): boolean {
    return identityAt(this.#folder) === this.#shared.identity;
  }

  close(): Promise<void> {
    this.#closing ??= inTurn(() => leaveEnvironment(this.#shared));
    return this.#closing;
  }
}

type Outcome<T> = { readonly kind: 'done'; readonly value: T } | { readonly kind: 'threw'; readonly error: unknown };

/** lmdb-js rejects a failed commit with a general error, and keeps what went wrong in a promise of its own. */
async function throwCause(error: unknown): Promise<never> {
  if (error instanceof Error && 'commitError' in error) await error.commitError;
  throw error;
}

/** What lmdb says of an environment, inside a transaction. Its types say nothing of what is in its statistics. */
export function statisticsOf(database: Database): { readonly entryCount: number; readonly usedBytes: number } {
  const statistics = new Map<string, unknown>(Object.entries(database.getStats()));
  const count = (name: string) => {
    const found = statistics.get(name);
    if (typeof found !== 'number') throw new Error(`lmdb-js: no statistics of ${name}`);
    return found;
  };
  return { entryCount: count('entryCount'), usedBytes: (count('lastPageNumber') + 1) * count('pageSize') };
}
