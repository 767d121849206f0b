import { type FoundEncoding, transcoded } from './encodings.js';
import { fileBlocks, type OpenFile, readFully } from './file-blocks.js';
import { compressedBlockBytes, gunzipped } from './gzip.js';

/**
 * What is read of a plain file at a time, some 400 rows. Smaller blocks wake the thread that makes rows more often;
 * larger ones wait for longer until they are used up, and outlive collections of young garbage.
 */
const plainBlockBytes = 32_768;

/** The text in FILE, decompressed if it is a gzip, transcoded to UTF-8 where it is something else. */
export interface Content {
  /** Whether it is another than FILE's own bytes. */
  readonly isCompressed: boolean;
  /**
   * From `fromByte` to the end, in fresh buffers that are never empty. What is another than FILE's own bytes is read
   * from its start for it.
   * `onRead` gets the byte of FILE itself that reading has come to. `blockBytes`: of a plain file at a time.
   * @throws ContentFault, MachineError
   */
  pieces(
    fromByte: number,
    onRead?: (fileByte: number) => void,
    blockBytes?: number,
  ): AsyncGenerator<Buffer, void, void>;
}

async function* afterByte(chunks: AsyncIterable<Buffer>, fromByte: number): AsyncGenerator<Buffer, void, void> {
  let skipBytes = fromByte;
  for await (const chunk of chunks) {
    if (skipBytes < chunk.length) yield chunk.subarray(skipBytes);
    skipBytes = Math.max(skipBytes - chunk.length, 0);
  }
}

/** A gzip is known by its first two bytes (RFC 1952, 2.3.1), whatever its name. */
export async function openContent(open: OpenFile): Promise<Content> {
  const magic = Buffer.alloc(2);
  await readFully(open, magic, 0);
  const isCompressed = magic[0] === 0x1f && magic[1] === 0x8b;
  return {
    isCompressed,
    pieces: (fromByte, onRead = () => {}, blockBytes = plainBlockBytes) =>
      isCompressed
        ? afterByte(gunzipped(fileBlocks(open, 0, compressedBlockBytes, onRead)), fromByte)
        : fileBlocks(open, fromByte, blockBytes, onRead),
  };
}

/** The content as UTF-8. Places in it are places in the UTF-8 text, and exact however the file is read. */
export function inUtf8(content: Content, encoding: FoundEncoding): Content {
  if (encoding === 'utf-8') return content;
  return {
    isCompressed: true,
    pieces: (fromByte, onRead, blockBytes) =>
      afterByte(transcoded(content.pieces(0, onRead, blockBytes), encoding), fromByte),
  };
}
