import type { Batch } from '../batch/open.js';
import { firstResultByte, type ResultLine, readResults } from '../job/results/read-results.js';
import { RowOutcomes } from '../job/results/row-outcomes.js';
import type { Disk } from '../platform/ports.js';
import { onDisk } from '../storage/disk-errors.js';
import type { Preparer } from '../target-api/prepare.js';
import { FileError, UsageError } from '../terms/errors.js';
import { type DrawnAfter, type Expected, VisitorDraw } from './visitor-draw.js';

/** What a job's results and its FILE say, read in passes with bounded memory. */

/** The recorded lines up to `endByte`. UsageError `report-damaged` if some are missing. */
async function eachResult(
  disk: Disk,
  path: string,
  endByte: number,
  take: (lines: readonly ResultLine[]) => void,
): Promise<void> {
  await onDisk(`read the results in ${path}`, async () => {
    const file = await disk.open(path, 'read');
    try {
      let atByte = firstResultByte;
      for await (const lines of readResults(file, firstResultByte)) {
        const recorded = lines.filter((line) => line.endByte <= endByte);
        take(recorded);
        atByte = recorded.at(-1)?.endByte ?? atByte;
        if (recorded.length < lines.length) break;
      }
      if (atByte < endByte) {
        const advice = 'Put it back as it was, then run the same command again';
        throw new UsageError('report-damaged', `${path} does not hold the rows that this job counted. ${advice}.`);
      }
    } finally {
      await file.close();
    }
  });
}

/** How each row ended: a byte a row. */
export async function readOutcomes(disk: Disk, path: string, endByte: number): Promise<RowOutcomes> {
  const outcomes = new RowOutcomes();
  await eachResult(disk, path, endByte, (lines) => {
    for (const { row, startByte } of lines) {
      // There are fewer rows than bytes: a number that was tampered with must not cost memory.
      if (row.rowNumber <= endByte) outcomes.add(row.rowNumber, row.status, startByte);
    }
  });
  return outcomes;
}

/** When the rows that `visitors` hold were submitted, by row number. */
export async function readSubmissionTimes(
  disk: Disk,
  path: string,
  endByte: number,
  visitors: readonly Expected[],
): Promise<ReadonlyMap<number, number>> {
  const wanted = new Set<number>();
  for (const { attributes } of visitors) for (const { rowNumber } of attributes.values()) wanted.add(rowNumber);
  const times = new Map<number, number>();
  await eachResult(disk, path, endByte, (lines) => {
    for (const { row } of lines) if (wanted.has(row.rowNumber)) times.set(row.rowNumber, row.finishedAtMs);
  });
  return times;
}

/** Visitors in one draw, and what is held of them: for a large sample several passes are made. */
export const drawnMax = 20_000;
const heldBytesMax = 64_000_000;

export interface DrawRequest {
  readonly seed: string;
  readonly countMax: number;
  readonly shareMax: number;
  readonly after: DrawnAfter | null;
  readonly isStopped: () => boolean;
}

/** One pass over FILE. A row that cannot be read has no outcome. */
export async function drawVisitors(
  batch: Pick<Batch, 'rows' | 'dataStart'>,
  prepare: Preparer,
  outcomes: RowOutcomes,
  { isStopped, countMax, ...request }: DrawRequest,
): Promise<VisitorDraw> {
  const draw = new VisitorDraw({ ...request, countMax: Math.min(countMax, drawnMax), bytesMax: heldBytesMax });
  try {
    for await (const rows of batch.rows(batch.dataStart, { fingerprint: null })) {
      if (isStopped()) break;
      for (const { cells, isUtf8, rowNumber, lineNumber } of rows) {
        const status = outcomes.statusOf(rowNumber);
        if (status !== 'submitted' && status !== 'unchanged' && status !== 'failed') continue;
        const prepared = prepare(cells, isUtf8);
        if (prepared.kind !== 'request') continue;
        draw.take({ id: prepared.id, form: prepared.form, rowNumber, lineNumber, status });
      }
    }
  } catch (error) {
    if (!(error instanceof FileError)) throw error; // the job stopped there as well
  }
  return draw;
}
