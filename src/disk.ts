import type { BigIntStats } from 'node:fs';
import { constants } from 'node:fs';
import { type FileHandle, link, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
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
  async makeFolder(path) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  },
  async syncFolder(folder) {
    const handle = await open(folder, constants.O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};
