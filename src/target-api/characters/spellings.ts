import { decodeHTML } from 'entities/decode';

/**
 * One text in many spellings: what a server quotes may be escaped, encoded, cased or cut in ways that have no end. So
 * both sides are read as far as they can be read, and only what is left is compared. Pure; never shown.
 */

/** As deep as encodings are undone: JSON in a URL in a page, and one more. */
const roundsMax = 5;
/** Where nearly every character is escaped in several ways at once: nobody reads such a text. */
const readingsMax = 200;
/** Base64 in base64, and the like. */
const runsInRunsMax = 2;
/** A run of base64 or hex is read if it can hold four characters. */
const base64Run = /[\w+/-]{6,}/g;
const hexRun = /(?:(?:0x)?[\da-f]{2}[^\da-z]{0,2}){4,}/gi;

/** A text as it is compared: `spaced` without white space and case, `bare` of letters and digits alone. */
export interface Spelling {
  readonly spaced: string;
  readonly bare: string;
}

/** Everything that `text` says to somebody who undoes any common encoding of it, or of a part of it. */
export function readingsOf(text: string): Spelling[] {
  const readings = new Set(decodings(text));
  let level = [...readings];
  for (let depth = 0; depth < runsInRunsMax; depth++) {
    const inner = new Set(level.flatMap((reading) => [...base64Texts(reading), ...hexTexts(reading)]));
    level = [...inner].flatMap(decodings).filter((reading) => !readings.has(reading));
    for (const reading of level) readings.add(reading);
  }
  return [...readings].map(spelling);
}

/** The spellings in which a secret has to be looked for in readings: as it stands, and what a wrong character set makes of it. */
export function spellingsOf(secret: string): Spelling[] {
  if (/^[\w.~-]*$/.test(secret)) return [spelling(secret)]; // the same in all of them; most values are like that
  const spellings = new Set(decodings(secret));
  if (/[^\u0000-\u007f]/.test(secret)) {
    const bytes = Buffer.from(secret);
    spellings.add(bytes.toString('latin1'));
    spellings.add(windows1252.decode(bytes));
    spellings.add(secret.replace(/[^\u0000-\u007f]/g, '')); // lost: U+FFFD or a question mark stands there
  }
  return [...spellings].map(spelling);
}

/** The text, and what it comes to as encodings are undone, one after the other, in any order. */
function decodings(text: string): string[] {
  const found = new Set([text]);
  let last = [text];
  for (let round = 0; round < roundsMax && found.size < readingsMax; round++) {
    const next = last.flatMap((each) => steps.map((step) => step(each)));
    last = [...new Set(next)].filter((each) => !found.has(each));
    for (const each of last) found.add(each);
  }
  return [...found];
}

/** It cannot be told from text: so both are looked at. */
function quotedPrintable(text: string): string {
  if (!text.includes('=')) return text;
  return text
    .replace(/=\r?\n/g, '')
    .replace(/(?:=[\da-f]{2})+/gi, (run) => textOf(Buffer.from(run.replaceAll('=', ''), 'hex')));
}

/** `%uXXXX` alone, as JavaScript's escape writes it: the percent sign that it stands for may be the text's own. */
function decodePercentUnits(text: string): string {
  return text.replace(/%u([\da-f]{4})/gi, (_, unit: string) => String.fromCharCode(Number.parseInt(unit, 16)));
}

/** Bytes as UTF-8, else as Latin-1, and `%uXXXX` with them. */
function decodePercent(text: string): string {
  if (!text.includes('%')) return text;
  return decodePercentUnits(text).replace(/(?:%[\da-f]{2})+/gi, (run) =>
    textOf(Buffer.from(run.replaceAll('%', ''), 'hex')),
  );
}

const signs: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v' };

/** In one pass, from left to right: a backslash that is escaped escapes nothing. */
const escapes =
  /((?:\\x[\da-f]{2}|\\[0-3][0-7]{2})+)|\\u\{([\da-f]{1,6})\}|\\U([\da-f]{8})|\\u([\da-f]{4})|\\([nrtbfv"'/\\])/gi;

/** The escapes of JSON, JavaScript, Java, Python, C and shells. */
function decodeEscapes(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(escapes, (_, bytes, braced, long, short, sign) => {
    if (bytes !== undefined) return textOf(escapedBytes(bytes));
    if (sign !== undefined) return signs[sign] ?? sign;
    return String.fromCodePoint(Math.min(Number.parseInt(braced ?? long ?? short, 16), 0x10ffff));
  });
}

function escapedBytes(run: string): Buffer {
  const bytes = run.toLowerCase().match(/x[\da-f]{2}|[0-3][0-7]{2}/g) ?? [];
  return Buffer.from(
    bytes.map((byte) => (byte.startsWith('x') ? Number.parseInt(byte.slice(1), 16) : Number.parseInt(byte, 8))),
  );
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const windows1252 = new TextDecoder('windows-1252');

/** UTF-8, else Latin-1. UTF-8 may end in the middle of a character, where a text was cut, if there is another before it. */
function textOf(bytes: Buffer): string {
  for (let cutBytes = 0; cutBytes < 4; cutBytes++) {
    const text = utf8Of(bytes.subarray(0, bytes.length - cutBytes));
    if (text !== null && (cutBytes === 0 || /[^\u0000-\u007f]/.test(text))) return text;
  }
  return bytes.toString('latin1');
}

function utf8Of(bytes: Buffer): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

const steps: readonly ((text: string) => string)[] = [
  decodeHTML,
  decodePercentUnits,
  decodePercent,
  decodeEscapes,
  quotedPrintable,
];

/** Where in a run the encoding began cannot be known: from each of its four places. */
function base64Texts(text: string): string[] {
  const runs = text.replace(/\s*[\r\n]+\s*/g, '').match(base64Run) ?? [];
  if (runs.length === 0) return [];
  return [0, 1, 2, 3].map((start) => runs.map((run) => Buffer.from(run.slice(start), 'base64').toString()).join('\n'));
}

function hexTexts(text: string): string[] {
  const runs = (text.match(hexRun) ?? []).map((run) => run.replace(/0x|[^\da-f]/gi, ''));
  if (runs.length === 0) return [];
  // What stands before the run may look like a part of it: so the rest is read even where the whole is not UTF-8.
  return [0, 1].flatMap((start) => {
    const bytes = runs.map((run) => Buffer.from(run.slice(start), 'hex'));
    return [bytes.map((each) => each.toString()).join('\n'), bytes.map((each) => each.toString('latin1')).join('\n')];
  });
}

function spelling(text: string): Spelling {
  const spaced = folded(text).replace(/[\s\p{C}]+/gu, '');
  return { spaced, bare: spaced.replace(/[^\p{L}\p{N}]+/gu, '') };
}

/** Without case, accents and the forms that Unicode holds for equal. */
function folded(text: string): string {
  return text
    .toUpperCase()
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '');
}
