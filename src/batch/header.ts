import type { Format, Header, Position, RawRow } from './batch.js';
import { ContentFault, delimiterUnclear, empty, notCsv, rowsOneCell } from './batch-errors.js';
import { rowClass } from './byte-classes.js';
import { containerOf, signatureBytes } from './containers.js';
import type { Content } from './content.js';
import { byteOrderMark, countLineEnds } from './lines.js';
import { cellsOfRecord } from './record-parser.js';
import { RowReader } from './row-reader.js';
import { readRows } from './rows.js';

/**
 * What the first line of the bulk form begins with: the whole file travels as the form parameter `batch` (Adobe's
 * documentation of the Bulk Profile Update API). It is taken off once, and there alone.
 */
const formKey = 'batch=';

/** The line that tells Excel the delimiter; the header is the next one. */
const separatorLine = /^"?sep=([^\r\n])"?(?:\r\n|\n|\r)/iu;
const separatorLineBytesMax = 16;

/** How FILE is cut, and what was found at its start. */
export interface Start {
  readonly delimiter: string;
  readonly header: Header;
  readonly dataStart: Position;
}

/** The first `byteCount` bytes of the content, or all of it. @throws FileError */
export async function readHead(content: Content, path: string, byteCount: number): Promise<Buffer> {
  const head: Buffer[] = [];
  let readBytes = 0;
  try {
    for await (const bytes of content.pieces(0, undefined, startBlockBytes)) {
      head.push(bytes);
      readBytes += bytes.length;
      if (readBytes >= byteCount) break;
    }
  } catch (error) {
    if (!(error instanceof ContentFault)) throw error;
    if (readBytes === 0) throw error.toFileError(path, 1);
  }
  return Buffer.concat(head).subarray(0, byteCount);
}

/** The first bytes of the content, before anybody takes them for text. @throws FileError for what is known not to be CSV. */
export async function readSignature(content: Content, path: string): Promise<Buffer> {
  const head = await readHead(content, path, signatureBytes);
  const container = containerOf(head);
  if (container !== null) throw notCsv(path, container);
  return head;
}

/** `batch=pcId,…`, `"batch=pcId",…` and, from writers that quote each name and put `batch=` before, `batch="pcId",…`. */
async function withoutFormKey(cells: readonly string[], record: Buffer, delimiter: string): Promise<readonly string[]> {
  const [first = '', ...others] = cells;
  if (!first.startsWith(formKey)) return cells;
  const isBeforeQuote = record.toString('latin1', 0, formKey.length + 1) === `${formKey}"`;
  const requoted = isBeforeQuote ? await cellsOfRecord(record.subarray(formKey.length), delimiter) : null;
  return requoted ?? [first.slice(formKey.length), ...others];
}

/** Read at a time: the header and a row are in the first block as a rule, and no row waits for what follows. */
const startBlockBytes = 8_192;

type Cut = Pick<Format, 'delimiter' | 'values'>;

/** The first record from `from` on. */
async function readFirstRow(content: Content, path: string, cut: Cut, from: Position): Promise<RawRow> {
  const reader = new RowReader(path, cut, from, true);
  for await (const { rows, fault } of readRows(content.pieces(from.byte, undefined, startBlockBytes), reader)) {
    if (rows[0] !== undefined) return rows[0];
    if (fault !== null) throw fault;
  }
  throw empty(path);
}

/**
 * Reads the header, and as much of what follows as tells whether the rows are cut as it is.
 * @throws FileError for what has no header, or one that cannot be read; `rows-one-cell`, `delimiter-unclear`.
 */
export async function readStart(content: Content, path: string, asked: Cut): Promise<Start> {
  const head = await readHead(content, path, byteOrderMark.length + separatorLineBytesMax);
  const mark = head.subarray(0, byteOrderMark.length).equals(byteOrderMark) ? byteOrderMark : Buffer.alloc(0);
  const [line = '', named] = separatorLine.exec(head.toString('utf8', mark.length)) ?? [];
  const separator = Buffer.from(line);
  const from: Position = {
    rowNumber: 0,
    lineNumber: named === undefined ? 1 : 2,
    byte: mark.length + separator.length,
  };
  const delimiter = named ?? (asked.delimiter === 'auto' ? await findDelimiter(content, path, from) : asked.delimiter);

  const cut = { delimiter, values: asked.values };
  const row = await readFirstRow(content, path, cut, from);
  const record = row.bytes ?? Buffer.alloc(0);
  const dataStart: Position = {
    rowNumber: 1,
    lineNumber: row.lineNumber + countLineEnds(record, 0, record.length),
    byte: row.endByte,
  };
  const cells = await withoutFormKey(row.cells, record, delimiter);
  if (cells.length > 1) await requireCutRows(content, path, cut, dataStart);
  return {
    delimiter,
    header: {
      cells,
      lineNumber: row.lineNumber,
      isUtf8: row.isUtf8,
      looksWindows1252: (row.classes & rowClass.windows1252) !== 0,
      bytes: Buffer.concat([mark, separator, record]),
    },
    dataStart,
  };
}

/**
 * Looks whether any row is cut as the header is. Reading stops at the first one with two cells: most files are through
 * with it in a block. A line that cannot be read is reported where it is read: the rows before it are good.
 * @throws FileError `rows-one-cell` where it comes to the end without one, and a cell holds what stands between cells.
 */
async function requireCutRows(content: Content, path: string, cut: Cut, dataStart: Position): Promise<void> {
  let uncut: Uncut | null = null;
  const reader = new RowReader(path, cut, dataStart, false);
  for await (const { rows, fault } of readRows(content.pieces(dataStart.byte, undefined, startBlockBytes), reader)) {
    if (fault !== null || rows.some(({ cells }) => cells.length > 1)) return;
    uncut ??= firstUncut(rows);
  }
  if (uncut !== null) throw rowsOneCell(path, uncut.row.lineNumber, wordsFor(uncut.character), wordsFor(cut.delimiter));
}

interface Uncut {
  readonly row: RawRow;
  /** What its one cell holds, and stands between cells elsewhere. */
  readonly character: string;
}

function firstUncut(rows: readonly RawRow[]): Uncut | null {
  for (const row of rows) {
    const character = [...delimiterWords.keys()].find((one) => row.cells[0]?.includes(one));
    if (character !== undefined) return { row, character };
  }
  return null;
}

/** Characters that exports put between cells. */
const delimiterWords: ReadonlyMap<string, string> = new Map([
  [',', 'a comma'],
  [';', 'a semicolon'],
  ['\t', 'a tab'],
  ['|', 'a vertical bar (|)'],
]);

function wordsFor(delimiter: string): string {
  return delimiterWords.get(delimiter) ?? `"${delimiter}"`;
}

/** How much of the content `--delimiter auto` looks at. */
const lookedAtBytes = 65_536;

/** @throws FileError `delimiter-unclear` */
async function findDelimiter(content: Content, path: string, from: Position): Promise<string> {
  const head = (await readHead(content, path, from.byte + lookedAtBytes)).subarray(from.byte);
  const found: { readonly delimiter: string; readonly share: number }[] = [];
  for (const delimiter of delimiterWords.keys()) {
    const counts = await cellCounts(head, path, { delimiter, values: 'raw' }, from);
    const [columnCount = 0, ...rows] = counts;
    if (columnCount < 2) continue;
    const fitting = rows.filter((count) => count === columnCount).length;
    found.push({ delimiter, share: rows.length === 0 ? 1 : fitting / rows.length });
  }
  const [best, next] = found.toSorted((one, other) => other.share - one.share);
  // One that cuts the header is it, if the rows do not speak for another one more clearly.
  if (best === undefined || (next !== undefined && (best.share < 0.9 || next.share > 0.5))) {
    throw delimiterUnclear(path);
  }
  return best.delimiter;
}

/** Of the header and the rows after it, as far as they are whole in `head`. */
async function cellCounts(head: Buffer, path: string, cut: Cut, from: Position): Promise<number[]> {
  const reader = new RowReader(path, cut, from, false);
  const whole = await reader.take(head);
  const isAll = head.length < lookedAtBytes;
  const rest = isAll ? (await reader.finish()).rows : [];
  return [...whole.rows, ...rest].map(({ cells }) => cells.length);
}
