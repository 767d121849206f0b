/**
 * SipHash-2-4, 64 bits, after Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012): a keyed hash whose
 * results cannot be told from chance without its 128-bit key. Every row of a `--changed-only` run is hashed, and
 * node:crypto has nothing quick enough on short texts (an id and five attributes: HMAC 32 µs, `crypto.hash` 7 µs,
 * this 2 µs).
 *
 * JavaScript has no quick 64-bit integers: each word of the state v0 to v3 is two 32-bit halves. The state stands in
 * the module, which is safe because hashing is one synchronous step.
 */

/** 128 bits as four 32-bit words, lowest first. */
export type SipKey = Int32Array;

export const sipKeyBytes = 16;

let v0Low = 0;
let v0High = 0;
let v1Low = 0;
let v1High = 0;
let v2Low = 0;
let v2High = 0;
let v3Low = 0;
let v3High = 0;

/** The first 16 bytes of `bytes` as a key. */
export function sipKey(bytes: Uint8Array): SipKey {
  const view = new DataView(bytes.buffer, bytes.byteOffset, sipKeyBytes);
  return Int32Array.from([0, 4, 8, 12], (offset) => view.getInt32(offset, true));
}

/**
 * Hashes the words of `prefix` (low half, high half, and so on; none: an empty array) followed by the characters of
 * `text` from `start` to before `end`, one byte each: ASCII, as every canonical form is. The result goes to
 * `result[at]` (low half) and `result[at + 1]` (high half), so that hashing a row allocates nothing.
 */
export function sipHash(
  key: SipKey,
  prefix: Int32Array,
  text: string,
  start: number,
  end: number,
  result: Int32Array,
  at: number,
): void {
  begin(key);
  for (let index = 0; index < prefix.length; index += 2) absorb(prefix[index] ?? 0, prefix[index + 1] ?? 0);
  let position = start;
  for (; position + 8 <= end; position += 8) absorb(wordAt(text, position), wordAt(text, position + 4));
  // What is left, up to 7 bytes, with the length of all in the highest byte.
  let low = 0;
  let high = (prefix.length * 4 + end - start) << 24;
  for (let shift = 0; position < end; position += 1, shift += 8) {
    if (shift < 32) low |= text.charCodeAt(position) << shift;
    else high |= text.charCodeAt(position) << (shift - 32);
  }
  absorb(low, high);
  v2Low ^= 0xff;
  rounds(4);
  result[at] = v0Low ^ v1Low ^ v2Low ^ v3Low;
  result[at + 1] = v0High ^ v1High ^ v2High ^ v3High;
}

/** The key mixed with "somepseudorandomlygeneratedbytes". */
function begin(key: SipKey): void {
  const key0Low = key[0] ?? 0;
  const key0High = key[1] ?? 0;
  const key1Low = key[2] ?? 0;
  const key1High = key[3] ?? 0;
  v0Low = key0Low ^ 0x70736575;
  v0High = key0High ^ 0x736f6d65;
  v1Low = key1Low ^ 0x6e646f6d;
  v1High = key1High ^ 0x646f7261;
  v2Low = key0Low ^ 0x6e657261;
  v2High = key0High ^ 0x6c796765;
  v3Low = key1Low ^ 0x79746573;
  v3High = key1High ^ 0x74656462;
}

function absorb(low: number, high: number): void {
  v3Low ^= low;
  v3High ^= high;
  rounds(2);
  v0Low ^= low;
  v0High ^= high;
}

/** `count` SipRounds: additions with their carry, rotations by 13, 32, 16, 21, 17 and 32 bits. */
function rounds(count: number): void {
  for (let round = 0; round < count; round += 1) {
    let sum = (v0Low >>> 0) + (v1Low >>> 0);
    v0High = (v0High + v1High + (sum > 0xffffffff ? 1 : 0)) | 0;
    v0Low = sum | 0;
    let moved = (v1Low << 13) | (v1High >>> 19);
    v1High = ((v1High << 13) | (v1Low >>> 19)) ^ v0High;
    v1Low = moved ^ v0Low;
    moved = v0Low;
    v0Low = v0High;
    v0High = moved;

    sum = (v2Low >>> 0) + (v3Low >>> 0);
    v2High = (v2High + v3High + (sum > 0xffffffff ? 1 : 0)) | 0;
    v2Low = sum | 0;
    moved = (v3Low << 16) | (v3High >>> 16);
    v3High = ((v3High << 16) | (v3Low >>> 16)) ^ v2High;
    v3Low = moved ^ v2Low;

    sum = (v0Low >>> 0) + (v3Low >>> 0);
    v0High = (v0High + v3High + (sum > 0xffffffff ? 1 : 0)) | 0;
    v0Low = sum | 0;
    moved = (v3Low << 21) | (v3High >>> 11);
    v3High = ((v3High << 21) | (v3Low >>> 11)) ^ v0High;
    v3Low = moved ^ v0Low;

    sum = (v2Low >>> 0) + (v1Low >>> 0);
    v2High = (v2High + v1High + (sum > 0xffffffff ? 1 : 0)) | 0;
    v2Low = sum | 0;
    moved = (v1Low << 17) | (v1High >>> 15);
    v1High = ((v1High << 17) | (v1Low >>> 15)) ^ v2High;
    v1Low = moved ^ v2Low;
    moved = v2Low;
    v2Low = v2High;
    v2High = moved;
  }
}

function wordAt(text: string, position: number): number {
  return (
    text.charCodeAt(position) |
    (text.charCodeAt(position + 1) << 8) |
    (text.charCodeAt(position + 2) << 16) |
    (text.charCodeAt(position + 3) << 24)
  );
}
