import { type Checkpoint, endedRowCount } from '../../job/files/checkpoint.js';
import type { RowCounts } from '../../job/terms/summary.js';
import type { LedgerStatus } from '../../ledger/status.js';
import { shareDone, timeLeftMs } from '../../terminal/progress/time-left.js';

/** How far a job is, from its checkpoint alone. Pure. */
export interface JobStatus {
  readonly file: string;
  readonly complete: boolean;
  /** `null`: there is no job on this file. */
  readonly rows: RowCounts | null;
  /** Of the whole file, 0 to 1; `null`: not known. */
  readonly share: number | null;
  readonly updatedAtMs: number | null;
  /** If it goes on at the pace that it had so far, with the waits for the cap; `null`: it is done, or nobody can say. */
  readonly endsAtMs: number | null;
}

/** Ten years: a guess beyond is none. */
const guessMsMax = 3.2e11;

export function jobStatus(
  file: string,
  checkpoint: Checkpoint | null,
  ledgers: readonly LedgerStatus[],
  nowMs: number,
  isLoopback: boolean,
): JobStatus {
  if (checkpoint === null) {
    return { file, complete: false, rows: null, share: null, updatedAtMs: null, endsAtMs: null };
  }
  const { state, counts, totalRows, updatedAtMs } = checkpoint;
  const complete = state === 'complete';
  const leftMs = complete ? null : leftOf(checkpoint, ledgers, nowMs, isLoopback);
  return {
    file,
    complete,
    rows: { total: totalRows, ...counts },
    share: complete ? 1 : checkpoint.file.isCompressed ? null : shareDone(readingOf(checkpoint)),
    updatedAtMs,
    endsAtMs: leftMs === null || leftMs > guessMsMax ? null : nowMs + leftMs,
  };
}

/** What is known of the reading. Of a compressed file the place in its content is known, not how large that is in all. */
function readingOf(checkpoint: Checkpoint) {
  const { file, counts, readRowCount } = checkpoint;
  const { fingerprint, sizeBytes } = file;
  return { readBytes: fingerprint.bytes, sizeBytes, endedRowCount: endedRowCount(counts), readRowCount };
}

function leftOf(
  checkpoint: Checkpoint,
  ledgers: readonly LedgerStatus[],
  nowMs: number,
  isLoopback: boolean,
): number | null {
  const { file, attempts, job, startedAtMs, updatedAtMs } = checkpoint;
  const ranMs = updatedAtMs - startedAtMs;
  if (file.isCompressed || ranMs <= 0) return null;
  const ledger = ledgers.find((one) => one.clientCode === job.clientCode && one.isLoopback === isLoopback);
  // Without a ledger nothing is known to be used.
  const free = { limit: Number.MAX_SAFE_INTEGER, left: Number.MAX_SAFE_INTEGER, nextFreeAtMs: null };
  const reading = readingOf(checkpoint);
  return timeLeftMs({
    ...reading,
    nowMs,
    tryCount: attempts,
    elapsedMs: ranMs,
    rowsPerSecond: (reading.endedRowCount / ranMs) * 1000,
    holdUntilMs: null,
    cap: ledger === undefined ? free : { ...ledger, limit: ledger.limit - ledger.reserve },
  });
}
