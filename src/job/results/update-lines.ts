import type { DiskFile } from '../../platform/ports.js';
import { type ResultLine, readResults } from './read-results.js';
import type { RowResult } from './result.js';

/**
 * The lines of one update (--coalesce) stand one after the other, in the file's order: those of its earlier rows have no
 * attempts, and the last one has them all. They are one append: where a kill leaves some of them, the last is missing.
 */

/** Whether a line belongs to an update whose last line stands further down. */
export function isOfLaterLine({ status, attempts }: Pick<RowResult, 'status' | 'attempts'>): boolean {
  return attempts === 0 && (status === 'submitted' || status === 'failed');
}

/** As `readResults`, and the lines of an update all in one chunk, or none of them: without its last line none counts. */
export async function* readUpdates(
  file: DiskFile,
  fromByte: number,
): AsyncGenerator<readonly ResultLine[], void, void> {
  let open: readonly ResultLine[] = [];
  for await (const read of readResults(file, fromByte)) {
    const lines = open.length === 0 ? read : [...open, ...read];
    const wholeCount = 1 + lines.findLastIndex(({ row }) => !isOfLaterLine(row));
    open = lines.slice(wholeCount);
    yield lines.slice(0, wholeCount);
  }
}
