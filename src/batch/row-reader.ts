import { isUtf8 } from 'node:buffer';
import type { FileError } from '../terms/errors.js';
import type { Format, Position, RawRow, Reader, Taken } from './batch.js';
import { type ContentFault, nulByte, quoteOpen, recordTooLong } from './batch-errors.js';
import { classesOf, lineEndsOf, looksWindows1252, rowClass, scanRow } from './byte-classes.js';
import { byteOrderMark, countLineEnds, isLineEnd, skipBlankLines } from './lines.js';
import { cellsOfRecord, RecordParser } from './record-parser.js';

const recordBytesMax = 1_000_000;
/** With encoded values, which hold no line breaks: a stray quote would pour strangers' rows into one visitor. */
const recordLinesMax = 20;
const cr = 0x0d;
/** At least what csv-parse keeps back until it sees what follows (3 bytes, or those of a delimiter). */
const keptBackBytesMax = 16;

/**
 * Makes rows of content as it comes, in chunks cut anywhere.
 *
 * csv-parse makes the records and says where each ends; where one begins, on which line, its bytes and whether they
 * are UTF-8 is read off the source. `#window` is the content from `#windowByte` on, which csv-parse has been fed;
 * `#at` is the index in it after the last record, and `#lineNumber` the line there. Between calls `#at` is 0, and the
 * window holds no more than one record that is not complete (1 MB) and a chunk.
 * A byte order mark at a row's start (files that were joined) is passed over as a blank line is: csv-parse is fed line
 * ends in its place, so that all places stay what they are.
 * After a fault nothing more is accepted, and the place stays where the bad record begins.
 */
export class RowReader implements Reader<readonly RawRow[]> {
  readonly aheadCount = 0;
  readonly #path: string;
  readonly #options: Pick<Format, 'delimiter' | 'values'>;
  readonly #delimiterByte: number;
  readonly #withBytes: boolean;
  readonly #parser: RecordParser;
  readonly #startByte: number;

  #window: Buffer = Buffer.alloc(0);
  #windowByte: number;
  #at = 0;
  #lineNumber: number;
  #rowNumber: number;
  /** Content that ends before FILE's text does: a last record without its line end is then a torn one. */
  #isCut = false;
  #rows: RawRow[] = [];
  #fault: FileError | null = null;
  /** The first bytes of what may be a mark: the next chunk says. Not fed yet, and not in the window. */
  #held: Buffer = Buffer.alloc(0);
  /** Whether the window holds, or held, a mark that csv-parse was fed as line ends. */
  #hasMarks = false;
  /** Rows that hold a mark as text. */
  readonly #withMarks: { readonly index: number; readonly record: Buffer }[] = [];

  constructor(path: string, options: Pick<Format, 'delimiter' | 'values'>, from: Position, withBytes: boolean) {
    this.#path = path;
    this.#options = options;
    this.#delimiterByte = Buffer.from(options.delimiter)[0] ?? 0;
    this.#withBytes = withBytes;
    this.#startByte = from.byte;
    this.#windowByte = from.byte;
    this.#lineNumber = from.lineNumber;
    this.#rowNumber = from.rowNumber;
    this.#parser = new RecordParser(options.delimiter, (cells, endByte) => this.#accept(cells, endByte));
  }

  get #position(): Position {
    return { rowNumber: this.#rowNumber, lineNumber: this.#lineNumber, byte: this.#windowByte + this.#at };
  }

  async take(chunk: Buffer): Promise<Taken<readonly RawRow[]>> {
    if (this.#fault !== null) return this.#taken();
    const nulAt = chunk.indexOf(0);
    if (nulAt !== -1) {
      await this.#feed(chunk.subarray(0, nulAt));
      return this.#cutShort(() => nulByte(this.#path, this.#lineReached()));
    }
    await this.#feed(chunk);
    this.#passBlankLines(false);
    if (this.#window.length - this.#at > recordBytesMax + keptBackBytesMax) {
      this.#fault ??= this.#tooLong(this.#window.length, this.#openQuoteLine());
    }
    return this.#taken();
  }

  async finish(): Promise<Taken<readonly RawRow[]>> {
    if (this.#fault !== null) return this.#taken();
    const held = this.#held;
    this.#held = Buffer.alloc(0);
    if (held.length > 0) await this.#feedWhole(held);
    const outcome = await this.#parser.finish();
    this.#passBlankLines(true);
    if (outcome === 'quote-open' && this.#fault === null) {
      const lineNumber = this.#openQuoteLine() ?? this.#lineNumber;
      this.#fault = this.#tooLong(this.#window.length, lineNumber) ?? quoteOpen(this.#path, lineNumber);
    }
    return this.#taken();
  }

  stop(fault: ContentFault): Promise<Taken<readonly RawRow[]>> {
    return this.#cutShort(() => fault.toFileError(this.#path, this.#lineReached()));
  }

  async #cutShort(makeFault: () => FileError): Promise<Taken<readonly RawRow[]>> {
    if (this.#fault !== null) return this.#taken();
    this.#isCut = true;
    await this.#parser.finish();
    this.#fault ??= makeFault();
    return this.#taken();
  }

  async #feed(chunk: Buffer): Promise<void> {
    const content = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const heldBytes = this.#markBegun(content);
    this.#held = content.subarray(content.length - heldBytes);
    await this.#feedWhole(content.subarray(0, content.length - heldBytes));
  }

  async #feedWhole(content: Buffer): Promise<void> {
    const isAfterLineEnd = this.#endsLine;
    this.#window = this.#window.length === 0 ? content : Buffer.concat([this.#window, content]);
    await this.#parser.feed(this.#withoutMarks(content, isAfterLineEnd));
  }

  /** Whether a line, or a mark at its start, ends before `at`; `isAfterLineEnd`: what is so of its first byte. */
  #isLineStart(bytes: Buffer, at: number, isAfterLineEnd: boolean): boolean {
    let before = at;
    while (
      before >= byteOrderMark.length &&
      bytes.subarray(before - byteOrderMark.length, before).equals(byteOrderMark)
    ) {
      before -= byteOrderMark.length;
    }
    return before === 0 ? isAfterLineEnd : isLineEnd(bytes[before - 1]);
  }

  /** An empty window begins where a row does. */
  get #endsLine(): boolean {
    return this.#isLineStart(this.#window, this.#window.length, true);
  }

  /** How many bytes at the end begin what may be a mark at the start of a line. */
  #markBegun(content: Buffer): number {
    for (const count of [2, 1]) {
      const at = content.length - count;
      if (at < 0 || content[at] !== byteOrderMark[0] || (count === 2 && content[at + 1] !== byteOrderMark[1])) continue;
      if (this.#isLineStart(content, at, this.#endsLine)) return count;
    }
    return 0;
  }

  /** With CRs in the place of marks at the start of lines: a CR before an LF would be taken for one line end, but an LF before a CR is not. */
  #withoutMarks(content: Buffer, isAfterLineEnd: boolean): Buffer {
    let at = content.indexOf(byteOrderMark);
    if (at === -1) return content;
    let without: Buffer | null = null;
    for (; at !== -1; at = content.indexOf(byteOrderMark, at + 1)) {
      if (!this.#isLineStart(content, at, isAfterLineEnd)) continue;
      without ??= Buffer.from(content);
      without.fill(cr, at, at + byteOrderMark.length);
      this.#hasMarks = true;
    }
    return without ?? content;
  }

  /** Called by csv-parse for each record. */
  #accept(cells: string[], parsedBytes: number): void {
    if (this.#fault !== null) return;
    const end = this.#startByte + parsedBytes - this.#windowByte;
    const isWhole = isLineEnd(this.#window[end - 1]);
    if (this.#isCut && !isWhole) return;

    this.#passBlankLines(true);
    const start = this.#at;
    const scan = scanRow(this.#window, start, end, this.#delimiterByte);
    const lineEndCount = lineEndsOf(scan);
    const lineCount = isWhole ? lineEndCount : lineEndCount + 1;
    if (end - start > recordBytesMax || (this.#options.values === 'encoded' && lineCount > recordLinesMax)) {
      this.#fault = this.#tooLong(end, null);
      return;
    }
    this.#rows.push({
      rowNumber: this.#rowNumber,
      lineNumber: this.#lineNumber,
      startByte: this.#windowByte + start,
      endByte: this.#windowByte + end,
      cells,
      isUtf8: true, // looked at for all rows of a chunk at once
      classes: isWhole ? classesOf(scan) : classesOf(scan) | rowClass.openLine,
      bytes: this.#withBytes ? this.#window.subarray(start, end) : null,
    });
    if (this.#hasMarks && this.#window.subarray(start, end).includes(byteOrderMark)) {
      this.#withMarks.push({ index: this.#rows.length - 1, record: Buffer.from(this.#window.subarray(start, end)) });
    }
    this.#at = end;
    this.#lineNumber += lineEndCount;
    this.#rowNumber += 1;
  }

  /** A mark after a line end inside a quoted cell is text: csv-parse was fed line ends in its place. */
  async #restoreMarks(): Promise<void> {
    for (const { index, record } of this.#withMarks.splice(0)) {
      const row = this.#rows[index];
      const cells = await cellsOfRecord(record, this.#options.delimiter);
      if (row !== undefined && cells !== null) this.#rows[index] = { ...row, cells };
    }
  }

  /** And marks at the start of a row, which are not a part of it. */
  #passBlankLines(isEnd: boolean): void {
    if (this.#fault !== null) return;
    for (;;) {
      if (isLineEnd(this.#window[this.#at])) {
        const at = skipBlankLines(this.#window, this.#at, isEnd);
        this.#lineNumber += countLineEnds(this.#window, this.#at, at);
        this.#at = at;
      }
      if (!this.#hasMarks || !this.#isMark(this.#at)) return;
      this.#at += byteOrderMark.length;
    }
  }

  #isMark(at: number): boolean {
    return this.#window.subarray(at, at + byteOrderMark.length).equals(byteOrderMark);
  }

  /** Which limit the record from `#at` to `end` goes over first; `null`: none. Told by its bytes alone, so that it is the same however chunks are cut. */
  #tooLong(end: number, quoteLineNumber: number | null): FileError | null {
    const limitAt = Math.min(end, this.#at + recordBytesMax);
    const isBytes = end > limitAt;
    if (this.#options.values === 'encoded') {
      const lineEndCount = countLineEnds(this.#window, this.#at, limitAt);
      const lineCount = isBytes || !isLineEnd(this.#window[end - 1]) ? lineEndCount + 1 : lineEndCount;
      if (lineCount > recordLinesMax) {
        return recordTooLong(this.#path, this.#lineNumber, quoteLineNumber, 'file-record-lines');
      }
    }
    return isBytes ? recordTooLong(this.#path, this.#lineNumber, quoteLineNumber, 'file-record-bytes') : null;
  }

  /** The line on which the cell that is not complete has its opening quote; `null` where it has none. */
  #openQuoteLine(): number | null {
    const delimiter = Buffer.from(this.#options.delimiter);
    const cellByte = this.#startByte + this.#parser.openCellByte;
    let cellAt = Math.max(cellByte - this.#windowByte, this.#at);
    if (this.#window.subarray(cellAt, cellAt + delimiter.length).equals(delimiter)) cellAt += delimiter.length;
    if (this.#window[cellAt] !== 0x22) return null;
    return this.#lineNumber + countLineEnds(this.#window, this.#at, cellAt);
  }

  #lineReached(): number {
    return this.#lineNumber + countLineEnds(this.#window, this.#at, this.#window.length);
  }

  async #taken(): Promise<Taken<readonly RawRow[]>> {
    if (this.#withMarks.length > 0) await this.#restoreMarks();
    const rows = this.#markNotUtf8(this.#rows);
    this.#rows = [];
    this.#window = this.#window.subarray(this.#at);
    this.#windowByte += this.#at;
    this.#at = 0;
    return { rows, after: this.#position, fault: this.#fault };
  }

  /** Records begin and end at ASCII, so their bytes are UTF-8 where all of them together are: one look for a whole chunk. */
  #markNotUtf8(rows: RawRow[]): RawRow[] {
    if (isUtf8(this.#window.subarray(0, this.#at))) return rows;
    return rows.map((row) => {
      const bytes = this.#window.subarray(row.startByte - this.#windowByte, row.endByte - this.#windowByte);
      if (isUtf8(bytes)) return row;
      const classes = looksWindows1252(bytes) ? row.classes | rowClass.windows1252 : row.classes;
      return { ...row, isUtf8: false, classes };
    });
  }
}
