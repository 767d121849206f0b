import type { Checkpoint, JobIdentity } from '../../job/files/checkpoint.js';
import type { JobFiles } from '../../job/files/job-files.js';
import { loadCheckpoint } from '../../job/files/read-checkpoint.js';
import type { CapView, Disk } from '../../platform/ports.js';
import { onDisk, unlessMissing } from '../../storage/disk-errors.js';
import { FieldFault, Fields, readText } from '../../storage/read-json.js';
import { ProfileDripError } from '../../terms/errors.js';
import { type ExitStatus, exitStatus } from '../../terms/exit-status.js';

/** What the checkpoint says of the job. */
export type JobFacts = Pick<
  Checkpoint,
  'startedAtMs' | 'updatedAtMs' | 'state' | 'exitStatus' | 'totalRows' | 'runId' | 'counts' | 'attempts'
> & { readonly settings: JobIdentity };

/** What the summary says of the run that ended last: while another is at work, it is of the one before. */
export interface RunFacts {
  readonly runId: string | null;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number;
  /** `null`: the summary does not say. */
  readonly exitStatus: ExitStatus | null;
  /** What stopped the run; `null`: nothing did, or the summary does not say. */
  readonly error: { readonly code: string; readonly message: string } | null;
  /** As it stood when that run ended; all jobs' updates for the client code are in it. */
  readonly cap: CapView;
}

export interface Facts {
  readonly job: JobFacts | null;
  readonly lastRun: RunFacts | null;
}

/**
 * What stands beside the results. `null`: there is no such file, or it is damaged; a page is made of the results all
 * the same, and says so. MachineError where the disk fails.
 */
export async function readFacts(disk: Disk, files: JobFiles): Promise<Facts> {
  return { job: await readJob(disk, files), lastRun: await readLastRun(disk, files) };
}

async function readJob(disk: Disk, files: JobFiles): Promise<JobFacts | null> {
  try {
    const checkpoint = await loadCheckpoint(disk, files.checkpoint);
    if (checkpoint === null) return null;
    const { startedAtMs, updatedAtMs, state, exitStatus: ended, totalRows, runId, counts, attempts, job } = checkpoint;
    return { startedAtMs, updatedAtMs, state, exitStatus: ended, totalRows, runId, counts, attempts, settings: job };
  } catch (error) {
    if (error instanceof ProfileDripError && error.exitStatus === exitStatus.usage) return null;
    throw error;
  }
}

async function readLastRun(disk: Disk, files: JobFiles): Promise<RunFacts | null> {
  return onDisk(`read ${files.summary}`, async () => {
    const file = await unlessMissing(disk.open(files.summary, 'read'));
    if (file === null) return null;
    try {
      const text = await readText(file);
      return unlessFault(() => parseRunFacts(text));
    } finally {
      await file.close();
    }
  });
}

function parseRunFacts(text: string): RunFacts {
  const fields = Fields.parse(text);
  const cap = fields.object('cap');
  return {
    runId: unlessFault(() => fields.text('run_id')),
    startedAtMs: unlessFault(() => fields.timeMs('run_started_at')),
    endedAtMs: fields.timeMs('ended_at'),
    exitStatus: unlessFault(() => fields.oneOf('exit_status', Object.values(exitStatus))),
    error: unlessFault(() => {
      const error = fields.object('error');
      return { code: error.text('code', /^[a-z0-9-]{1,64}$/), message: error.text('message') };
    }),
    cap: {
      limit: cap.whole('limit'),
      used: cap.whole('used'),
      left: cap.whole('left'),
      nextFreeAtMs: cap.textOrNull('next_free_at') === null ? null : cap.timeMs('next_free_at'),
    },
  };
}

/** A field that cannot be used is as good as none: the page says less. */
function unlessFault<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof FieldFault) return null;
    throw error;
  }
}
