import type { RawRow, RowSource } from '../batch/batch.js';
import { unpackRawRows } from './packed-raw-rows.js';
import { type RawRowRequest, rawRowSource } from './raw-row-source.js';
import { ownThreadBytesMin, threadSource } from './thread-source.js';

/** Where a file's raw rows are made: in a thread of their own, if it is large. `sizeBytes`: of FILE. */
export function openRawRowSource(request: RawRowRequest, sizeBytes: number): RowSource<readonly RawRow[]> {
  if (sizeBytes < ownThreadBytesMin) return rawRowSource(request);
  return threadSource(new URL('./raw-row-thread.js', import.meta.url), request, unpackRawRows, 2);
}
