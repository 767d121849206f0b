import { dirname } from 'node:path';
import type { Disk, DiskFile } from '../platform/ports.js';
import { systemCode } from '../terms/errors.js';
import { onDisk, unlessMissing } from './disk-errors.js';

/**
 * A file that takes the place of another in one step: temp file in the same folder (0600), fsync, rename, fsync of
 * the folder. Whenever the machine stops, `path` holds the whole of the old content or the whole of the new.
 *
 * States: open → kept (`keep`) or discarded (`discard`); both are final. After an error while writing the caller
 * calls `discard`; after an error in `keep` it discards by itself, so no temp file stays behind.
 */
export class Replacement {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #tempPath: string;
  readonly #file: DiskFile;

  private constructor(disk: Disk, path: string, tempPath: string, file: DiskFile) {
    this.#disk = disk;
    this.#path = path;
    this.#tempPath = tempPath;
    this.#file = file;
  }

  /** `token` sets this run's temp files apart from those of a run that lost its lease and does not know it yet. */
  static async open(disk: Disk, path: string, token: string): Promise<Replacement> {
    const tempPath = tempPathOf(path, token);
    const file = await onDisk(`write ${path}`, () => createAnew(disk, tempPath));
    return new Replacement(disk, path, tempPath, file);
  }

  async append(bytes: Uint8Array): Promise<void> {
    await onDisk(`write ${this.#path}`, () => this.#file.append(bytes));
  }

  /** Resolves when the new content stands under the path, durably. */
  async keep(): Promise<void> {
    try {
      await onDisk(`write ${this.#path}`, async () => {
        await this.#file.sync();
        await this.#file.close();
        await this.#disk.rename(this.#tempPath, this.#path);
      });
    } catch (error) {
      await this.discard();
      throw error;
    }
    await onDisk(`write ${this.#path}`, () => this.#disk.syncFolder(dirname(this.#path)));
  }

  /** The old content stays. Never rejects: what cannot be removed is a temp file, and the next run removes it. */
  async discard(): Promise<void> {
    await this.#file.close().catch(() => {});
    await this.#disk.remove(this.#tempPath).catch(() => {});
  }
}

/** Replaces a whole small file, durably; MachineError where that fails, and then the old content stands. */
export async function replaceFile(disk: Disk, path: string, content: string, token: string): Promise<void> {
  const replacement = await Replacement.open(disk, path, token);
  try {
    await replacement.append(Buffer.from(content));
  } catch (error) {
    await replacement.discard();
    throw error;
  }
  await replacement.keep();
}

/** `token`: a run id; its last 12 characters tell runs apart and leave room for long names (255 bytes in all). */
export function tempPathOf(path: string, token: string): string {
  return `${path}.${token.slice(-12)}.tmp`;
}

async function createAnew(disk: Disk, path: string): Promise<DiskFile> {
  try {
    return await disk.open(path, 'create');
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    await unlessMissing(disk.remove(path)); // this run's own, left by an error
    return disk.open(path, 'create');
  }
}
