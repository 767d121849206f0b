import { createHash, type Hash } from 'node:crypto';
import type { Fingerprint } from './batch.js';

export const blockBytes = 1_048_576;

const firstChain = '0'.repeat(64);

function startBlock(chain: string): Hash {
  return createHash('sha256').update(chain, 'hex');
}

export const noContent: Fingerprint = {
  bytes: 0,
  digest: startBlock(firstChain).digest('hex'),
  blockCount: 0,
  chain: firstChain,
};

/**
 * Keeps a fingerprint while content goes by.
 * Invariant: `#block` has taken in `#chain` and the content from `#blockCount` whole blocks up to `#bytes`.
 */
export class Fingerprinter {
  #bytes: number;
  #blockCount: number;
  #chain: string;
  #block: Hash;

  /** Carries `earlier` on from its last whole block: the content is wanted from `startByte` on. */
  constructor(earlier: Fingerprint) {
    this.#blockCount = earlier.blockCount;
    this.#chain = earlier.chain;
    this.#bytes = earlier.blockCount * blockBytes;
    this.#block = startBlock(earlier.chain);
  }

  /** The first byte of the content that is not taken in yet. */
  get startByte(): number {
    return this.#bytes;
  }

  /** `chunk` stands at `chunkByte` of the content, at `startByte` or before it; what is known already is passed over. */
  take(chunk: Buffer, chunkByte: number): void {
    let at = Math.min(this.#bytes - chunkByte, chunk.length);
    while (at < chunk.length) {
      const blockEndByte = (this.#blockCount + 1) * blockBytes;
      const part = chunk.subarray(at, at + blockEndByte - this.#bytes);
      this.#block.update(part);
      this.#bytes += part.length;
      at += part.length;
      if (this.#bytes === blockEndByte) {
        this.#chain = this.#block.digest('hex');
        this.#block = startBlock(this.#chain);
        this.#blockCount += 1;
      }
    }
  }

  fingerprint(): Fingerprint {
    return {
      bytes: this.#bytes,
      digest: this.#block.copy().digest('hex'),
      blockCount: this.#blockCount,
      chain: this.#chain,
    };
  }
}
