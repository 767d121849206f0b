import type { Reason, RowStatus } from '../outcome.js';

/** One line of the results report. */
export interface RowResult {
  /** Data rows count from 1. */
  readonly rowNumber: number;
  /** The line of the file where the row begins, from 1. */
  readonly lineNumber: number;
  /** Decoded; empty where it cannot be decoded. */
  readonly id: string;
  readonly status: RowStatus;
  readonly httpStatus: number | null;
  /** Over all runs. */
  readonly attempts: number;
  /** From the first try, waits included; 0 where there was none. */
  readonly durationMs: number;
  readonly finishedAtMs: number;
  readonly reason: Reason | null;
}
