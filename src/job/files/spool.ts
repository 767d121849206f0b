import { dirname } from 'node:path';
import type { Disk, DiskFile } from '../../platform/ports.js';
import { onDisk, unlessMissing } from '../../storage/disk-errors.js';
import { ProfileDripError, systemCode, UsageError } from '../../terms/errors.js';
import { stopForAbort } from '../terms/stops.js';
import type { JobFiles } from './job-files.js';

/**
 * Standard input as a file, so that its job can be resumed.
 *
 * The input of each call is read to its end into `<name>.spool.next`, which is made durable and only then gets the name
 * `<name>.spool`: at once where no spool is there, or when the open job of the earlier spool is done. A `.spool.next` that
 * a crash left is discarded: what it lacks cannot be read a second time.
 */
type SpoolFiles = Pick<JobFiles, 'spool' | 'spoolNext'>;

/**
 * `taken`: there was no spool, and the input is the spool now. `resumed`: the input is empty or identical to the spool of
 * the open job. `waiting`: it is other content, in `.spool.next`, until `takeNext` or `discardNext`.
 */
export type InputFound = 'taken' | 'resumed' | 'waiting';

/**
 * Reads standard input. MachineError where the disk refuses; UsageError `input-unreadable` where the input does,
 * `job-file-foreign` where the spool is not this user's; the stop that `signal` asks for, because whoever was to write
 * the rest may have been stopped by the same signal. In each of these cases no `.spool.next` stays behind.
 */
export async function receiveInput(
  disk: Disk,
  files: SpoolFiles,
  open: (signal?: AbortSignal) => AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<InputFound> {
  const deed = `keep standard input in ${files.spool}`;
  const earlier = await onDisk(deed, () => unlessMissing(disk.open(files.spool, 'read')));
  try {
    await writeNext(disk, files, open, signal);
    if (earlier === null) {
      await takeNext(disk, files);
      return 'taken';
    }
    const isWaiting = await onDisk(deed, () => isOtherContent(disk, files.spoolNext, earlier));
    if (!isWaiting) await discardNext(disk, files);
    return isWaiting ? 'waiting' : 'resumed';
  } finally {
    await earlier?.close();
  }
}

/** The input that waits becomes the spool, in the place of one that may be there. */
export async function takeNext(disk: Disk, files: SpoolFiles): Promise<void> {
  await onDisk(`keep standard input in ${files.spool}`, async () => {
    await disk.rename(files.spoolNext, files.spool);
    await disk.syncFolder(dirname(files.spool));
  });
}

/** The input that waits is not taken. */
export async function discardNext(disk: Disk, files: SpoolFiles): Promise<void> {
  await onDisk(`remove ${files.spoolNext}`, () => unlessMissing(disk.remove(files.spoolNext)));
}

async function writeNext(
  disk: Disk,
  files: SpoolFiles,
  open: (signal?: AbortSignal) => AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  const deed = `keep standard input in ${files.spoolNext}`;
  const next = await onDisk(deed, async () => {
    await unlessMissing(disk.remove(files.spoolNext));
    return disk.open(files.spoolNext, 'create');
  });
  try {
    await takeIn(open, signal, (bytes) => onDisk(deed, () => next.append(bytes)));
    await onDisk(deed, async () => {
      await next.sync();
      await next.close();
    });
  } catch (error) {
    await next.close().catch(() => {});
    await disk.remove(files.spoolNext).catch(() => {}); // the next run does, if this could not
    throw error;
  }
}

const comparedBytes = 262_144;

/** Whether the input has content, and not the spool's. */
async function isOtherContent(disk: Disk, nextPath: string, spool: DiskFile): Promise<boolean> {
  const next = await disk.open(nextPath, 'read');
  try {
    const { sizeBytes } = await next.stat();
    if (sizeBytes === 0) return false;
    if (sizeBytes !== (await spool.stat()).sizeBytes) return true;
    for (let at = 0; at < sizeBytes; at += comparedBytes) {
      const [one, other] = await Promise.all([readBlock(next, at), readBlock(spool, at)]);
      if (!one.equals(other)) return true;
    }
    return false;
  } finally {
    await next.close();
  }
}

async function readBlock(file: DiskFile, atByte: number): Promise<Buffer> {
  const into = Buffer.alloc(comparedBytes);
  let filledBytes = 0;
  while (filledBytes < into.length) {
    const readBytes = await file.read(into.subarray(filledBytes), atByte + filledBytes);
    if (readBytes === 0) break;
    filledBytes += readBytes;
  }
  return into.subarray(0, filledBytes);
}

/** All of the input, or an error: what ends because this run is being stopped is not taken for the whole. */
async function takeIn(
  open: (signal?: AbortSignal) => AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
  append: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  try {
    if (!signal?.aborted) {
      for await (const bytes of open(signal)) await append(bytes);
    }
  } catch (error) {
    if (!signal?.aborted) throw inputError(error);
  }
  if (!signal?.aborted) return;
  const { code, message, exitStatus } = stopForAbort(signal.reason);
  throw new ProfileDripError(code, message, exitStatus);
}

function inputError(error: unknown): unknown {
  const system = systemCode(error);
  if (error instanceof ProfileDripError || system === null) return error;
  return new UsageError(
    'input-unreadable',
    `standard input could not be read (${system}). Pipe a CSV file in, or name it as FILE`,
    { cause: error },
  );
}
