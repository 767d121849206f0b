import { createGunzip } from 'node:zlib';
import { systemCode } from '../terms/errors.js';
import { ContentFault } from './batch-errors.js';

/** Compressed bytes taken at a time: gzip makes at most 1,032 bytes of one, so at most 17 MB wait to be read. */
export const compressedBlockBytes = 16_384;

const contentChunkBytes = 65_536;

function fault(message: string, cause?: unknown): ContentFault {
  return new ContentFault('file-gzip', `${message} Create the .gz again from its source.`, cause);
}

/**
 * The content of a gzip of one or more members; zero bytes after the last one are padding, as gzip itself has it.
 * What a block holds is given before the next is asked for, so what comes before a fault does not depend on timing.
 * @throws ContentFault where it is damaged, ends early, or is followed by something else.
 */
export async function* gunzipped(blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  const gunzip = createGunzip({ chunkSize: contentChunkBytes });
  const ready: Buffer[] = [];
  gunzip.on('data', (chunk: Buffer) => ready.push(chunk));
  const ended = new Promise<void>((resolve, reject) => {
    gunzip.once('end', resolve);
    gunzip.on('error', (error) => {
      const isEarly = systemCode(error) === 'Z_BUF_ERROR';
      reject(fault(isEarly ? 'the gzip ends early.' : 'the gzip is damaged, or something else follows it.', error));
    });
  });
  ended.catch(() => {}); // seen where it is raced

  try {
    let takenBytes = 0;
    let isPadding = false;
    for await (const block of blocks) {
      let rest = block;
      if (!isPadding) {
        const written = new Promise<void>((resolve) => {
          gunzip.write(block, (error) => {
            if (!error) resolve();
          });
        });
        await Promise.race([written, ended]);
        yield* ready.splice(0);
        takenBytes += block.length;
        // Node ends the stream where a zero byte follows a member, and leaves the rest to us.
        rest = block.subarray(block.length - (takenBytes - gunzip.bytesWritten));
        isPadding = rest.length > 0;
      }
      if (isPadding && rest.some((byte) => byte !== 0)) throw fault('something else follows the gzip.');
    }
    if (isPadding) return;
    gunzip.end();
    await ended;
    yield* ready.splice(0);
  } catch (error) {
    yield* ready.splice(0);
    throw error;
  } finally {
    gunzip.destroy();
  }
}
