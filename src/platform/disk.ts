import type { BigIntStats } from 'node:fs';
import { constants } from 'node:fs';
import { type FileHandle, link, lstat, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../terms/errors.js';
import type { Disk, DiskFile, DiskPath, FileStat, OpenMode } from './ports.js';
import { distrust, distrustFolder, type FileOwnership, foreignFile } from './trusted-file.js';

/** The real disk behind `Disk`. Which files are trusted is decided in storage/trusted-file.ts, and asked here, of each file that is opened. */

// O_NOFOLLOW: a name of ours that is a link is not ours. O_NONBLOCK: opening a pipe that nobody writes to would hang;
// what is not a regular file is refused after fstat, before a byte is read or written.
const own = constants.O_NOFOLLOW | constants.O_NONBLOCK;
const openFlags: Readonly<Record<OpenMode, number>> = {
  read: constants.O_RDONLY | own,
  'read-linked': constants.O_RDONLY | own,
  append: constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | own,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND | own,
};
const inputFlags = constants.O_RDONLY | constants.O_NONBLOCK;

function systemPath(path: DiskPath): string | Buffer {
  return typeof path === 'string' ? path : Buffer.from(path);
}

function toFileStat(found: BigIntStats): FileStat {
  return {
    kind: found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other',
    sizeBytes: Number(found.size),
    modifiedNs: found.mtimeNs.toString(),
    modifiedMs: Number(found.mtimeMs),
    identity: `${found.dev}:${found.ino}`,
    mode: Number(found.mode) & 0o777,
  };
}

class RealFile implements DiskFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async read(into: Uint8Array, positionBytes: number): Promise<number> {
    const { bytesRead } = await this.#handle.read(into, 0, into.length, positionBytes);
    return bytesRead;
  }

  async append(bytes: Uint8Array): Promise<void> {
    let writtenBytes = 0;
    while (writtenBytes < bytes.length) {
      const { bytesWritten } = await this.#handle.write(bytes, writtenBytes, bytes.length - writtenBytes, null);
      writtenBytes += bytesWritten;
    }
  }

  async sync(): Promise<void> {
    await this.#handle.sync();
  }

  async truncate(sizeBytes: number): Promise<void> {
    await this.#handle.truncate(sizeBytes);
  }

  async stat(): Promise<FileStat> {
    return toFileStat(await this.#handle.stat({ bigint: true }));
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

const ownFile = 'a regular file of this user with one link';
const ownFolder = 'a folder, not reached by a link';

/** Opens a file of the program's own; a link, or what else is not trusted, is refused before anything is done with it. */
async function openOwn(path: string, mode: OpenMode): Promise<DiskFile> {
  const handle = await openOwnHandle(path, mode);
  if (mode === 'create') return new RealFile(handle); // made in this moment, by us
  try {
    const found = await handle.stat();
    const user = {
      userId: process.geteuid?.() ?? null,
      folderOwnerId: async () => (await stat(dirname(path))).uid,
    };
    const reason = await distrust(ownershipOf(found), user, mode === 'read-linked' ? 2 : 1);
    if (reason !== null) throw foreignFile(path, ownFile, reason);
    return new RealFile(handle);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openOwnHandle(path: string, mode: OpenMode): Promise<FileHandle> {
  try {
    return await open(path, openFlags[mode], 0o600);
  } catch (error) {
    // ELOOP is also what a path with too many links on the way says; ENXIO what a socket or a lone pipe does.
    if (!['ELOOP', 'EMLINK', 'EISDIR', 'ENXIO', 'EFTYPE'].includes(systemCode(error) ?? '')) throw error;
    const found = await lstat(path);
    const kind = kindOf(found);
    if (kind === 'file') throw error;
    const user = { userId: null, folderOwnerId: async () => 0 };
    const reason = await distrust({ ...ownershipOf(found), kind }, user, 1);
    throw reason === null ? error : foreignFile(path, ownFile, reason);
  }
}

interface Found {
  readonly nlink: number;
  readonly uid: number;
  readonly mode: number;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

function kindOf(found: Found): FileOwnership['kind'] {
  if (found.isSymbolicLink()) return 'link';
  if (found.isFile()) return 'file';
  return found.isDirectory() ? 'folder' : 'other';
}

function ownershipOf(found: Found): FileOwnership {
  return { kind: kindOf(found), linkCount: found.nlink, ownerId: found.uid, mode: found.mode & 0o777 };
}

/** Node's own `recursive` never ends where a file system takes no new folders and says ENOENT, as /proc does. */
async function makeFolder(path: string): Promise<void> {
  try {
    await makeOneFolder(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await makeOneFolder(path);
  }
}

async function makeOneFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const isThere = systemCode(error) === 'EEXIST' && (await stat(path)).isDirectory();
    if (!isThere) throw error;
  }
}

async function makeOwnFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    const reason = distrustFolder(kindOf(await lstat(path)));
    if (reason !== null) throw foreignFile(path, ownFolder, reason);
  }
}

export const realDisk: Disk = {
  open: openOwn,
  async openInput(path) {
    return new RealFile(await open(path, inputFlags));
  },
  async stat(path) {
    return toFileStat(await stat(systemPath(path), { bigint: true }));
  },
  async look(path) {
    return toFileStat(await lstat(path, { bigint: true }));
  },
  rename: (from, to) => rename(systemPath(from), to),
  link,
  remove: (path) => unlink(systemPath(path)),
  list: (folder) => readdir(folder),
  listBytes: (folder) => readdir(folder, { encoding: 'buffer' }),
  makeFolder,
  makeOwnFolder,
  async syncFolder(folder) {
    const handle = await open(folder, constants.O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};
