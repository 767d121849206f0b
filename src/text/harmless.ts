/**
 * Text from outside (file names, arguments, messages of servers) made harmless for a screen, a log and an annotation.
 * Control characters would move the cursor or forge a line; the bidirectional ones reorder what a person reads.
 */

// C0, DEL, C1, line and paragraph separators, marks and overrides of direction, byte order mark, lone surrogates.
const harmful =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** One line of at most `lengthMax` UTF-16 units; what is not harmless is written as its `\u` escape. */
export function harmless(text: string, lengthMax = 200): string {
  const line = text
    .slice(0, lengthMax + 1) // an escape is longer than what it stands for, so nothing beyond this can be needed
    .replace(harmful, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return line.length <= lengthMax ? line : `${line.slice(0, lengthMax - 1)}…`;
}

/** What was found, in quotes, for a message: harmless and short. */
export function quoted(text: string): string {
  return `"${harmless(text, 60)}"`;
}
