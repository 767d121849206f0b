import type { FileStat } from '../platform/ports.js';
import type { FileError } from '../terms/errors.js';
import type { ContentFault } from './batch-errors.js';
import type { Encoding, FoundEncoding } from './encodings.js';

/** What the rest of the program sees of FILE: raw rows and errors of form, and nothing of Target. */

export interface BatchOptions {
  /** One character that is neither a quote nor a line end; `auto`: what the header and the first rows are cut at. */
  readonly delimiter: string;
  /** `encoded`: a record over more than 20 lines is an error, for encoded values hold no line breaks. */
  readonly values: 'encoded' | 'raw';
  /** Default: `utf-8`. A byte order mark in FILE takes precedence. */
  readonly encoding?: Encoding;
}

/** How FILE is read, as it was found: what its rows are made with. */
export interface Format {
  /** One character. */
  readonly delimiter: string;
  readonly values: 'encoded' | 'raw';
  readonly encoding: FoundEncoding;
}

/** Where a row begins, or would begin: reading resumes here exactly as if it had come from the start. */
export interface Position {
  /** Data rows count from 1. */
  readonly rowNumber: number;
  /** Lines count from 1; blank lines and lines inside quoted cells count. */
  readonly lineNumber: number;
  /** Offset in the content: FILE's bytes, decompressed and as UTF-8. */
  readonly byte: number;
}

export interface RawRow {
  readonly rowNumber: number;
  /** The line on which the row begins. */
  readonly lineNumber: number;
  /** Offset in the content of the row's first byte: blank lines before it are not the row's. */
  readonly startByte: number;
  /** Offset after the row's line end. */
  readonly endByte: number;
  /** Text as it stands in the file, quotes resolved: neither trimmed nor decoded. As many as the row has. */
  readonly cells: string[];
  /** Whether the file's own bytes of this row are UTF-8. Where not, `cells` hold U+FFFD in their place. */
  readonly isUtf8: boolean;
  /** What is in its bytes (byte-classes.ts). */
  readonly classes: number;
  /** The row's own bytes in the content, its line end included; `null` unless asked for. A view: copy what is kept. */
  readonly bytes: Buffer | null;
}

/**
 * Tells whether content is still what was read: SHA-256 over blocks of 1 MiB (1,048,576 bytes), chained, so that it
 * can be carried on from the last whole block: chain i is sha256(chain i-1, block i), chain 0 is 32 zero bytes.
 */
export interface Fingerprint {
  /** How much of the content, from its start, it speaks of. */
  readonly bytes: number;
  /** sha256(chain, what follows the last whole block), hexadecimal. */
  readonly digest: string;
  /** Whole blocks in `chain`. */
  readonly blockCount: number;
  /** Hexadecimal. */
  readonly chain: string;
}

export interface Header {
  /** As in the file (neither decoded nor trimmed), but for a byte order mark and `batch=`. */
  readonly cells: readonly string[];
  readonly lineNumber: number;
  /** Whether its own bytes are UTF-8. Where not, `cells` hold U+FFFD in their place. */
  readonly isUtf8: boolean;
  /** Whether bytes that are not UTF-8 look like Windows-1252. */
  readonly looksWindows1252: boolean;
  /**
   * Its own bytes in the content with the byte order mark, a `sep=` line and `batch=`, its line end included (which the
   * last line of a file may lack).
   */
  readonly bytes: Buffer;
}

export interface RowsOptions {
  /** Default: `false`. */
  readonly withBytes?: boolean;
  /**
   * The fingerprint to carry on. A plain file is then read from the fingerprint's last whole block on, or from where
   * the rows begin if that is earlier. Absent: from the start of the content. `null`: none is kept, and a plain file is
   * read from where the rows begin.
   */
  readonly fingerprint?: Fingerprint | null;
  /** How much of a plain file is read at a time. Default: 32,768 bytes. */
  readonly blockBytes?: number;
}

/** Good rows, the place after them, and the error that stops the reading at that place. */
export interface Taken<Rows> {
  readonly rows: Rows;
  readonly after: Position;
  readonly fault: FileError | null;
}

/** Makes rows of content as it comes. After a fault nothing more is accepted, and the place stays where it was. */
export interface Reader<Rows> {
  /** How many more chunks may be given before the first one is answered; 0: one at a time. */
  readonly aheadCount: number;
  /** Takes the next chunk, which must stay as it is. */
  take(chunk: Buffer): Promise<Taken<Rows>>;
  /** No content follows: the last record may lack its line end. */
  finish(): Promise<Taken<Rows>>;
  /** The content breaks off here: rows that are whole are still good. */
  stop(fault: ContentFault): Promise<Taken<Rows>>;
}

/** Where rows are made of FILE's content: here, or in a thread of its own. */
export interface RowSource<Rows> {
  /** For reading from `from` on; once. */
  readerFrom(from: Position): Reader<Rows>;
  close(): Promise<void>;
}

/** One open FILE. `rows` or `read` runs once at a time; the other methods may be called while it does. */
export interface Batch {
  readonly header: Header;
  readonly dataStart: Position;
  /** As it was when FILE was opened. */
  readonly stat: FileStat;
  readonly format: Format;
  /** Whether the content is another than FILE's own bytes: decompressed, or transcoded. */
  readonly isCompressed: boolean;
  /**
   * The rows from `from` on, in arrays (one for each chunk read). What is appended meanwhile is read too.
   * @throws FileError at what cannot be read on, after the good rows before it; MachineError where the disk fails.
   */
  rows(from: Position, options?: RowsOptions): AsyncGenerator<readonly RawRow[], void, void>;
  /** The same with what `reader` makes of each chunk; it stands at `from`. */
  read<Rows extends { readonly length: number }>(
    reader: Reader<Rows>,
    from: Position,
    options?: Omit<RowsOptions, 'withBytes'>,
  ): AsyncGenerator<Rows, void, void>;
  /** The place after the last row that was given; of the bad record after a FileError. */
  nextPosition(): Position;
  /** Bytes of the content as they stand in FILE, in its own encoding (decompressed). */
  toFileBytes(contentBytes: Buffer): Buffer;
  /** FILE's own bytes that reading has come to (compressed ones for a .gz), for progress. */
  readBytes(): number;
  /** FILE's own bytes up to a place in the content that has been read; of a .gz judged by what has been read of both. */
  fileBytesTo(contentByte: number): number;
  /** Of the content that has been read so far, which may be more than rows were made of; throws where none is kept. */
  fingerprint(): Fingerprint;
  /** Of the content up to `byte`, which is read again: for what stands before a bad record. */
  fingerprintTo(byte: number): Promise<Fingerprint>;
  /** Reads the content of the open file again, up to `fingerprint.bytes`, and compares. */
  matches(fingerprint: Fingerprint): Promise<boolean>;
  /** SHA-256, hexadecimal, of the whole of FILE's own bytes. */
  sha256(): Promise<string>;
  /** Looks at the path again: whether size, time and inode are those of `stat`. */
  lookAgain(): Promise<'same' | 'touched' | 'gone'>;
  close(): Promise<void>;
}
