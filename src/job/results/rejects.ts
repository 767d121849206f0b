import type { Batch, RawRow } from '../../batch/open.js';
import { VisitorSet } from '../../hash/visitor-set.js';
import type { Disk, Random } from '../../platform/ports.js';
import { onDisk, unlessMissing } from '../../storage/disk-errors.js';
import { Replacement } from '../../storage/replace-file.js';
import { UsageError } from '../../terms/errors.js';
import { isRejected } from '../../terms/outcome.js';
import { firstResultByte, readResults } from './read-results.js';

export interface RejectsOptions {
  readonly disk: Disk;
  readonly random: Random;
  readonly runId: string;
  /** `<name>.results.csv`: whole and durable. */
  readonly resultsPath: string;
  /** `<name>.rejects.csv`. */
  readonly rejectsPath: string;
  /** How many rows the job has counted as invalid, refused or failed. */
  readonly rejectedCount: number;
  /** Whom a row is about: the decoded id, or `null` where it has none that could be compared. */
  readonly visitorOf: (row: RawRow) => string | null;
}

/**
 * Writes the rejects of a job whose every row has its end: FILE's own header and, byte for byte, the rows that did not
 * go through, and with each the later rows of the same visitor, in the file's order. Sent once more, every visitor
 * ends with what the file says last. Resolves to how many rows it holds; with none there is no such file, and one of
 * an earlier run is removed.
 *
 * Memory: a bit for each row, and 22 bytes at most for each visitor with a rejected row. A collision of two visitors'
 * hashes adds a row that would not have to be sent again, which does no harm.
 *
 * UsageError `report-damaged` where the report does not hold what the job counted; errors of FILE as `rows` has them.
 */
export async function makeRejects(
  batch: Pick<Batch, 'header' | 'dataStart' | 'rows'>,
  options: RejectsOptions,
): Promise<number> {
  const { disk, rejectsPath, runId, rejectedCount } = options;
  if (rejectedCount === 0) {
    await onDisk(`remove ${rejectsPath}`, () => unlessMissing(disk.remove(rejectsPath)));
    return 0;
  }
  const rejected = await rejectedRows(options);
  const file = await Replacement.open(disk, rejectsPath, runId);
  try {
    const rowCount = await writeRows(file, batch, rejected, options);
    await file.keep();
    return rowCount;
  } catch (error) {
    await file.discard();
    throw error;
  }
}

async function writeRows(
  file: Replacement,
  batch: Pick<Batch, 'header' | 'dataStart' | 'rows'>,
  rejected: RowSet,
  options: RejectsOptions,
): Promise<number> {
  const visitors = new VisitorSet(options.random);
  const lineEnd = batch.header.bytes.subarray(-2).equals(crLf) ? crLf : lf;
  let rowCount = 0;
  await file.append(Buffer.concat(withLineEnd(batch.header.bytes, lineEnd)));
  for await (const rows of batch.rows(batch.dataStart, { withBytes: true, fingerprint: null })) {
    const kept = rows.filter((row) => belongs(row, rejected, visitors, options.visitorOf));
    rowCount += kept.length;
    if (kept.length > 0) await file.append(Buffer.concat(kept.flatMap((row) => withLineEnd(bytesOf(row), lineEnd))));
  }
  return rowCount;
}

/** Whether a row is among the rejects: by itself, or because an earlier row of its visitor is. */
function belongs(
  row: RawRow,
  rejected: RowSet,
  visitors: VisitorSet,
  visitorOf: (row: RawRow) => string | null,
): boolean {
  const isOwnFault = rejected.has(row.rowNumber);
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

async function rejectedRows({ disk, resultsPath, rejectedCount }: RejectsOptions): Promise<RowSet> {
  return onDisk(`read the results in ${resultsPath}`, async () => {
    const file = await disk.open(resultsPath, 'read');
    try {
      const rejected = new RowSet();
      const { sizeBytes } = await file.stat();
      let endByte = firstResultByte;
      for await (const lines of readResults(file, endByte)) {
        for (const { row } of lines) {
          // There are as many rows as lines, so fewer than bytes: a number that was tampered with must not cost memory.
          if (row.rowNumber > sizeBytes) throw reportChanged(resultsPath);
          if (isRejected(row.status)) rejected.add(row.rowNumber);
        }
        endByte = lines.at(-1)?.endByte ?? endByte;
      }
      if (endByte !== sizeBytes || rejected.size !== rejectedCount) throw reportChanged(resultsPath);
      return rejected;
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

/** Row numbers, a bit for each row up to the highest. */
class RowSet {
  size = 0;
  #bits = new Uint8Array(1024);

  add(rowNumber: number): void {
    const at = Math.floor(rowNumber / 8); // not `>>>`: a file may have more rows than 32 bits count
    if (at >= this.#bits.length) {
      const grown = new Uint8Array(Math.max(at + 1, 2 * this.#bits.length));
      grown.set(this.#bits);
      this.#bits = grown;
    }
    if (this.has(rowNumber)) return;
    this.#bits[at] = (this.#bits[at] ?? 0) | (1 << (rowNumber % 8));
    this.size += 1;
  }

  has(rowNumber: number): boolean {
    return ((this.#bits[Math.floor(rowNumber / 8)] ?? 0) & (1 << (rowNumber % 8))) !== 0;
  }
}
