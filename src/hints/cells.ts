import { hasBlankEdge } from '../target-api/characters/blanks.js';
import { nullWords } from './codes.js';

/** What single ids and values look like. Pure; called for each row, so that what is common comes first. */

const nullIndexes: ReadonlyMap<string, number> = new Map(nullWords.map((word, at) => [word, at]));
const nullLengthMax = Math.max(...nullWords.map((word) => word.length));
/** The first characters of those words. */
const nullStarts = new Uint8Array(128);
for (const word of nullWords) nullStarts[word.charCodeAt(0)] = 1;

/** The index of a word for nothing in `nullWords`; -1: another text. */
export function nullWordAt(text: string): number {
  if (text.length < 2 || text.length > nullLengthMax || nullStarts[text.charCodeAt(0)] !== 1) return -1;
  return nullIndexes.get(text) ?? -1;
}

/** An ECID: 38 digits (Adobe's documentation of the Experience Cloud Identity Service). */
const ecidLength = 38;
const onlyDigits = /^\d+$/;
const email = /^[^@\s]+@[^@\s]+\.[^@\s]+$/;
/**
 * As spreadsheets and programs write long numbers, with a point or a comma; the + may have been read as a space. Without a
 * sign only where there are decimals: 5e1234 is an id.
 */
const scientific = /^-?\d(?:[.,]\d+[Ee][+ -]?\d+|[Ee][+ -]\d+)$/;
const decimal = /^-?\d+\.\d+$/;
const thousands = /^\d{1,3}(?:,\d{3})+$/;
const months = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
/** As a spreadsheet shows what it took for a date: 3-Feb, Feb-03, 3-Feb-26. */
const monthDay = new RegExp(`^(?:\\d{1,2}-${months}(?:-\\d{2,4})?|${months}-\\d{2})$`);
const formula = /^=".*"$|^=\d|^'\d[^']*$|^#(?:NAME\?|N\/A|REF!|VALUE!|NUM!|DIV\/0!|NULL!)$|^#{3,}$/s;

export type IdLook = 'id-ecid' | 'id-email' | 'id-scientific' | 'id-decimal' | 'id-spreadsheet';

/** What a decoded id looks like; `null`: an id. */
export function idLook(id: string): IdLook | null {
  const first = id.charCodeAt(0);
  const isDigit = first >= 0x30 && first <= 0x39;
  if (isDigit || first === 0x2d) {
    if (onlyDigits.test(id)) return id.length === ecidLength ? 'id-ecid' : null;
    if (scientific.test(id)) return 'id-scientific';
    if (decimal.test(id)) return 'id-decimal';
    if (thousands.test(id)) return 'id-spreadsheet';
  }
  const dashAt = id.length <= 11 ? id.indexOf('-') : -1;
  if (dashAt > 0 && dashAt < 4 && monthDay.test(id)) return 'id-spreadsheet';
  if (first >= 0x23 && first <= 0x3d && formula.test(id)) return 'id-spreadsheet';
  return id.includes('@') && email.test(id) ? 'id-email' : null;
}

/** A spreadsheet keeps 15 digits of a number, and writes zeros for the rest. */
const exactDigits = 15;
const onlyZeros = /^0+$/;

/**
 * The length of an id of digits: 1 to 31 without a zero before it, 32 more with one, 48 more if all digits after the 15th are
 * zeros; 0 for all others. Zeros that are lost show in the lengths: padded ids all have the same.
 */
export function digitShape(id: string): number {
  const first = id.charCodeAt(0);
  if (first < 0x30 || first > 0x39 || id.length > 31 || !onlyDigits.test(id)) return 0;
  if (first === 0x30 && id.length > 1) return id.length + 32;
  return id.length > exactDigits && onlyZeros.test(id.slice(exactDigits)) ? id.length + 48 : id.length;
}

/** What a spreadsheet shows in place of a value. Errors are words for nothing. */
const shownText = /^=".*"$|^#{3,}$/s;

export function isSpreadsheetText(text: string): boolean {
  const first = text.charCodeAt(0);
  return (first === 0x23 || first === 0x3d) && shownText.test(text);
}

/** As MySQL and PostgreSQL write tabs, line ends and backslashes into a file that is cut at tabs. */
export function hasBackslashSequence(text: string): boolean {
  return text.includes('\\') && /\\[tn\\]/.test(text);
}

const oddRow = new RegExp(
  [
    '^[-=_*+~. |]{3,}$',
    '^\\(?[\\d.,]+ (?:rows?|records?|filas?|Zeilen?|行)(?: selected| affected)?\\.?\\)?$',
    '^(?:grand |sub-?)?totals?\\b(?!\\d)',
    '^(?:sum|count|summe|gesamt|insgesamt|anzahl|somme|suma|合計|総計)$',
    '^(?:trl|trailer|ftr|footer|hdr|eof)$',
    '^(?:n?var)?char2?\\s?\\(\\d+\\)$|^n?varchar2?$|^(?:big|small|tiny)?int(?:eger)?$|^(?:number|decimal|numeric)(?:\\(.*\\))?$',
    '^(?:string|text|date|datetime|timestamp|float|double|boolean)$',
  ].join('|'),
  'i',
);
const oddRowLengthMax = 40;

/** The first two letters of what `oddRow` looks for, a bit pattern of each: most ids need no closer look. */
const oddStarts = new Uint8Array(1024);
const pairOf = (first: number, second: number) => ((first & 31) << 5) | (second & 31);
const startWords =
  'total grand sub sum count summe gesamt insgesamt anzahl somme trl footer ftr hdr eof varchar nvar char big int number decimal string text date double small tiny float bool';
for (const word of startWords.split(' ')) oddStarts[pairOf(word.charCodeAt(0), word.charCodeAt(1))] = 1;

function mayBeOdd(id: string): boolean {
  const first = id.charCodeAt(0);
  if (first >= 0x30 && first <= 0x39) return id.includes(' ');
  const isLetter = (first >= 0x41 && first <= 0x5a) || (first >= 0x61 && first <= 0x7a);
  return !isLetter || oddStarts[pairOf(first, id.charCodeAt(1))] === 1;
}

/** Whether an id is what stands before the numbers of a total, in a trailer or in a line of types or dashes. */
export function isOddRowId(id: string): boolean {
  return id.length <= oddRowLengthMax && mayBeOdd(id) && oddRow.test(id.trim());
}

const doubleEncoded = /%25[\dA-Fa-f]{2}/;
/** A UTF-8 text that was read as ISO-8859-1 or Windows-1252, and the mark of a character that was lost. */
const lost =
  /\ufffd|[\u00c2-\u00c5][\u0080-\u00bf]|\u00c3[\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013\u2014\u2018-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]|\u00e2\u20ac/;
/** Pairs of quotes that are not CSV quotes. */
const framed = /^(?:'.*'|\u2018.*\u2019|\u201c.*\u201d|\u201e.*[\u201c\u201d]|\u00ab.*\u00bb|`.*`)$/s;

export function isDoubleEncoded(cell: string): boolean {
  return doubleEncoded.test(cell);
}

export function hasLostCharacters(text: string): boolean {
  return lost.test(text);
}

/** `isStray`: the row's bytes have a `"` in a place where CSV has none. */
export function hasStrayQuotes(text: string, isStray: boolean): boolean {
  const trimmed = text.trim();
  if (trimmed.length < 2) return trimmed === '"' && isStray;
  return isStray && (trimmed.startsWith('"') || trimmed.endsWith('"')) ? true : framed.test(trimmed);
}

/** `\"` inside, or a backslash before what was to be escaped: the delimiter or the line end. */
export function hasBackslashEscape(text: string): boolean {
  const at = text.indexOf('\\');
  if (at < 0) return false;
  return text.includes('\\"') || /(?:^|[^\\])(?:\\\\)*\\$/.test(text);
}

/** The beginning of an object or a list that a delimiter has cut. */
export function isCutJson(text: string): boolean {
  const first = text.charCodeAt(0);
  if (first === 0x7b) return /^\{\s*"/.test(text) && !text.trimEnd().endsWith('}');
  return first === 0x5b && /^\[\s*[{"\d]/.test(text) && !text.trimEnd().endsWith(']');
}

/** Invisible characters inside an id, which make it the id of another visitor. */
const invisible = /[\u0000-\u001f\u007f-\u00a0\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u2064\u2066-\u2069\u3000\ufeff]/;

export function hasOddBlanks(id: string): boolean {
  return hasBlankEdge(id) || invisible.test(id);
}

const unencoded = /[ &\u0080-\uffff]/;
const encoded = /%[\da-f]{2}/i;

/** A cell as it stands in the file: with what URL-encoding leaves in no text. */
export function looksUnencoded(cell: string): boolean {
  return unencoded.test(cell);
}

export function looksEncoded(cell: string): boolean {
  return encoded.test(cell);
}
