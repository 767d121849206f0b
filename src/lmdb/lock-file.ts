import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../terms/errors.js';

/**
 * lmdb's lock file, seen from outside: the processes of one machine shut each other out by a mutex in it.
 *
 * - lmdb maps it into memory and writes there. If the file has holes and the disk is full, that ends the process by
 *   SIGBUS. So the file is made here, full of zeros that are written; lmdb takes it as it would a new one.
 * - Who holds the mutex can be read. lmdb waits for it without a limit, and a process cannot exit while it waits; so
 *   a process that wants to start a transaction looks first.
 * - Closing any handle of the file takes away this process's locks on it (POSIX), and the next process would make the
 *   mutex again. So the handle here is opened before lmdb opens the file, and closed after lmdb has closed it.
 *
 * Layout after lmdb-js 3.5's mdb.c (struct MDB_txninfo), with the robust mutexes of glibc and musl.
 */
const lockFileName = 'lock.mdb';
/** More than lmdb asks for with 126 readers (8,272 bytes on x64). */
const fullBytes = 12_288;
const headBytes = 192;
const magic = 0xbeefc0de;

/** Ensures that there is a lock file without holes; returns whether it had to be created. */
export function prepareLockFile(folder: string): boolean {
  const path = join(folder, lockFileName);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return createWhole(path);
  if (found.size < fullBytes) appendZeros(path, fullBytes - found.size);
  return false;
}

/** It appears whole; if two processes create it at once, the first one's stands. */
function createWhole(path: string): boolean {
  const temporaryPath = `${path}.${randomUUID()}.tmp`;
  try {
    appendZeros(temporaryPath, fullBytes);
    linkSync(temporaryPath, path);
    return true;
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    return false;
  } finally {
    if (statSync(temporaryPath, { throwIfNoEntry: false }) !== undefined) unlinkSync(temporaryPath);
  }
}

function appendZeros(path: string, byteCount: number): void {
  const handle = openSync(path, 'a', 0o600);
  try {
    // A disk that is nearly full takes a part.
    for (let written = 0; written < byteCount; ) written += writeSync(handle, new Uint8Array(byteCount - written));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Who holds the mutex, only compared, never computed with; `null`: nobody, or it cannot be seen on this system. */
export type Holder = string | null;

export class LockFile {
  /** `dev:ino`. */
  readonly #identity: string;
  readonly #handle: number;
  readonly #head = new Uint8Array(headBytes);
  readonly #view = new DataView(this.#head.buffer);

  constructor(folder: string) {
    this.#handle = openSync(join(folder, lockFileName), 'r+');
    const { dev, ino } = fstatSync(this.#handle, { bigint: true });
    this.#identity = `${dev}:${ino}`;
  }

  /** Whether the file stands in `folder`, with all that lmdb has mapped and began it with. */
  isAt(folder: string): boolean {
    const found = statSync(join(folder, lockFileName), { bigint: true, throwIfNoEntry: false });
    return (
      found !== undefined &&
      `${found.dev}:${found.ino}` === this.#identity &&
      found.size >= fullBytes &&
      this.#isBegun()
    );
  }

  /** lmdb reads what it has mapped again when it is closed: a file that was emptied gets its length back. */
  repair(): void {
    const { size } = fstatSync(this.#handle);
    if (size < fullBytes) writeSync(this.#handle, new Uint8Array(fullBytes - size), 0, fullBytes - size, size);
  }

  #isBegun(): boolean {
    this.#readHead();
    return this.#view.getUint32(0, true) === magic;
  }

  #readHead(): void {
    this.#head.fill(0); // a file that was emptied gives nothing
    readSync(this.#handle, this.#head, 0, headBytes, 0);
  }

  /** One transaction's holder differs from the next one's, unless the same thread holds both and the first wrote nothing. */
  holder(): Holder {
    this.#readHead();
    const word = mutexWord(this.#view);
    const isHeld = word !== null && (word & threadMask) !== 0 && (word & ownerDied) === 0;
    return isHeld ? `${word & threadMask} after transaction ${this.#view.getBigUint64(8, true)}` : null;
  }

  close(): void {
    closeSync(this.#handle);
  }
}

const threadMask = 0x3fff_ffff;
const ownerDied = 0x4000_0000;
/** Behind magic number, format, transaction, reader count and the readers' mutex; the latter is larger on ARM. */
const mutexPlaces = [64, 128];
/** Robust and shared between processes. */
const glibcKind = 0x90;
const muslKind = 0x84;

/** `null`: not a mutex that is known here. */
function mutexWord(view: DataView): number | null {
  if (view.getUint32(0, true) !== magic) return null;
  for (const at of mutexPlaces) {
    if (view.getUint32(at + 16, true) === glibcKind) return view.getUint32(at, true);
    if (view.getUint32(at, true) === muslKind) return view.getUint32(at + 4, true);
  }
  return null;
}
