import type { BigIntStats } from 'node:fs';
import { constants } from 'node:fs';
import { type FileHandle, link, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../terms/errors.js';
import type { Disk, DiskFile, FileStat } from './ports.js';

/** The real disk behind `Disk`: nothing is decided here. */

const openFlags = {
  // O_NONBLOCK: opening a pipe that nobody writes to would hang; what is no regular file is refused after stat.
  read: constants.O_RDONLY | constants.O_NONBLOCK,
  append: constants.O_RDWR | constants.O_CREAT | constants.O_APPEND,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND,
} as const;

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

export const realDisk: Disk = {
  async open(path, mode) {
    return new RealFile(await open(path, openFlags[mode], 0o600));
  },
  async stat(path) {
    return toFileStat(await stat(path, { bigint: true }));
  },
  rename,
  link,
  remove: unlink,
  list: (folder) => readdir(folder),
  makeFolder,
  async syncFolder(folder) {
    const handle = await open(folder, constants.O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};
