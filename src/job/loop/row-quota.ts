import type { RowStatus } from '../../terms/outcome.js';

/**
 * --limit: how many rows of one call may still end submitted, refused or failed, over all its FILEs.
 *
 * Invariant: a pass admits no more rows that are to be sent than were left when it began, so no more than that can be in
 * flight or end. What a pass admitted and did not end is left for the next one.
 */
export class RowQuota {
  readonly limit: number | null;
  #endedCount = 0;

  constructor(limit: number | null) {
    this.limit = limit;
  }

  get leftCount(): number {
    return this.limit === null ? Number.POSITIVE_INFINITY : this.limit - this.#endedCount;
  }

  /** Those that cost nothing are not counted. */
  ended(status: RowStatus): void {
    if (status === 'submitted' || status === 'refused' || status === 'failed') this.#endedCount += 1;
  }
}
