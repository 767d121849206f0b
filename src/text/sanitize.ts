import { stripVTControlCharacters } from 'node:util';

/**
 * Text from outside (file names, arguments, cells, messages of servers) made harmless for a screen, a log, an
 * annotation, a page and a report. Here alone stands which characters do more than show: all that is written comes
 * through one of these functions.
 */

/**
 * Control characters (C0, DEL, C1), which move the cursor or forge a line; line and paragraph separators; marks and
 * overrides of direction, which reorder what a person reads; what shows nothing at all (zero widths, soft hyphen,
 * tags). Not lone surrogates.
 */
const actingRanges: readonly (readonly [first: number, last: number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x61c, 0x61c],
  [0x180e, 0x180e],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0xfeff, 0xfeff],
  [0xfff9, 0xfffb],
  [0xe0000, 0xe007f],
];
export const actingCharacters: readonly string[] = actingRanges.flatMap(([first, last]) =>
  Array.from({ length: last - first + 1 }, (_, offset) => String.fromCodePoint(first + offset)),
);
// Alternatives, not one class: the last of them are pairs of surrogates.
const acting = `(?:${actingRanges
  .map(([first, last]) => [first, last].map((code) => String.fromCodePoint(code)))
  .map(([first = '', last = '']) =>
    first.length === 1
      ? `[${escaped(first)}-${escaped(last)}]`
      : `${escaped(first.charAt(0))}[${escaped(first.charAt(1))}-${escaped(last.charAt(1))}]`,
  )
  .join('|')})`;
const loneSurrogate = '[\\ud800-\\udbff](?![\\udc00-\\udfff])|(?<![\\ud800-\\udbff])[\\udc00-\\udfff]';

const anyActing = new RegExp(acting);
const everyActing = new RegExp(acting, 'g');
const actingRuns = new RegExp(`(?:${acting})+`, 'g');
const everyHarmful = new RegExp(`${acting}|${loneSurrogate}`, 'g');

/** Whether there is anything in it that does more than show. */
export function hasActing(text: string): boolean {
  return anyActing.test(text);
}

/** Each character that acts in the form that `write` gives it; lone surrogates stay. */
export function replaceActing(text: string, write: (character: string) => string): string {
  return anyActing.test(text) ? text.replace(everyActing, write) : text;
}

/** Runs of characters that act as one space. */
export function spaced(text: string): string {
  return text.replace(actingRuns, ' ').trim();
}

/** One line of at most `lengthMax` UTF-16 units; what is not harmless is written as its `\u` escape. */
export function harmless(text: string, lengthMax = 200): string {
  const line = text
    .slice(0, lengthMax + 1) // an escape is longer than what it stands for, so nothing beyond this can be needed
    .replace(everyHarmful, (character) =>
      Array.from(
        { length: character.length },
        (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
      ).join(''),
    );
  return line.length <= lengthMax ? line : `${line.slice(0, lengthMax - 1)}…`;
}

/** What was found, in quotes, for a message: harmless and short. */
export function quoted(text: string): string {
  return `"${harmless(text, 60)}"`;
}

/** Words alone: white space of any kind folded to single spaces, terminal sequences and all that acts taken out. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text).replace(/\s+/g, ' ').replace(everyHarmful, '').replace(/ {2,}/g, ' ').trim();
}

/** One UTF-16 unit, for a regular expression. */
function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
