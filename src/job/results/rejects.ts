import { countLineEnds } from '../../batch/lines.js';
import type { Batch, RawRow } from '../../batch/open.js';
import { VisitorSet } from '../../hash/visitor-set.js';
import type { Disk, DiskFile, Random } from '../../platform/ports.js';
import { onDisk } from '../../storage/disk-errors.js';
import { Replacement } from '../../storage/replace-file.js';
import { UsageError } from '../../terms/errors.js';
import { firstResultByte, readResults, resultAt } from './read-results.js';
import { reasonCell } from './result.js';
import { RowOutcomes } from './row-outcomes.js';

export interface RejectsOptions {
  readonly disk: Disk;
  readonly random: Random;
  readonly runId: string;
  /** `<name>.results.csv`: whole and durable. */
  readonly resultsPath: string;
  /** `<name>.rejects.csv`. */
  readonly rejectsPath: string;
  /** `<name>.rejects.reasons.csv`. */
  readonly reasonsPath: string;
  /** How many rows the job has counted as invalid, refused or failed. */
  readonly rejectedCount: number;
  /** Whom a row is about: the decoded id, or `null` where it has none that could be compared. */
  readonly visitorOf: (row: RawRow) => string | null;
}

/** The columns of the reasons: a public interface. `line` is the line in the rejects, `row` the row in FILE. */
export const reasonsHeader = 'line,row,status,reason\n';

/** FILE, whose bytes the rejects repeat in its own encoding. */
type RejectedBatch = Pick<Batch, 'header' | 'dataStart' | 'rows' | 'toFileBytes'>;

/**
 * Writes the rejects of a job whose every row has its end: FILE's own header and, byte for byte, the rows that did not
 * go through, and with each the later rows of the same visitor, in the file's order. Sent again, every visitor
 * ends with what the file says last. Beside them why each is there; the later rows that ride along have their own
 * status and no reason. Resolves to how many rows it holds; with none no file is made.
 *
 * Memory: a byte for each row, 16 for each rejected one, and 22 at most for each visitor with a rejected row. A collision
 * of two visitors' hashes adds a row that would not have to be sent again, which does no harm.
 *
 * UsageError `report-damaged` where the report does not hold what the job counted; errors of FILE as `rows` has them.
 */
export async function makeRejects(batch: RejectedBatch, options: RejectsOptions): Promise<number> {
  const { disk, rejectsPath, reasonsPath, resultsPath, runId, rejectedCount } = options;
  if (rejectedCount === 0) return 0;
  const outcomes = await readOutcomes(options);
  const results = await onDisk(`read the results in ${resultsPath}`, () => disk.open(resultsPath, 'read'));
  const files: Replacement[] = [];
  try {
    const rejects = await Replacement.open(disk, rejectsPath, runId);
    files.push(rejects);
    const reasons = await Replacement.open(disk, reasonsPath, runId);
    files.push(reasons);
    const rowCount = await writeRows(rejects, reasons, batch, outcomes, results, options);
    await reasons.keep();
    await rejects.keep();
    return rowCount;
  } catch (error) {
    for (const file of files) await file.discard();
    throw error;
  } finally {
    await results.close();
  }
}

async function writeRows(
  rejects: Replacement,
  reasons: Replacement,
  batch: RejectedBatch,
  outcomes: RowOutcomes,
  results: DiskFile,
  options: RejectsOptions,
): Promise<number> {
  const visitors = new VisitorSet(options.random);
  const reasonOf = reasonReader(results, outcomes, options.resultsPath);
  const lineEnd = batch.header.bytes.subarray(-2).equals(crLf) ? crLf : lf;
  const header = Buffer.concat(withLineEnd(batch.header.bytes, lineEnd));
  let lineNumber = 1 + countLineEnds(header, 0, header.length);
  let rowCount = 0;
  await rejects.append(batch.toFileBytes(header));
  await reasons.append(Buffer.from(reasonsHeader));
  for await (const rows of batch.rows(batch.dataStart, { withBytes: true, fingerprint: null })) {
    const kept = rows.filter((row) => belongs(row, outcomes, visitors, options.visitorOf));
    if (kept.length === 0) continue;
    const bytes: Buffer[] = [];
    let lines = '';
    for (const row of kept) {
      const { rowNumber } = row;
      const rowBytes = Buffer.concat(withLineEnd(bytesOf(row), lineEnd));
      lines += `${lineNumber},${rowNumber},${outcomes.statusOf(rowNumber) ?? ''},${await reasonOf(rowNumber)}\n`;
      lineNumber += countLineEnds(rowBytes, 0, rowBytes.length);
      bytes.push(rowBytes);
    }
    rowCount += kept.length;
    await rejects.append(batch.toFileBytes(Buffer.concat(bytes)));
    await reasons.append(Buffer.from(lines));
  }
  return rowCount;
}

/** The cell of a row's reason; empty: the row rides along. */
function reasonReader(
  results: DiskFile,
  outcomes: RowOutcomes,
  resultsPath: string,
): (rowNumber: number) => Promise<string> {
  const resultFrom = resultAt(results);
  return async (rowNumber) => {
    const startByte = outcomes.startOf(rowNumber);
    if (startByte === null) return '';
    const result = await onDisk(`read the results in ${resultsPath}`, () => resultFrom(startByte));
    if (result?.rowNumber !== rowNumber) throw reportChanged(resultsPath);
    return reasonCell(result.reason);
  };
}

/** Whether a row is among the rejects: by itself, or because an earlier row of its visitor is. */
function belongs(
  row: RawRow,
  outcomes: RowOutcomes,
  visitors: VisitorSet,
  visitorOf: (row: RawRow) => string | null,
): boolean {
  const isOwnFault = outcomes.isRejected(row.rowNumber);
  if (!isOwnFault && visitors.size === 0) return false;
  const visitor = visitorOf(row);
  if (visitor === null) return isOwnFault;
  if (isOwnFault) visitors.add(visitor);
  return isOwnFault || visitors.has(visitor);
}

const lf = Buffer.from('\n');
const crLf = Buffer.from('\r\n');

/** The last line of a file may lack its end. */
function withLineEnd(bytes: Buffer, lineEnd: Buffer): Buffer[] {
  const last = bytes.at(-1);
  return last === lf[0] || last === crLf[0] ? [bytes] : [bytes, lineEnd];
}

function bytesOf(row: RawRow): Buffer {
  if (row.bytes === null) throw new Error('rows were read without their bytes');
  return row.bytes;
}

async function readOutcomes({ disk, resultsPath, rejectedCount }: RejectsOptions): Promise<RowOutcomes> {
  return onDisk(`read the results in ${resultsPath}`, async () => {
    const file = await disk.open(resultsPath, 'read');
    try {
      const outcomes = new RowOutcomes();
      const { sizeBytes } = await file.stat();
      let endByte = firstResultByte;
      for await (const lines of readResults(file, endByte)) {
        for (const { row, startByte } of lines) {
          // There are as many rows as lines, so fewer than bytes: a number that was tampered with must not cost memory.
          if (row.rowNumber > sizeBytes) throw reportChanged(resultsPath);
          outcomes.add(row.rowNumber, row.status, startByte);
        }
        endByte = lines.at(-1)?.endByte ?? endByte;
      }
      if (endByte !== sizeBytes || outcomes.rejectedCount !== rejectedCount) throw reportChanged(resultsPath);
      return outcomes;
    } finally {
      await file.close();
    }
  });
}

function reportChanged(path: string): UsageError {
  return new UsageError(
    'report-damaged',
    `${path} does not hold the rows that this job counted. Put it back as it was, then run the same command again, or begin again with --restart.`,
  );
}
