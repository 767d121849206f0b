import { createHash } from 'node:crypto';
import type { Disk, DiskFile, FileStat } from '../platform/ports.js';
import { systemCode } from '../terms/errors.js';
import type {
  Batch,
  BatchOptions,
  Fingerprint,
  Format,
  Header,
  Position,
  RawRow,
  Reader,
  RowsOptions,
} from './batch.js';
import { ContentFault, notRegular, openingError, readingError } from './batch-errors.js';
import { type Content, inUtf8, openContent } from './content.js';
import { encodingOf, toEncoding } from './encodings.js';
import { fileBlocks, type OpenFile } from './file-blocks.js';
import { Fingerprinter, noContent } from './fingerprint.js';
import { readSignature, readStart, type Start } from './header.js';
import { RowReader } from './row-reader.js';
import { readRows } from './rows.js';

export type {
  Batch,
  BatchOptions,
  Fingerprint,
  Format,
  Header,
  Position,
  RawRow,
  Reader,
  RowSource,
  RowsOptions,
  Taken,
} from './batch.js';

const hashedBlockBytes = 1_048_576;

class OpenBatch implements Batch {
  readonly header: Header;
  readonly dataStart: Position;
  readonly stat: FileStat;
  readonly format: Format;
  readonly isCompressed: boolean;
  readonly #disk: Disk;
  readonly #open: OpenFile;
  readonly #content: Content;

  #next: Position;
  #fingerprinter: Fingerprinter | null = new Fingerprinter(noContent);
  #readBytes = 0;
  /** Of the content, up to where `#readBytes` has come. */
  #contentBytes = 0;

  constructor(disk: Disk, open: OpenFile, stat: FileStat, content: Content, format: Format, start: Start) {
    this.#disk = disk;
    this.#open = open;
    this.#content = content;
    this.format = format;
    this.stat = stat;
    this.isCompressed = content.isCompressed;
    this.header = start.header;
    this.dataStart = start.dataStart;
    this.#next = start.dataStart;
  }

  rows(from: Position, options: RowsOptions = {}): AsyncGenerator<readonly RawRow[], void, void> {
    const { withBytes = false } = options;
    return this.read(new RowReader(this.#open.path, this.format, from, withBytes), from, options);
  }

  async *read<Rows extends { readonly length: number }>(
    reader: Reader<Rows>,
    from: Position,
    { fingerprint = noContent, blockBytes }: Omit<RowsOptions, 'withBytes'> = {},
  ): AsyncGenerator<Rows, void, void> {
    this.#fingerprinter = fingerprint === null ? null : new Fingerprinter(fingerprint);
    this.#next = from;
    for await (const { rows, after, fault } of readRows(this.#chunks(from.byte, blockBytes), reader)) {
      this.#next = after;
      if (rows.length > 0) yield rows;
      if (fault !== null) throw fault;
    }
  }

  /** The content from `fromByte` on, and what is before it that the fingerprint still wants. */
  async *#chunks(fromByte: number, blockBytes?: number): AsyncGenerator<Buffer, void, void> {
    let atByte = Math.min(fromByte, this.#fingerprinter?.startByte ?? fromByte);
    const onRead = (fileByte: number) => {
      this.#readBytes = fileByte;
    };
    const pieces = this.#content.pieces(atByte, onRead, blockBytes);
    for await (const piece of pieces) {
      this.#fingerprinter?.take(piece, atByte);
      const skipBytes = Math.max(fromByte - atByte, 0);
      atByte += piece.length;
      this.#contentBytes = atByte;
      if (skipBytes < piece.length) yield piece.subarray(skipBytes);
    }
  }

  nextPosition(): Position {
    return this.#next;
  }

  toFileBytes(contentBytes: Buffer): Buffer {
    return toEncoding(contentBytes, this.format.encoding);
  }

  readBytes(): number {
    return this.#readBytes;
  }

  fileBytesTo(contentByte: number): number {
    if (this.#contentBytes === 0) return 0;
    return Math.round(this.#readBytes * Math.min(1, contentByte / this.#contentBytes));
  }

  fingerprint(): Fingerprint {
    if (this.#fingerprinter === null) throw new Error('rows() was asked to keep no fingerprint');
    return this.#fingerprinter.fingerprint();
  }

  async fingerprintTo(byte: number): Promise<Fingerprint> {
    const fingerprinter = new Fingerprinter(noContent);
    try {
      for await (const piece of this.#content.pieces(0)) {
        const atByte = fingerprinter.startByte;
        fingerprinter.take(piece.subarray(0, byte - atByte), atByte);
        if (fingerprinter.startByte === byte) break;
      }
    } catch (error) {
      if (!(error instanceof ContentFault)) throw error;
    }
    return fingerprinter.fingerprint();
  }

  async matches(fingerprint: Fingerprint): Promise<boolean> {
    const found = await this.fingerprintTo(fingerprint.bytes);
    return found.bytes === fingerprint.bytes && found.digest === fingerprint.digest;
  }

  async sha256(): Promise<string> {
    const hash = createHash('sha256');
    // One for all blocks, and no larger than FILE needs: a megabyte for each of many small files is collected all the time.
    let buffer = Buffer.allocUnsafe(0);
    const newBuffer = (bytes: number) => {
      if (bytes > buffer.length) buffer = Buffer.allocUnsafe(bytes);
      return buffer.subarray(0, bytes);
    };
    const blocks = fileBlocks(this.#open, 0, hashedBlockBytes, () => {}, newBuffer);
    try {
      for await (const block of blocks) hash.update(block);
    } catch (error) {
      throw error instanceof ContentFault ? error.toFileError(this.#open.path, null) : error;
    }
    return hash.digest('hex');
  }

  async lookAgain(): Promise<'same' | 'touched' | 'gone'> {
    try {
      const { sizeBytes, modifiedNs, identity } = await this.#disk.stat(this.#open.path);
      const { stat } = this;
      const isSame = sizeBytes === stat.sizeBytes && modifiedNs === stat.modifiedNs && identity === stat.identity;
      return isSame ? 'same' : 'touched';
    } catch (error) {
      const found = systemCode(error);
      if (found === 'ENOENT' || found === 'ENOTDIR') return 'gone';
      throw readingError(this.#open.path, error);
    }
  }

  async close(): Promise<void> {
    await this.#open.file.close();
  }
}

async function openFile(disk: Disk, path: string): Promise<DiskFile> {
  try {
    return await disk.openInput(path);
  } catch (error) {
    throw openingError(path, error);
  }
}

async function statRegular(file: DiskFile, path: string): Promise<FileStat> {
  let stat: FileStat;
  try {
    stat = await file.stat();
  } catch (error) {
    throw readingError(path, error);
  }
  if (stat.kind === 'folder') throw notRegular(path, 'folder');
  if (stat.kind === 'other') throw notRegular(path, 'device or pipe');
  return stat;
}

/**
 * Opens FILE and reads its header.
 * @throws FileError for what is missing, no regular file, empty, not text, a gzip that is damaged from its start, or
 * has a header that cannot be read; MachineError where the disk fails.
 */
export async function openBatch(disk: Disk, path: string, options: BatchOptions): Promise<Batch> {
  const file = await openFile(disk, path);
  try {
    const stat = await statRegular(file, path);
    const open: OpenFile = { file, path, sizeBytes: stat.sizeBytes };
    const bytes = await openContent(open);
    const encoding = encodingOf(await readSignature(bytes, path), options.encoding ?? 'utf-8');
    const content = inUtf8(bytes, encoding);
    const start = await readStart(content, path, options);
    const format: Format = { delimiter: start.delimiter, values: options.values, encoding };
    return new OpenBatch(disk, open, stat, content, format, start);
  } catch (error) {
    await file.close();
    throw error;
  }
}
