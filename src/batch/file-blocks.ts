import type { DiskFile } from '../platform/ports.js';
import { ContentFault, readingError } from './batch-errors.js';

/** FILE while it is open. It is read by its handle, so that it may be renamed or removed meanwhile. */
export interface OpenFile {
  readonly file: DiskFile;
  readonly path: string;
  /** When it was opened. */
  readonly sizeBytes: number;
}

/** Room for a file to grow while it is read, and for one that tells no size. */
const smallestBlockBytes = 4096;

/** Reads until `into` is full or the file ends; resolves to how many bytes. */
export async function readFully(open: OpenFile, into: Buffer, positionBytes: number): Promise<number> {
  try {
    let count = 0;
    while (count < into.length) {
      const readBytes = await open.file.read(into.subarray(count), positionBytes + count);
      if (readBytes === 0) break;
      count += readBytes;
    }
    return count;
  } catch (error) {
    throw readingError(open.path, error);
  }
}

async function sizeNow(open: OpenFile): Promise<number> {
  try {
    return (await open.file.stat()).sizeBytes;
  } catch (error) {
    throw readingError(open.path, error);
  }
}

/**
 * FILE's own bytes from `fromByte` to its end, in blocks of at most `blockBytes`: each in a buffer that `newBuffer` gives,
 * which may be the last one again where blocks are not kept. What is appended while they are read is read too. `onRead`
 * gets the byte that reading has come to.
 * @throws ContentFault where the file has become shorter than it was, MachineError where the disk fails.
 */
export async function* fileBlocks(
  open: OpenFile,
  fromByte: number,
  blockBytes: number,
  onRead: (toByte: number) => void,
  newBuffer: (bytes: number) => Buffer = Buffer.allocUnsafe,
): AsyncGenerator<Buffer, void, void> {
  let atByte = fromByte;
  let emptyReadCount = 0;
  for (;;) {
    // A small file wants no large block: thousands of them, one after the other, would fill memory with emptiness.
    const leftBytes = Math.max(open.sizeBytes - atByte, 0);
    const block = newBuffer(Math.min(blockBytes, leftBytes + smallestBlockBytes));
    const count = await readFully(open, block, atByte);
    atByte += count;
    onRead(atByte);
    emptyReadCount = count === 0 ? emptyReadCount + 1 : 0;
    if (count > 0) yield block.subarray(0, count);
    // A short read is the end, unless the file has grown in the meantime.
    if (count < block.length) {
      const sizeBytes = await sizeNow(open);
      if (sizeBytes < Math.max(atByte, open.sizeBytes)) {
        throw new ContentFault(
          'file-shrank',
          'the file has become shorter while it was read. Write it to another name and rename it.',
        );
      }
      if (sizeBytes === atByte || emptyReadCount === 2) return; // some file systems tell a size and have less to give
    }
  }
}
