import { type Checkpoint, endedRowCount, rowCounts } from '../../job/files/checkpoint.js';
import type { RowCounts } from '../../job/terms/summary.js';
import type { LedgerStatus } from '../../ledger/status.js';
import { type JobState, jobState, type StoredJob } from '../../status/job-state.js';
import { shareDone, timeLeftMs } from '../../terminal/progress/time-left.js';

/** How a job stands and how far it is. Pure. */
export interface JobStatus extends JobState {
  readonly file: string;
  /** Every row has its end. */
  readonly complete: boolean;
  /** `null`: this file has no job. */
  readonly rows: RowCounts | null;
  /** Of the whole file, 0 to 1; `null`: not known. */
  readonly share: number | null;
  readonly updatedAtMs: number | null;
  /** At the pace so far, with the waits for the cap. `null`: no run works on it, or the time is not known. */
  readonly endsAtMs: number | null;
  /** A command that resumes the job; `null`: there is nothing to resume. */
  readonly command: string | null;
}

/** Ten years: an estimate beyond that means nothing. */
const guessMsMax = 3.2e11;

/** What a job's status depends on beside its files. */
export interface JobStatusOptions {
  readonly ledgers: readonly LedgerStatus[];
  readonly nowMs: number;
  readonly isLoopback: boolean;
  /** Asked only if there is a job to resume. */
  readonly commandFor: (checkpoint: Checkpoint) => string;
}

export function jobStatus(file: string, stored: StoredJob, options: JobStatusOptions): JobStatus {
  const { checkpoint } = stored;
  const standing = jobState(stored);
  if (checkpoint === null) {
    const unknown = { complete: false, rows: null, share: null, updatedAtMs: null, endsAtMs: null, command: null };
    return { file, ...standing, ...unknown };
  }
  const { state, updatedAtMs } = checkpoint;
  const complete = state === 'complete';
  const isAtWork = standing.state === 'running' || standing.state === 'waiting';
  const isToResume = standing.state === 'stopped' || standing.state === 'interrupted';
  const leftMs = isAtWork && !complete ? leftOf(checkpoint, standing, options) : null;
  return {
    file,
    ...standing,
    complete,
    rows: rowCounts(checkpoint),
    share: complete ? 1 : checkpoint.file.isCompressed ? null : shareDone(readingOf(checkpoint)),
    updatedAtMs,
    endsAtMs: leftMs === null || leftMs > guessMsMax ? null : options.nowMs + leftMs,
    command: isToResume ? options.commandFor(checkpoint) : null,
  };
}

/**
 * The rows before `next` have all ended, and their bytes are known; what was read beyond them is only read ahead. Of a
 * compressed file the place in its content is known, not how large that is in all.
 */
function readingOf({ file, counts, next }: Checkpoint) {
  const rowCount = endedRowCount(counts);
  return { readBytes: next.byte, sizeBytes: file.sizeBytes, endedRowCount: rowCount, readRowCount: rowCount };
}

function leftOf(checkpoint: Checkpoint, standing: JobState, options: JobStatusOptions): number | null {
  const { ledgers, nowMs, isLoopback } = options;
  const { file, attempts, job, startedAtMs, updatedAtMs } = checkpoint;
  const ranMs = updatedAtMs - startedAtMs;
  if (file.isCompressed || ranMs <= 0) return null;
  const ledger = ledgers.find(
    (one) => one.clientCode === job.clientCode && one.isLoopback === isLoopback && one.kind === 'update',
  );
  // Without a ledger nothing is known to be used.
  const free = { limit: Number.MAX_SAFE_INTEGER, left: Number.MAX_SAFE_INTEGER, nextFreeAtMs: null };
  const reading = readingOf(checkpoint);
  return timeLeftMs({
    ...reading,
    nowMs,
    tryCount: attempts,
    elapsedMs: ranMs,
    rowsPerSecond: (reading.endedRowCount / ranMs) * 1000,
    holdUntilMs: standing.untilMs,
    cap: ledger === undefined ? free : { ...ledger, limit: ledger.limit - ledger.reserve },
  });
}
