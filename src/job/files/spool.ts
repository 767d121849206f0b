import { dirname } from 'node:path';
import type { Disk } from '../../platform/ports.js';
import { onDisk, unlessMissing } from '../../storage/disk-errors.js';
import { ProfileDripError, systemCode, UsageError } from '../../terms/errors.js';
import { stopForAbort } from '../terms/stops.js';
import type { JobFiles } from './job-files.js';

/**
 * Standard input as a file, so that it can be resumed like one. Resolves to the path of `<name>.spool`.
 *
 * While the spool is there, `open` is not called: the job goes on from it. Otherwise the input is read to its end
 * into `<name>.spool.part`, which is made durable and only then gets the name; one that a crash left is begun anew,
 * since what it lacks cannot be read a second time. MachineError where the disk refuses; UsageError `input-unreadable`
 * where the input does; the stop that `signal` asks for, for whoever was to write the rest may have been ended by the
 * same signal. Either way no part stays behind.
 */
export async function spoolInput(
  disk: Disk,
  files: Pick<JobFiles, 'spool' | 'spoolPart'>,
  open: (signal?: AbortSignal) => AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<string> {
  const deed = `keep standard input in ${files.spool}`;
  const earlier = await onDisk(deed, () => unlessMissing(disk.stat(files.spool)));
  if (earlier !== null) return files.spool;
  const part = await onDisk(deed, async () => {
    await unlessMissing(disk.remove(files.spoolPart));
    return disk.open(files.spoolPart, 'create');
  });
  try {
    await takeIn(open, signal, (bytes) => onDisk(deed, () => part.append(bytes)));
    await onDisk(deed, async () => {
      await part.sync();
      await part.close();
      await disk.rename(files.spoolPart, files.spool);
    });
  } catch (error) {
    await part.close().catch(() => {});
    await disk.remove(files.spoolPart).catch(() => {}); // the next run does, if this could not
    throw error;
  }
  await onDisk(deed, () => disk.syncFolder(dirname(files.spool)));
  return files.spool;
}

/** All of the input, or an error: what ends because this run is being ended is not taken for the whole. */
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
