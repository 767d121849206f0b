import type { CapView } from '../../platform/ports.js';
import { isRejected, type RowStatus, rowStatuses } from '../../terms/outcome.js';
import type { RateMeter } from './rate-meter.js';
import { rowsLeft, shareDone, timeLeftMs } from './time-left.js';

/** What is shown of a run while it is at work, for a bar and for log lines alike. */

/** Why no attempt leaves at the moment. */
export interface Hold {
  readonly cause: string;
  readonly sinceWallMs: number;
  /** `null`: not known. */
  readonly untilWallMs: number | null;
}

/** Where a run stands: what a job's snapshot says. */
export interface Snapshot {
  /** Of the file's own bytes. */
  readonly readBytes: number;
  readonly sizeBytes: number;
  readonly rows: Readonly<Record<RowStatus, number>>;
  readonly endedRowCount: number;
  readonly endedInRunCount: number;
  readonly underWayCount: number;
  /** Rows that have been read, of the whole job, ended or not. If it is missing, no rows were read ahead. */
  readonly readRowCount?: number;
  readonly tryCount: number;
  readonly elapsedMs: number;
  readonly hold: Hold | null;
  readonly cap: CapView;
}

export interface RunView {
  readonly wallMs: number;
  /** Of the file, by its bytes, 0 to 1. */
  readonly share: number;
  /** While nothing holds the run; `null` before it is known. */
  readonly rowsPerSecond: number | null;
  readonly submittedCount: number;
  /** Invalid, refused, failed. */
  readonly rejectedCount: number;
  /** Skipped and unchanged: nothing to send. */
  readonly quietCount: number;
  readonly capUsedShare: number;
  readonly cap: CapView;
  readonly timeLeftMs: number | null;
  readonly rowsLeft: number | null;
  readonly hold: Hold | null;
}

/** Notes the moment in `meter` and says how things stand. */
export function runView(snapshot: Snapshot, meter: RateMeter, monotonicMs: number, wallMs: number): RunView {
  meter.add(monotonicMs, snapshot.endedInRunCount, snapshot.hold !== null);
  const rowsPerSecond = meter.rowsPerSecond();
  const { rows, cap, hold } = snapshot;
  const rejectedCount = rowStatuses.filter(isRejected).reduce((sum, status) => sum + rows[status], 0);
  const readRowCount = snapshot.readRowCount ?? snapshot.endedRowCount + snapshot.underWayCount;
  const standing = { ...snapshot, readRowCount, nowMs: wallMs, rowsPerSecond, holdUntilMs: hold?.untilWallMs ?? null };
  return {
    wallMs,
    share: shareDone(standing),
    rowsPerSecond,
    submittedCount: rows.submitted,
    rejectedCount,
    quietCount: rows.skipped + rows.unchanged,
    capUsedShare: cap.limit <= 0 ? 1 : Math.min(1, cap.used / cap.limit),
    cap,
    timeLeftMs: timeLeftMs(standing),
    rowsLeft: rowsLeft(standing),
    hold,
  };
}
