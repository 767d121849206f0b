import { isRejected, type ReasonCode, type RouteName } from '../../terms/outcome.js';
import { type Checkpoint, type CheckpointCounts, endedRowCount, type ReasonCount } from '../files/checkpoint.js';
import type { RowResult } from '../results/result.js';

/** What a job has come to so far, over all its runs: counts by status and route, reasons with their first example, attempts. */
export class Tally {
  readonly counts: Record<keyof CheckpointCounts, number>;
  readonly #reasons = new Map<
    ReasonCode,
    { count: number; readonly exampleRow: number; readonly exampleLine: number }
  >();
  readonly routes: Record<RouteName, number>;
  tryCount: number;
  endedInRunCount = 0;
  rejectedInRunCount = 0;

  constructor(from: Pick<Checkpoint, 'counts' | 'reasons' | 'attempts' | 'routes'>) {
    this.counts = { ...from.counts };
    this.routes = { ...from.routes };
    this.tryCount = from.attempts;
    for (const { code, ...reason } of from.reasons) this.#reasons.set(code, { ...reason });
  }

  add(row: RowResult): void {
    this.counts[row.status] += 1;
    if (row.route !== null) this.routes[row.route] += 1;
    this.endedInRunCount += 1;
    if (isRejected(row.status)) this.rejectedInRunCount += 1;
    if (row.reason === null) return;
    const known = this.#reasons.get(row.reason.code);
    if (known === undefined) {
      this.#reasons.set(row.reason.code, { count: 1, exampleRow: row.rowNumber, exampleLine: row.lineNumber });
    } else {
      known.count += 1;
    }
  }

  get endedCount(): number {
    return endedRowCount(this.counts);
  }

  get rejectedCount(): number {
    return this.counts.invalid + this.counts.refused + this.counts.failed;
  }

  /** The most frequent first. */
  reasons(): ReasonCount[] {
    return [...this.#reasons]
      .map(([code, reason]) => ({ code, ...reason }))
      .sort((a, b) => b.count - a.count || a.exampleRow - b.exampleRow);
  }
}
