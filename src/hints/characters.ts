/** Code points of the decoded value, without decoding it: a byte that continues a UTF-8 character is not counted. */
export function countCharacters(cell: string, values: 'encoded' | 'raw'): number {
  let count = cell.length;
  if (values === 'encoded') {
    for (let at = cell.indexOf('%'); at >= 0; at = cell.indexOf('%', at + 1)) {
      count -= isContinuation(cell.charCodeAt(at + 1)) ? 3 : 2;
    }
  }
  return surrogate.test(cell) ? count - (cell.match(everyPair)?.length ?? 0) : count;
}

const surrogate = /[\ud800-\udbff]/;
const everyPair = /[\ud800-\udbff][\udc00-\udfff]/g;

/** Its first hexadecimal digit is 8, 9, A or B (RFC 3629, 3). */
function isContinuation(digit: number): boolean {
  return digit === 0x38 || digit === 0x39 || digit === 0x41 || digit === 0x42 || digit === 0x61 || digit === 0x62;
}
