/**
 * What a profile token looks like, and what people put in its place. The one reading of tokens, from a file, from the
 * environment and from a library's caller alike. Pure; nothing of the text is in what it says.
 */

/** What header values may contain, without a space: RFC 9110 section 5.5; RFC 6750 section 2.1 (b64token) is a part of it. */
const tokenCharacters = /^[\u0021-\u007e]+$/;

const mistakes: readonly (readonly [pattern: RegExp, found: string])[] = [
  [/^\s*$/, 'nothing'],
  [/\0/, 'bytes that are not UTF-8 text (UTF-16?): save the file as UTF-8'],
  [/^\s*authorization\s*:/i, 'a whole header: leave out "Authorization: Bearer"'],
  [/^\s*bearer(?:\s|$)/i, 'the word Bearer before it: leave it out'],
  [/^\s*(?:export\s+|set\s+)?[A-Za-z_]\w*\s*=\s*[^=\s]/, 'NAME=value: give the value alone'],
  [/^\s*\{/, 'JSON: give the value of accessToken alone'],
  [/^\s*["'`\u2018-\u201f]|["'`\u2018-\u201f]\s*$/, 'quotes around it: leave them out'],
  [/^\ufeff/, 'a byte order mark before it: save the file without one'],
  [/[\r\n]\s*\S/, 'several lines: give one token alone'],
  [/[\r\n]/, 'a line end: leave it out'],
  [/^\s|\s$/, 'blanks around it: leave them out'],
  [/\s/, 'blanks in it: give one token alone'],
];

/** What was found in place of a token, and what to do; `null`: it is one. */
export function tokenMistake(text: string): string | null {
  const mistake = mistakes.find(([pattern]) => pattern.test(text));
  if (mistake !== undefined) return mistake[1];
  return tokenCharacters.test(text)
    ? null
    : 'characters that a header cannot hold: use only ASCII letters, digits and signs';
}

/** A file's last line has an end, which is not a part of the token. */
export function tokenOfFile(content: string): string {
  return content.replace(/[ \t\r\n]+$/, '');
}
