import type { Batch } from '../batch/open.js';
import type { Disk } from '../platform/ports.js';
import { UsageError } from '../terms/errors.js';
import { type Checkpoint, differences, type JobIdentity } from './files/checkpoint.js';
import { continuesRow, isRowStart } from './files/growth.js';
import type { JobFiles } from './files/job-files.js';
import { readEarlier } from './files/move-files.js';
import { damagedCheckpoint } from './files/read-checkpoint.js';
import type { JobContext } from './job-context.js';
import type { SendOptions } from './terms/options.js';
import { changedFileStop } from './terms/stops.js';

/** What a run does about what an earlier one left. */
export type Start =
  | { readonly kind: 'fresh' }
  | { readonly kind: 'resume'; readonly checkpoint: Checkpoint }
  /** The job on this content is done: nothing is sent. */
  | { readonly kind: 'finished'; readonly checkpoint: Checkpoint }
  /** The earlier job's files are kept, renamed; then a fresh one begins. `superseded`: it was not done. */
  | { readonly kind: 'replace'; readonly checkpoint: Checkpoint | null; readonly isSuperseded: boolean };

export async function decideStart(
  { machine: { disk }, inputDisk }: Pick<JobContext, 'machine' | 'inputDisk'>,
  files: JobFiles,
  path: string,
  identity: JobIdentity,
  batch: Batch,
  options: Pick<SendOptions, 'restart' | 'onChanged'>,
): Promise<Start> {
  if (options.restart)
    return { kind: 'replace', checkpoint: await readable(readEarlier(disk, files)), isSuperseded: false };
  const checkpoint = await readEarlier(disk, files);
  if (checkpoint === null) return { kind: 'fresh' };
  // Its files were about to be renamed when the run that closed it died.
  if (checkpoint.state === 'closed') return { kind: 'replace', checkpoint, isSuperseded: false };
  const changes = differences(checkpoint.job, identity);
  if (changes.length > 0) {
    throw new UsageError(
      'job-differs',
      `${files.checkpoint} belongs to another job: ${changes.join('; ')}. Give the same options as before to resume it, or --restart to begin again, or another --name`,
    );
  }
  const isSame = await isSameContent(inputDisk, path, checkpoint, batch);
  if (checkpoint.state === 'complete') {
    return isSame ? { kind: 'finished', checkpoint } : { kind: 'replace', checkpoint, isSuperseded: false };
  }
  if (isSame) {
    await requireRowStart(inputDisk, files, path, checkpoint);
    return { kind: 'resume', checkpoint };
  }
  if (options.onChanged === 'supersede') return { kind: 'replace', checkpoint, isSuperseded: true };
  throw new UsageError(changedFileStop.code, changedFileStop.message);
}

/** Beside its checksum: rows before a wrong place would never be sent. (A gzip is read from its start; nothing is sought in it.) */
async function requireRowStart(disk: Disk, files: JobFiles, path: string, { file, next }: Checkpoint): Promise<void> {
  if (file.isCompressed || (await isRowStart(disk, path, next.byte))) return;
  throw damagedCheckpoint(files.checkpoint, `no row begins where "next" says (byte ${next.byte})`);
}

/** With --restart a checkpoint that cannot be read does not matter: the files are kept all the same. */
async function readable(reading: Promise<Checkpoint | null>): Promise<Checkpoint | null> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof UsageError) return null;
    throw error;
  }
}

/** Same size, time and inode are trusted; otherwise the content decides: all of it for a finished job, else what was read. */
export async function isSameContent(disk: Disk, path: string, checkpoint: Checkpoint, batch: Batch): Promise<boolean> {
  const { file } = checkpoint;
  const { stat } = batch;
  const isUntouched =
    file.sizeBytes === stat.sizeBytes && file.modifiedNs === stat.modifiedNs && file.identity === stat.identity;
  if (isUntouched) return true;
  if (file.sha256 !== null) return file.sha256 === (await batch.sha256());
  // Whether a transcoded file that has grown continues a row that was read, or begins one, is not known.
  if (checkpoint.job.encoding !== 'utf-8' && file.sizeBytes !== stat.sizeBytes) return false;
  if (!(await batch.matches(file.fingerprint))) return false;
  const wasReadToEnd = !batch.isCompressed && file.fingerprint.bytes === file.sizeBytes;
  return !(wasReadToEnd && (await continuesRow(disk, path, file.sizeBytes)));
}
