/** Lines as an editor counts them: LF, CR LF and CR each end one, in quotes or not. */

export const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

const lf = 0x0a;
const cr = 0x0d;

export function isLineEnd(byte: number | undefined): boolean {
  return byte === lf || byte === cr;
}

/** Line ends in `bytes` from index `from` up to `to`. A CR whose LF lies at `to` or after counts as none. */
export function countLineEnds(bytes: Buffer, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at];
    if (byte === lf || (byte === cr && bytes[at + 1] !== lf)) count += 1;
  }
  return count;
}

/**
 * The index of the first byte from `from` on that does not belong to a blank line. A CR that is the last byte is left
 * where it stands unless `isEnd`: its LF may be on the way.
 */
export function skipBlankLines(bytes: Buffer, from: number, isEnd: boolean): number {
  let at = from;
  while (isLineEnd(bytes[at])) at += 1;
  return !isEnd && at === bytes.length && at > from && bytes[at - 1] === cr ? at - 1 : at;
}
