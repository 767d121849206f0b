import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noPrefix, sipHash, sipKey } from '../../src/hash/sip-hash.js';

function hash(keyBytes: Uint8Array, text: string, prefix = noPrefix): string {
  const result = new Int32Array(2);
  sipHash(sipKey(keyBytes), prefix, text, 0, text.length, result, 0);
  return Buffer.from(result.buffer).toString('hex');
}

/** The same by the paper, with big integers: slow and plain. */
function plainSipHash(key: Uint8Array, message: Uint8Array): string {
  const word = (bytes: Uint8Array, at: number) => Buffer.from(bytes).readBigUInt64LE(at);
  const cut = (value: bigint) => BigInt.asUintN(64, value);
  const left = (value: bigint, by: bigint) => cut((value << by) | (value >> (64n - by)));
  const k0 = word(key, 0);
  const k1 = word(key, 8);
  let v0 = k0 ^ 0x736f6d6570736575n;
  let v1 = k1 ^ 0x646f72616e646f6dn;
  let v2 = k0 ^ 0x6c7967656e657261n;
  let v3 = k1 ^ 0x7465646279746573n;
  const round = () => {
    v0 = cut(v0 + v1);
    v1 = left(v1, 13n) ^ v0;
    v0 = left(v0, 32n);
    v2 = cut(v2 + v3);
    v3 = left(v3, 16n) ^ v2;
    v0 = cut(v0 + v3);
    v3 = left(v3, 21n) ^ v0;
    v2 = cut(v2 + v1);
    v1 = left(v1, 17n) ^ v2;
    v2 = left(v2, 32n);
  };
  const padded = Buffer.alloc((Math.floor(message.length / 8) + 1) * 8);
  padded.set(message);
  padded[padded.length - 1] = message.length & 0xff;
  for (let at = 0; at < padded.length; at += 8) {
    const block = padded.readBigUInt64LE(at);
    v3 ^= block;
    round();
    round();
    v0 ^= block;
  }
  v2 ^= 0xffn;
  for (let count = 0; count < 4; count += 1) round();
  const result = Buffer.alloc(8);
  result.writeBigUInt64LE(v0 ^ v1 ^ v2 ^ v3);
  return result.toString('hex');
}

describe('sipHash', () => {
  // vectors.h of the authors' reference implementation: key 00…0f, message 00, 01, 02, … of the given length.
  it.each([
    [0, '310e0edd47db6f72'],
    [1, 'fd67dc93c539f874'],
    [2, '5a4fa9d909806c0d'],
    [7, '37d1018bf50002ab'],
    [8, '6224939a79f5f593'],
    [15, 'e545be4961ca29a1'],
  ])('gives the result of the reference implementation for %i bytes', (length, expected) => {
    const key = Uint8Array.from({ length: 16 }, (_, index) => index);
    expect(hash(key, String.fromCharCode(...Array.from({ length }, (_, index) => index)))).toBe(expected);
  });

  it('agrees with a plain implementation for every key, prefix and text', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.array(fc.tuple(fc.integer(), fc.integer()), { maxLength: 3 }),
        fc.uint8Array({ maxLength: 300 }),
        (key, words, bytes) => {
          const prefix = Int32Array.from(words.flat());
          const message = Buffer.concat([Buffer.from(prefix.buffer), bytes]);
          expect(hash(key, String.fromCharCode(...bytes), prefix)).toBe(plainSipHash(key, message));
        },
      ),
    );
  });

  it('hashes UTF-16 units as the bytes that they are, low byte first', () => {
    const anyText = fc.string({ unit: 'binary', maxLength: 60 });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), anyText, (key, text) => {
        const result = new Int32Array(2);
        sipHash(sipKey(key), noPrefix, text, 0, text.length, result, 0, 2);
        const found = Buffer.from(result.buffer).toString('hex');
        expect(found).toBe(plainSipHash(key, Buffer.from(text, 'utf16le')));
      }),
      { numRuns: 30 },
    );
  });

  it('hashes the part of the text that it is told to, and leaves the rest of the result alone', () => {
    const key = sipKey(new Uint8Array(16));
    const result = new Int32Array([1, 2, 3, 4]);
    sipHash(key, noPrefix, 'before-text-after', 7, 11, result, 2);
    expect([...result.subarray(0, 2)]).toEqual([1, 2]);
    expect(Buffer.from(result.buffer).subarray(8).toString('hex')).toBe(hash(new Uint8Array(16), 'text'));
  });
});
