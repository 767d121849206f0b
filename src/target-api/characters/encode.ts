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

const continuation = '%[89AB][0-9A-F]';
/** What encodeURIComponent makes: characters that it leaves as they are, and all others' UTF-8 (RFC 3629, 4), in capitals. */
const encodedPattern = new RegExp(
  `^(?:${[
    "[\\w.~!*'()-]",
    '%(?:[01][0-9A-F]|2[02-6BCF]|3[A-F]|40|5[B-E]|60|7[BCDF])',
    `%(?:C[2-9A-F]|D[0-9A-F])${continuation}`,
    `%(?:E0%[AB][0-9A-F]|E[1-9A-CEF]${continuation}|ED%[89][0-9A-F])${continuation}`,
    `%(?:F0%[9AB][0-9A-F]|F[1-3]${continuation}|F4%8[0-9A-F])${continuation}${continuation}`,
  ].join('|')})*$`,
);

/** Whether an encoded cell is already what goes out for it: to decode and encode it again would change nothing. */
export function isEncoded(cell: string): boolean {
  return encodedPattern.test(cell);
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
