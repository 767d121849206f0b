/**
 * SipHash-2-4, 64 bits, after Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012): a keyed hash whose
 * results look random without its 128-bit key. The program's one such hash: every row of a `--changed-only`
 * run is hashed, and every id of a check, and node:crypto has nothing quick enough on short texts (an id and five
 * attributes: HMAC 32 µs, `crypto.hash` 7 µs, this 2 µs).
 *
 * JavaScript has no quick 64-bit integers: each word of the state v0 to v3 is two 32-bit halves. There is one loop, over
 * all words and the end, so that the state stays in local variables.
 */

/** 128 bits as four 32-bit words, lowest first. */
export type SipKey = Int32Array;

export const sipKeyBytes = 16;

/** For texts without anything before them. */
export const noPrefix = new Int32Array(0);

/** The first 16 bytes of `bytes` as a key. */
export function sipKey(bytes: Uint8Array): SipKey {
  const view = new DataView(bytes.buffer, bytes.byteOffset, sipKeyBytes);
  return Int32Array.from([0, 4, 8, 12], (offset) => view.getInt32(offset, true));
}

/**
 * Hashes the words of `prefix` (low half, high half, and so on) followed by the characters of `text` from `start` to
 * before `end`: one byte each where `characterBytes` is 1 (ASCII, as every canonical form is), two where it is 2 (UTF-16
 * units, low byte first). The result goes to `result[at]` (low half) and `result[at + 1]` (high half), so that hashing
 * a row allocates nothing.
 */
export function sipHash(
  key: SipKey,
  prefix: Int32Array,
  text: string,
  start: number,
  end: number,
  result: Int32Array,
  at: number,
  characterBytes: 1 | 2 = 1,
): void {
  const key0Low = key[0] ?? 0;
  const key0High = key[1] ?? 0;
  const key1Low = key[2] ?? 0;
  const key1High = key[3] ?? 0;
  // The key mixed with "somepseudorandomlygeneratedbytes".
  let v0Low = key0Low ^ 0x70736575;
  let v0High = key0High ^ 0x736f6d65;
  let v1Low = key1Low ^ 0x6e646f6d;
  let v1High = key1High ^ 0x646f7261;
  let v2Low = key0Low ^ 0x6e657261;
  let v2High = key0High ^ 0x6c796765;
  let v3Low = key1Low ^ 0x79746573;
  let v3High = key1High ^ 0x74656462;

  // Of the text: whole words, one that holds what is left and the length, and then the end.
  const prefixCount = prefix.length >>> 1;
  const bits = 8 * characterBytes;
  const halfLength = 4 / characterBytes;
  const lengthBytes = prefix.length * 4 + (end - start) * characterBytes;
  const wordCount = prefixCount + Math.floor((end - start) / (2 * halfLength)) + 1;
  let position = start;
  for (let word = 0; word <= wordCount; word += 1) {
    let low = 0;
    let high = 0;
    let roundCount = 2;
    if (word < prefixCount) {
      low = prefix[2 * word] ?? 0;
      high = prefix[2 * word + 1] ?? 0;
    } else if (word < wordCount) {
      const middle = Math.min(end, position + halfLength);
      const wordEnd = Math.min(end, position + 2 * halfLength);
      for (let shift = 0; position < middle; position += 1, shift += bits) low |= text.charCodeAt(position) << shift;
      for (let shift = 0; position < wordEnd; position += 1, shift += bits) high |= text.charCodeAt(position) << shift;
      if (word === wordCount - 1) high |= lengthBytes << 24;
    } else {
      v2Low ^= 0xff;
      roundCount = 4;
    }
    v3Low ^= low;
    v3High ^= high;
    // SipRounds: additions with their carry, rotations by 13, 32, 16, 21, 17 and 32 bits.
    for (; roundCount > 0; roundCount -= 1) {
      let moved: number;
      v0High = (v0High + v1High) | 0;
      v0Low = (v0Low + v1Low) | 0;
      if (v0Low >>> 0 < v1Low >>> 0) v0High = (v0High + 1) | 0;
      moved = (v1Low << 13) | (v1High >>> 19);
      v1High = ((v1High << 13) | (v1Low >>> 19)) ^ v0High;
      v1Low = moved ^ v0Low;
      moved = v0Low;
      v0Low = v0High;
      v0High = moved;

      v2High = (v2High + v3High) | 0;
      v2Low = (v2Low + v3Low) | 0;
      if (v2Low >>> 0 < v3Low >>> 0) v2High = (v2High + 1) | 0;
      moved = (v3Low << 16) | (v3High >>> 16);
      v3High = ((v3High << 16) | (v3Low >>> 16)) ^ v2High;
      v3Low = moved ^ v2Low;

      v0High = (v0High + v3High) | 0;
      v0Low = (v0Low + v3Low) | 0;
      if (v0Low >>> 0 < v3Low >>> 0) v0High = (v0High + 1) | 0;
      moved = (v3Low << 21) | (v3High >>> 11);
      v3High = ((v3High << 21) | (v3Low >>> 11)) ^ v0High;
      v3Low = moved ^ v0Low;

      v2High = (v2High + v1High) | 0;
      v2Low = (v2Low + v1Low) | 0;
      if (v2Low >>> 0 < v1Low >>> 0) v2High = (v2High + 1) | 0;
      moved = (v1Low << 17) | (v1High >>> 15);
      v1High = ((v1High << 17) | (v1Low >>> 15)) ^ v2High;
      v1Low = moved ^ v2Low;
      moved = v2Low;
      v2Low = v2High;
      v2High = moved;
    }
    v0Low ^= low;
    v0High ^= high;
  }
  result[at] = v0Low ^ v1Low ^ v2Low ^ v3Low;
  result[at + 1] = v0High ^ v1High ^ v2High ^ v3High;
}
