import { stripVTControlCharacters } from 'node:util';
import { isPlain } from './encode.js';
import { reasonCharactersMax } from './limits.js';
import { decodeEntities, plainText } from './markup.js';

/** What stands for what was taken out. */
const mark = '[…]';
/** How far into a text we look for 200 characters to show; a page of 64 KB is not worth more. */
const lookedAtMax = 4_096;
/** A secret of this many characters or more is found in parts too: a server may have cut or wrapped what it quotes. */
const partLength = 8;
/** A secret of up to this many characters is taken out only where it stands alone: `1` or `DE` are in any text. */
const wordLengthMax = 2;

/**
 * What may be shown of a server's words: one line of at most 200 characters (UTF-16 units), nothing in it that a
 * terminal acts on, and nothing of the token, the visitor's id or an attribute's value, decoded or encoded.
 *
 * It is written as `code: text`, so a spreadsheet never meets a leading `=`, `+`, `-` or `@` of it.
 *
 * @param form the request's form (`mbox3rdPartyId=…&profile.a=…`), from which the id and the values are read
 */
export function redact(text: string, form: string, token: string | null): string {
  const line = readable(text);
  const secrets = secretsOf(form, token);
  const isHidden = hiddenUnits(fold(line.slice(0, lookedAtMax + partLength)), secrets);
  let shown = '';
  for (let index = 0; index < Math.min(line.length, lookedAtMax); index++) {
    if (!isHidden[index]) shown += line.charAt(index);
    else if (!isHidden[index - 1]) shown += mark;
  }
  // Parts are sought by unit, so half of a pair may be left.
  return cut(shown.replace(/\p{Cs}/gu, ''));
}

function cut(line: string): string {
  if (line.length <= reasonCharactersMax) return line;
  return `${line.slice(0, reasonCharactersMax - 1).replace(/\p{Cs}$/u, '')}…`;
}

/**
 * One line that no terminal, log or spreadsheet takes for anything but text: white space of any kind folded to single
 * spaces; terminal sequences, control characters and format characters (bidirectional overrides, zero widths) out.
 */
function oneLine(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\s+/g, ' ')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '')
    .replace(/ {2,}/g, ' ')
    .trim();
}

/** Text as it is shown and searched: encodings that a server may quote our request in are undone first. */
function readable(text: string): string {
  return oneLine(decodePercent(decodeEntities(text)));
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

/** Lengths stay as they are, so that a place in the folded text is the same place in the text. */
function fold(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** The ways in which a server may quote a text of ours. */
const quotings: readonly ((text: string) => string)[] = [
  (text) => text,
  encodeURIComponent,
  (text) => encodeURIComponent(text).replaceAll('%20', '+'),
  jsonQuoted,
  (text) => jsonQuoted(text).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  (text) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`),
  plainText, // in a page, out of which we took the tags
];

function jsonQuoted(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** The id, the values and the token in every form in which they may stand in readable text. */
function secretsOf(form: string, token: string | null): Set<string> {
  const texts = [...new URLSearchParams(form).values()];
  if (token !== null) texts.push(token);
  const secrets = new Set<string>();
  for (const text of texts) {
    if (isPlain(text)) {
      secrets.add(fold(text)); // all quotings of it are the same; most texts are like that
      continue;
    }
    for (const quote of quotings) {
      const quoted = quote(text);
      secrets.add(fold(oneLine(quoted))); // quoted twice, so that reading undid one of the two
      secrets.add(fold(readable(quoted)));
    }
  }
  secrets.delete('');
  return secrets;
}

/** For each unit of `line` whether it is part of a secret. */
function hiddenUnits(line: string, secrets: ReadonlySet<string>): boolean[] {
  const isHidden = new Array<boolean>(line.length).fill(false);
  const parts = new Map<string, number[]>();
  for (let index = 0; index + partLength <= line.length; index++) {
    const part = line.slice(index, index + partLength);
    const places = parts.get(part);
    if (places === undefined) parts.set(part, [index]);
    else places.push(index);
  }
  for (const secret of secrets) {
    if (secret.length < partLength) {
      for (const index of placesOf(secret, line)) isHidden.fill(true, index, index + secret.length);
      continue;
    }
    for (let index = 0; index + partLength <= secret.length; index++) {
      const part = secret.slice(index, index + partLength);
      for (const place of parts.get(part) ?? []) isHidden.fill(true, place, place + partLength);
      parts.delete(part); // hidden wherever it stands: once is enough
    }
  }
  return isHidden;
}

function placesOf(secret: string, line: string): number[] {
  const places: number[] = [];
  for (let index = line.indexOf(secret); index >= 0; index = line.indexOf(secret, index + 1)) {
    const end = index + secret.length;
    const isAlone = !isWordUnit(line.charAt(index - 1)) && !isWordUnit(line.charAt(end));
    if (secret.length > wordLengthMax || isAlone) places.push(index);
  }
  return places;
}

function isWordUnit(unit: string): boolean {
  return /[\p{L}\p{N}_]/u.test(unit);
}
