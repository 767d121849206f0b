import type { BatchOptions, Header, Position, RawRow } from './batch.js';
import { ContentFault, empty, utf16 } from './batch-errors.js';
import type { Content } from './content.js';
import { countLineEnds } from './lines.js';
import { RecordParser } from './record-parser.js';
import { RowReader } from './row-reader.js';
import { readRows } from './rows.js';

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * What the first line of the bulk form begins with: the whole file travels as the form parameter `batch` (Adobe's
 * documentation of the Bulk Profile Update API). It is taken off once, and there alone.
 */
const formKey = 'batch=';

/** The first bytes of the content, as many as a byte order mark has if there are so many. */
async function readHead(content: Content, path: string): Promise<Buffer> {
  let head = Buffer.alloc(0);
  try {
    for await (const bytes of content.pieces(0)) {
      head = Buffer.concat([head, bytes]);
      if (head.length >= byteOrderMark.length) break;
    }
  } catch (error) {
    throw error instanceof ContentFault ? error.toFileError(path, 1) : error;
  }
  return head.subarray(0, byteOrderMark.length);
}

/** The cells of one record; `null` where a quote stays open in it. */
async function cellsOf(record: Buffer, delimiter: string): Promise<string[] | null> {
  const records: string[][] = [];
  const parser = new RecordParser(delimiter, (cells) => records.push(cells));
  await parser.feed(record);
  return (await parser.finish()) === 'complete' ? (records[0] ?? ['']) : null;
}

/** `batch=pcId,…`, `"batch=pcId",…` and, from writers that quote each name and put `batch=` before, `batch="pcId",…`. */
async function withoutFormKey(cells: readonly string[], record: Buffer, delimiter: string): Promise<readonly string[]> {
  const [first = '', ...others] = cells;
  if (!first.startsWith(formKey)) return cells;
  const isBeforeQuote = record.toString('latin1', 0, formKey.length + 1) === `${formKey}"`;
  const requoted = isBeforeQuote ? await cellsOf(record.subarray(formKey.length), delimiter) : null;
  return requoted ?? [first.slice(formKey.length), ...others];
}

/** The first record after `startByte`. */
async function readFirstRow(content: Content, path: string, options: BatchOptions, startByte: number): Promise<RawRow> {
  const reader = new RowReader(path, options, { rowNumber: 0, lineNumber: 1, byte: startByte }, true);
  for await (const { rows, fault } of readRows(content.pieces(startByte), reader)) {
    if (rows[0] !== undefined) return rows[0];
    if (fault !== null) throw fault;
  }
  throw empty(path);
}

/** @throws FileError for what is no text, has no header, or one that cannot be read. */
export async function readHeader(
  content: Content,
  path: string,
  options: BatchOptions,
): Promise<{ header: Header; dataStart: Position }> {
  const head = await readHead(content, path);
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) throw utf16(path);
  const mark = head.equals(byteOrderMark) ? byteOrderMark : Buffer.alloc(0);

  const row = await readFirstRow(content, path, options, mark.length);
  const record = row.bytes ?? Buffer.alloc(0);
  return {
    header: {
      cells: await withoutFormKey(row.cells, record, options.delimiter),
      lineNumber: row.lineNumber,
      isUtf8: row.isUtf8,
      bytes: Buffer.concat([mark, record]),
    },
    dataStart: {
      rowNumber: 1,
      lineNumber: row.lineNumber + countLineEnds(record, 0, record.length),
      byte: row.endByte,
    },
  };
}
