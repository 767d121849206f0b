/** What may go wrong by the seed. `cut-before` and `cut-after`: the connection is reset before or after the update is applied. */
export type Fault = 'server-error' | 'unavailable' | 'cut-before' | 'cut-after' | 'html-page' | 'late-reply';

/** Of twelve faults; 503 is rare because it rightly holds a whole run, and a late reply because it takes a second. */
const shares: readonly (readonly [Fault, number])[] = [
  ['server-error', 4],
  ['cut-before', 2],
  ['cut-after', 2],
  ['html-page', 2],
  ['unavailable', 1],
  ['late-reply', 1],
];
const shareSum = shares.reduce((sum, [, share]) => sum + share, 0);

/**
 * Decided by the seed, the visitor and the number of that visitor's attempts so far, not by the order in which requests
 * of different visitors happen to arrive: so a run with many at once meets the same faults when it is repeated.
 */
export function faultFor(seed: number, errorRate: number, visitor: string, tryNumber: number): Fault | null {
  if (errorRate <= 0) return null;
  const drawn = hash(visitor, mix(Math.imul(seed, 0x9e3779b1) ^ tryNumber));
  if (drawn / 4_294_967_296 >= errorRate) return null;
  let place = mix(drawn ^ 0x5bd1e995) % shareSum;
  for (const [fault, share] of shares) {
    if (place < share) return fault;
    place -= share;
  }
  return null;
}

/** FNV-1a over the text's UTF-16 units, then mixed; 32 bits, unsigned. */
function hash(text: string, start: number): number {
  let state = start ^ 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  return mix(state);
}

/** Spreads a 32-bit number evenly over all of them (the finalizer of MurmurHash3); unsigned. */
function mix(number: number): number {
  let state = number;
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}
