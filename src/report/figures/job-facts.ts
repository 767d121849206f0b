import type { Checkpoint } from '../../job/files/checkpoint.js';
import type { JobFiles } from '../../job/files/job-files.js';
import { loadCheckpoint } from '../../job/files/read-checkpoint.js';
import type { CapView, Disk } from '../../platform/ports.js';
import { onDisk, unlessMissing } from '../../storage/disk-errors.js';
import { FieldFault, Fields, readText } from '../../storage/read-json.js';
import { ProfileDripError } from '../../terms/errors.js';

/** What the checkpoint says of the job. */
export type JobFacts = Pick<Checkpoint, 'startedAtMs' | 'updatedAtMs' | 'state' | 'totalRows'> &
  Pick<Checkpoint['job'], 'clientCode' | 'endpoint'> & { readonly supersededCount: number };

/** What the summary says of the run that ended last: while another is going on, it is of the one before. */
export interface RunFacts {
  readonly endedAtMs: number;
  /** As it stood when that run ended; all jobs' updates for the client code are in it. */
  readonly cap: CapView;
}

/**
 * What stands beside the results. `null`: there is no such file, or it is damaged; a page is made of the results all
 * the same, and says so. MachineError where the disk fails.
 */
export async function readFacts(
  disk: Disk,
  files: JobFiles,
): Promise<{ readonly job: JobFacts | null; readonly lastRun: RunFacts | null }> {
  return { job: await readJob(disk, files), lastRun: await readLastRun(disk, files) };
}

async function readJob(disk: Disk, files: JobFiles): Promise<JobFacts | null> {
  try {
    const checkpoint = await loadCheckpoint(disk, files.checkpoint);
    if (checkpoint === null) return null;
    const { startedAtMs, updatedAtMs, state, totalRows, job, counts } = checkpoint;
    const { clientCode, endpoint } = job;
    return { startedAtMs, updatedAtMs, state, totalRows, clientCode, endpoint, supersededCount: counts.superseded };
  } catch (error) {
    if (error instanceof ProfileDripError && error.code.startsWith('checkpoint-')) return null;
    throw error;
  }
}

async function readLastRun(disk: Disk, files: JobFiles): Promise<RunFacts | null> {
  return onDisk(`read ${files.summary}`, async () => {
    const file = await unlessMissing(disk.open(files.summary, 'read'));
    if (file === null) return null;
    try {
      return parseRunFacts(await readText(file));
    } finally {
      await file.close();
    }
  });
}

function parseRunFacts(text: string): RunFacts | null {
  try {
    const fields = Fields.parse(text);
    const cap = fields.object('cap');
    return {
      endedAtMs: fields.timeMs('ended_at'),
      cap: {
        limit: cap.whole('limit'),
        used: cap.whole('used'),
        left: cap.whole('left'),
        nextFreeAtMs: cap.textOrNull('next_free_at') === null ? null : cap.timeMs('next_free_at'),
      },
    };
  } catch (error) {
    if (error instanceof FieldFault) return null;
    throw error;
  }
}
