import type { RowLimit } from './options.js';

/** A share is judged from so many rows on: before, one bad row in the first ten would be 10 %. */
const shareFromRowCount = 1000;

/** Whether this run has rejected more rows than --max-failures allows. */
export function isOverMaxFailures(limit: RowLimit | null, rejectedCount: number, endedCount: number): boolean {
  if (limit === null) return false;
  if (limit.kind === 'rows') return rejectedCount > limit.rows;
  return endedCount >= shareFromRowCount && rejectedCount > limit.share * endedCount;
}

/** Whether a finished job's rejected rows are within --tolerate. */
export function isTolerated(limit: RowLimit, rejectedCount: number, totalCount: number): boolean {
  return rejectedCount <= (limit.kind === 'rows' ? limit.rows : limit.share * totalCount);
}
