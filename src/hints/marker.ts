import { rowClass } from '../batch/byte-classes.js';
import type { RawRow } from '../batch/open.js';
import { hasBlankEdge } from '../target-api/characters/blanks.js';
import { formDecode, type Plus } from '../target-api/characters/encode.js';
import type { Columns } from '../target-api/columns.js';
import {
  digitShape,
  hasBackslashEscape,
  hasBackslashSequence,
  hasLostCharacters,
  hasOddBlanks,
  hasStrayQuotes,
  idLook,
  isCutJson,
  isDoubleEncoded,
  isOddRowId,
  isSpreadsheetText,
  looksEncoded,
  looksUnencoded,
  nullWordAt,
} from './cells.js';
import { countCharacters } from './characters.js';
import { encodedEvidence, markOf, nullWords } from './codes.js';

export interface MarkOptions {
  readonly values: 'encoded' | 'raw';
  readonly plus: Plus | null;
  readonly trim: boolean;
  /** At which the file is cut. */
  readonly delimiter: string;
  readonly nullWords: readonly string[] | null;
}

/** The limit for parameters in a page; none is stated for this API (Adobe's documentation). */
const inPageCharactersMax = 256;

/**
 * Finds what a hint speaks of, row by row. The classes of a row's bytes say what cannot be in it, so that most rows
 * cost a look at their id and at the first character of each value.
 *
 * `look` answers with the row's marks (a bit for each hint code); `details` is then what else is known of the row: its
 * words for nothing, a bit for each, and above them the shape of an id of digits.
 */
export class Marker {
  details = 0;
  readonly #indexes: readonly number[];
  readonly #idIndex: number;
  readonly #isRaw: boolean;
  readonly #plus: Plus | null;
  readonly #isTrimmed: boolean;
  readonly #isCutAtTabs: boolean;
  /** Words that the options take care of. */
  readonly #settled: ReadonlySet<string>;
  #words = 0;
  /** Classes for which cells are asked how they are encoded. */
  #encodingClasses: number;

  constructor(columns: Columns, options: MarkOptions) {
    this.#indexes = columns.attributes.map(({ index }) => index);
    this.#idIndex = columns.idIndex;
    this.#isRaw = options.values === 'raw';
    this.#plus = options.plus;
    this.#isTrimmed = options.trim;
    this.#isCutAtTabs = options.delimiter === '\t';
    const plusClass = options.plus === null ? rowClass.plus : 0;
    this.#encodingClasses = this.#isRaw ? rowClass.percent : rowClass.percent | rowClass.unencoded | plusClass;
    this.#settled = new Set(options.nullWords ?? []);
  }

  /** `id`: decoded, as it is sent; `''` where it cannot be decoded. */
  look({ cells, classes, startByte, endByte, isUtf8 }: RawRow, id: string): number {
    let marks = this.#idMarks(id, cells[this.#idIndex] ?? '', classes);
    this.#words = this.#idWord(id);
    for (let at = 0; at < this.#indexes.length; at += 1) {
      const cell = cells[this.#indexes[at] ?? -1];
      if (cell === undefined || cell === '') continue;
      if (nullWordAt(cell) >= 0) marks |= this.#wordMark(cell);
    }
    const mayBeLong = endByte - startByte > inPageCharactersMax;
    if (classes !== 0 || mayBeLong) {
      if ((classes & rowClass.windows1252) !== 0) marks |= markOf['windows-1252'];
      if ((classes & rowClass.openLine) !== 0) marks |= markOf['last-line-open'];
      marks |= this.#valueMarks(cells, classes, mayBeLong);
    }
    this.details = this.#words | (digitShape(id) << nullWords.length);
    // Its own characters are lost to this reading, and not before.
    return isUtf8 ? marks : marks & ~markOf['lost-characters'];
  }

  #wordMark(text: string): number {
    const word = nullWordAt(text);
    if (word < 0 || this.#settled.has(text)) return 0;
    this.#words |= 1 << word;
    return markOf['null-values'];
  }

  #idMarks(id: string, idCell: string, classes: number): number {
    let marks = 0;
    const look = idLook(id);
    if (look !== null) marks |= markOf[look];
    if (isOddRowId(id)) marks |= markOf['odd-row'];
    if (this.#idWord(id) !== 0) marks |= markOf['id-null'];
    if ((classes & (rowClass.odd | rowClass.unencoded | rowClass.plus)) !== 0) {
      if (hasOddBlanks(id)) marks |= markOf['id-space'];
      const isQuoted = look !== 'id-spreadsheet' && hasStrayQuotes(idCell, (classes & rowClass.strayQuote) !== 0);
      if (isQuoted) marks |= markOf['id-quoted'];
      if (hasBackslashEscape(idCell)) marks |= markOf['backslash-escapes'];
      if (hasLostCharacters(id)) marks |= markOf['lost-characters'];
    }
    return marks;
  }

  #idWord(id: string): number {
    const word = nullWordAt(id);
    return word < 0 || this.#settled.has(id) ? 0 : 1 << word;
  }

  #valueMarks(cells: readonly string[], classes: number, mayBeLong: boolean): number {
    const isOdd = (classes & rowClass.odd) !== 0;
    const wantsEncoding = (classes & this.#encodingClasses) !== 0;
    if (!isOdd && !wantsEncoding && !mayBeLong) return 0;
    let marks = 0;
    for (let at = 0; at < this.#indexes.length; at += 1) {
      const cell = cells[this.#indexes[at] ?? -1];
      if (cell === undefined || cell === '') continue;
      if (wantsEncoding) marks |= this.#encodingMarks(cell, classes);
      if (isOdd) marks |= this.#oddMarks(cell, (classes & rowClass.strayQuote) !== 0);
      if (
        cell.length > inPageCharactersMax &&
        countCharacters(cell, this.#isRaw ? 'raw' : 'encoded') > inPageCharactersMax
      ) {
        marks |= markOf['long-values'];
      }
    }
    return marks;
  }

  #encodingMarks(cell: string, classes: number): number {
    const hasSequence = (classes & rowClass.percent) !== 0 && cell.includes('%') && looksEncoded(cell);
    if (this.#isRaw) return hasSequence ? markOf['looks-encoded'] : 0;
    let marks = 0;
    if (hasSequence) {
      // One is enough for the whole file.
      marks |= encodedEvidence;
      this.#encodingClasses &= ~rowClass.percent;
    }
    if (this.#plus === null && (classes & rowClass.plus) !== 0 && cell.includes('+')) marks |= markOf['plus-in-values'];
    if ((classes & rowClass.unencoded) !== 0 && looksUnencoded(cell)) marks |= markOf['not-encoded'];
    return marks;
  }

  #oddMarks(cell: string, isStray: boolean): number {
    let marks = 0;
    const text = this.#isRaw ? cell : (formDecode(cell, this.#plus ?? 'literal') ?? cell);
    if (!this.#isRaw && isDoubleEncoded(cell)) marks |= markOf['double-encoded'];
    if (!this.#isTrimmed && hasBlankEdge(text)) marks |= markOf['padded-values'];
    if (hasStrayQuotes(text, isStray)) marks |= markOf['stray-quotes'];
    if (hasBackslashEscape(text) && nullWordAt(text) < 0) marks |= markOf['backslash-escapes'];
    if (this.#isCutAtTabs && hasBackslashSequence(text)) marks |= markOf['backslash-sequences'];
    if (isSpreadsheetText(text)) marks |= markOf['spreadsheet-values'];
    if (text !== cell) marks |= this.#wordMark(text);
    if (isCutJson(text)) marks |= markOf['json-cells'];
    if (hasLostCharacters(text)) marks |= markOf['lost-characters'];
    return marks;
  }
}
