import type { Checkpoint } from '../job/files/checkpoint.js';
import type { Disk } from '../platform/ports.js';
import { unlessMissing } from '../storage/disk-errors.js';
import { FieldFault, Fields, readText } from '../storage/read-json.js';
import { replaceFile } from '../storage/replace-file.js';

/** `<name>.verify.json`: what `<name>.verify.csv` is about, and whether it is whole. */
export interface VerifyState {
  readonly state: 'open' | 'complete';
  /** --sample, in its own words. */
  readonly sample: string;
  /** The job as it was read: if it has changed since, verify starts again. */
  readonly job: { readonly startedAtMs: number; readonly resultsEndByte: number };
}

export function stateOf(checkpoint: Checkpoint, sample: string, state: VerifyState['state']): VerifyState {
  return {
    state,
    sample,
    job: { startedAtMs: checkpoint.startedAtMs, resultsEndByte: checkpoint.results.endByte },
  };
}

/** Whether an interrupted verify is resumed by this one. */
export function isSameVerify(before: VerifyState | null, now: VerifyState): boolean {
  return (
    before !== null &&
    before.state === 'open' &&
    before.sample === now.sample &&
    before.job.startedAtMs === now.job.startedAtMs &&
    before.job.resultsEndByte === now.job.resultsEndByte
  );
}

/** `null`: it is missing or cannot be read; then verify starts again. */
export async function loadVerifyState(disk: Disk, path: string): Promise<VerifyState | null> {
  const file = await unlessMissing(disk.open(path, 'read'));
  if (file === null) return null;
  try {
    const fields = Fields.parse(await readText(file));
    fields.oneOf('schema', [1]);
    const job = fields.object('job');
    return {
      state: fields.oneOf('state', ['open', 'complete']),
      sample: fields.text('sample'),
      job: { startedAtMs: job.timeMs('started_at'), resultsEndByte: job.whole('results_end_byte') },
    };
  } catch (error) {
    if (error instanceof FieldFault) return null;
    throw error;
  } finally {
    await file.close();
  }
}

export function writeVerifyState(disk: Disk, path: string, { state, sample, job }: VerifyState, runId: string) {
  const written = {
    schema: 1,
    state,
    sample,
    job: { started_at: new Date(job.startedAtMs).toISOString(), results_end_byte: job.resultsEndByte },
  };
  return replaceFile(disk, path, `${JSON.stringify(written, null, 2)}\n`, runId);
}
