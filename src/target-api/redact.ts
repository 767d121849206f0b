import { oneLine } from '../text/sanitize.js';
import { decodeEntities, plainText } from './characters/markup.js';
import { readingsOf, type Spelling, spellingsOf } from './characters/spellings.js';
import { reasonCharactersMax } from './limits.js';

/** What stands for a text that repeats what it must not. */
export const withheldText = "withheld: it repeats the row's data";
/** What stands for a short value. */
const mark = '[…]';
/** How far into a text we look for 200 characters to show, escaped or not; a page of 64 KB is not worth more. */
const shownFromMax = { escaped: 2_048, plain: 512 };
/** As much again is searched, so that the beginning of a secret is not shown where we stop looking. */
const searchedBeyond = 256;
/** A secret of this many characters or more is looked for wherever it stands: shorter ones are in any text. */
const secretLengthMin = 4;
/** A longer secret is found in parts of this length too: a server may have cut or wrapped what it quotes. */
const partLength = 8;

/**
 * What may be shown of a server's words: one line of at most 200 characters (UTF-16 units), with nothing in it that a
 * terminal acts on. A text that repeats the token, the visitor's id or an attribute's value, in any common spelling of
 * it, is withheld whole. Of a value of one to three characters no more is promised than that it does not stand there
 * as a word.
 *
 * It is written as `code: text`, so a spreadsheet never meets a leading `=`, `+`, `-` or `@` of it.
 *
 * @param form the request's form (`mbox3rdPartyId=…&profile.a=…`), from which the id and the values are read
 */
export function redact(text: string, form: string, token: string | null): string {
  const shown = text.slice(0, shownFromMax[/[&%\\]/.test(text) ? 'escaped' : 'plain']);
  const secrets = [...new URLSearchParams(form).values()];
  if (token !== null) secrets.push(token);
  if (repeats(text.slice(0, shown.length + searchedBeyond), secrets)) return withheldText;
  return cut(withoutWords(oneLine(decodePercent(decodeEntities(shown))), secrets));
}

function cut(line: string): string {
  if (line.length <= reasonCharactersMax) return line;
  return `${line.slice(0, reasonCharactersMax - 1).replace(/\p{Cs}$/u, '')}…`;
}

/** Whether any of `secrets` of four characters or more stands in `text`, whole or in a part of eight. */
function repeats(text: string, secrets: readonly string[]): boolean {
  const readings = readingsOf(text);
  const parts = { spaced: partsOf(readings, 'spaced'), bare: partsOf(readings, 'bare') };
  return [...new Set(secrets)].some((secret) =>
    [...spellingsOf(secret), ...spellingsOf(plainText(secret))].some((spelling) =>
      (['spaced', 'bare'] as const).some((form) => stands(spelling[form], form, readings, parts[form])),
    ),
  );
}

function stands(
  secret: string,
  form: keyof Spelling,
  readings: readonly Spelling[],
  parts: ReadonlySet<string>,
): boolean {
  if (secret.length < secretLengthMin) return false;
  if (secret.length < partLength) return readings.some((reading) => reading[form].includes(secret));
  for (let index = 0; index + partLength <= secret.length; index++) {
    if (parts.has(secret.slice(index, index + partLength))) return true;
  }
  return false;
}

function partsOf(readings: readonly Spelling[], form: keyof Spelling): Set<string> {
  const parts = new Set<string>();
  for (const { [form]: reading } of readings) {
    for (let index = 0; index + partLength <= reading.length; index++) {
      parts.add(reading.slice(index, index + partLength));
    }
  }
  return parts;
}

/** Short values out where they stand as words, whatever their case. */
function withoutWords(line: string, secrets: readonly string[]): string {
  const words = new Set(secrets.map(oneLine).filter((secret) => /[\p{L}\p{N}]/u.test(secret) && isShort(secret)));
  if (words.size === 0) return line;
  const patterns = [...words].map((word) => word.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  return line.replace(new RegExp(`(?<![\\p{L}\\p{N}_])(?:${patterns.join('|')})(?![\\p{L}\\p{N}_])`, 'giu'), mark);
}

function isShort(secret: string): boolean {
  return spellingsOf(secret).every(({ spaced }) => spaced.length < secretLengthMin);
}

function decodePercent(text: string): string {
  return text.replace(/(?:%[\da-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run; // cut in the middle of a character, or not UTF-8: as it stands
    }
  });
}
