/**
 * The encoding of application/x-www-form-urlencoded, both ways, as the file and the request use it.
 *
 * A space goes out as %20, never as `+`: all form decoders read it as a space, and so do those that decode a query
 * without the form's rule for `+`. What encodeURIComponent leaves as it is means itself to every decoder.
 */

/** What `+` stands for in an encoded cell. */
export type Plus = 'space' | 'literal';

/** Characters that are the same encoded and decoded. The hot path: most cells of most files are made of nothing else. */
const plainPattern = /^[\w.~!*'()-]*$/;

export function isPlain(text: string): boolean {
  return plainPattern.test(text);
}

/** Pure ASCII that every form decoder reads as exactly `text`. `text` holds no lone surrogates (it was UTF-8). */
export function formEncode(text: string): string {
  return isPlain(text) ? text : encodeURIComponent(text);
}

/** `null`: a `%` that no two hexadecimal digits follow, or bytes that are not UTF-8 (overlong forms and surrogates too). */
export function formDecode(cell: string, plus: Plus): string | null {
  const text = plus === 'space' ? cell.replaceAll('+', ' ') : cell;
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return null; // URIError: the one thing that decodeURIComponent throws
  }
}
