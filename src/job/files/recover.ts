import type { Disk, DiskFile } from '../../platform/ports.js';
import { onDisk, unlessMissing } from '../../storage/disk-errors.js';
import { UsageError } from '../../terms/errors.js';
import type { ReasonCode, RouteName, RowStatus } from '../../terms/outcome.js';
import { isLineStart, readReportHead } from '../results/read-results.js';
import type { RowResult } from '../results/result.js';
import { readUpdates } from '../results/update-lines.js';
import { type Checkpoint, endedRowCount, type ReasonCount } from './checkpoint.js';

/** What a job had come to when its last run ended, however that was. */
export interface Recovered {
  /** The checkpoint, brought up to date with the lines that stand after its `results.endByte`. */
  readonly checkpoint: Checkpoint;
  /** Rows from `checkpoint.next` on that have their line in the report, and where it begins. */
  readonly ended: Map<number, number>;
  /** Bytes of a torn end that were cut off the report, a part of an update included: those rows are sent again. */
  readonly cutBytes: number;
}

/**
 * Reads the report from where lines of open rows can stand, believes what is whole, cuts off what is not, and makes
 * the rest durable: the report then ends at the end of a line. What a kill or a power loss leaves after the
 * checkpoint's `results.endByte` is repaired: a torn line, zeros, lines that the checkpoint does not know of, some of the
 * lines of one update (--coalesce) without its last.
 * What stands before it was durable when the checkpoint was written; where it is missing or does not fit, somebody
 * changed it, and nothing of it is believed (UsageError `report-missing`, `report-damaged`).
 */
export async function recover(disk: Disk, checkpoint: Checkpoint, resultsPath: string): Promise<Recovered> {
  return onDisk(`read the results in ${resultsPath}`, async () => {
    const file = await unlessMissing(openForWriting(disk, resultsPath));
    if (file === null) throw missing(resultsPath);
    try {
      return await recoverFrom(file, checkpoint, resultsPath);
    } finally {
      await file.close();
    }
  });
}

/** `append` would make a missing one. */
async function openForWriting(disk: Disk, path: string): Promise<DiskFile> {
  await disk.look(path);
  return disk.open(path, 'append');
}

async function recoverFrom(file: DiskFile, checkpoint: Checkpoint, path: string): Promise<Recovered> {
  const { results, next, counts } = checkpoint;
  const { sizeBytes } = await file.stat();
  if ((await readReportHead(file)) !== 'whole') throw damaged(path, 'its first line is not the header of a report');
  if (sizeBytes < results.endByte) throw damaged(path, 'it is shorter than the checkpoint says');
  if (!(await isLineStart(file, results.fromByte)))
    throw damaged(path, 'the checkpoint refers to a line that does not exist');

  const ended = new Map<number, number>();
  const tally = new LateTally(checkpoint);
  let endByte = results.fromByte;
  let endedAtCheckpoint = next.rowNumber - 1;
  for await (const lines of readUpdates(file, results.fromByte)) {
    for (const { row, startByte, endByte: lineEndByte } of lines) {
      const isCounted = startByte < results.endByte;
      if (isCounted && lineEndByte > results.endByte)
        throw damaged(path, 'a line ends elsewhere than the checkpoint says');
      if (row.rowNumber >= next.rowNumber) {
        if (ended.has(row.rowNumber)) throw damaged(path, `row ${row.rowNumber} is in it twice`);
        ended.set(row.rowNumber, startByte);
        if (isCounted) endedAtCheckpoint += 1;
      } else if (!isCounted) {
        throw damaged(path, `row ${row.rowNumber} is in it twice`);
      }
      if (!isCounted) tally.add(row);
      endByte = lineEndByte;
    }
  }
  if (endByte < results.endByte) throw damaged(path, 'a line that the checkpoint counts is not whole');
  if (endedAtCheckpoint !== endedRowCount(counts))
    throw damaged(path, 'it has not the lines that the checkpoint counts');

  if (endByte < sizeBytes) await file.truncate(endByte);
  await file.sync(); // what is believed from here on must not vanish in a power loss after this run's next checkpoint
  return { checkpoint: tally.upToDate(ended, endByte), ended, cutBytes: sizeBytes - endByte };
}

/** Counts, reasons and attempts of a checkpoint, and what the lines after it add to them. */
class LateTally {
  readonly #checkpoint: Checkpoint;
  readonly #counts: Record<RowStatus | 'superseded', number>;
  readonly #routes: Record<RouteName, number>;
  readonly #reasons: Map<ReasonCode, ReasonCount>;
  readonly #attemptsCounted: ReadonlyMap<number, number>;
  /** What the lines say beyond what the checkpoint counts; within a visitor's rows an update's last one has them all. */
  #attempts = 0;

  constructor(checkpoint: Checkpoint) {
    this.#checkpoint = checkpoint;
    this.#counts = { ...checkpoint.counts };
    this.#routes = { ...checkpoint.routes };
    this.#reasons = new Map(checkpoint.reasons.map((reason) => [reason.code, reason]));
    this.#attemptsCounted = new Map(checkpoint.openRows.map((row) => [row.rowNumber, row.attempts]));
  }

  add(row: RowResult): void {
    this.#counts[row.status] += 1;
    if (row.route !== null) this.#routes[row.route] += 1;
    if (isAttempted(row)) this.#attempts += row.attempts - (this.#attemptsCounted.get(row.rowNumber) ?? 0);
    if (row.reason === null) return;
    const { code } = row.reason;
    const known = this.#reasons.get(code);
    const first = { code, count: 1, exampleRow: row.rowNumber, exampleLine: row.lineNumber };
    this.#reasons.set(code, known === undefined ? first : { ...known, count: known.count + 1 });
  }

  upToDate(ended: ReadonlyMap<number, number>, endByte: number): Checkpoint {
    const { results, openRows } = this.#checkpoint;
    return {
      ...this.#checkpoint,
      results: { fromByte: results.fromByte, endByte },
      counts: this.#counts,
      routes: this.#routes,
      reasons: [...this.#reasons.values()],
      attempts: this.#checkpoint.attempts + Math.max(0, this.#attempts),
      openRows: openRows.filter((row) => !ended.has(row.rowNumber)),
    };
  }
}

function isAttempted({ status }: RowResult): boolean {
  return status === 'submitted' || status === 'refused' || status === 'failed';
}

const advice = 'Put it back as it was to resume, or begin again with --restart (what is there is kept, renamed).';

function missing(path: string): UsageError {
  return new UsageError('report-missing', `${path} is missing, but the checkpoint next to it needs it. ${advice}`);
}

function damaged(path: string, what: string): UsageError {
  return new UsageError('report-damaged', `${path} does not match the checkpoint next to it: ${what}. ${advice}`);
}
