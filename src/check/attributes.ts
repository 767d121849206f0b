import type { Columns } from '../target-api/columns.js';
import type { Plus } from '../target-api/encode.js';
import { type Hints, looksEncoded, looksUnencoded } from './hints.js';
import type { AttributeCheck } from './result.js';

/** The limit for parameters in a page; none is stated for this API (Adobe's documentation). */
const inPageCharactersMax = 256;

/** How full each column is and how long its longest value, and what its values look like. */
export class Attributes {
  readonly #columns: Columns;
  readonly #values: 'encoded' | 'raw';
  readonly #plus: Plus | null;
  readonly #hints: Hints;
  readonly #filled: number[];
  readonly #longest: number[];

  constructor(columns: Columns, values: 'encoded' | 'raw', plus: Plus | null, hints: Hints) {
    this.#columns = columns;
    this.#values = values;
    this.#plus = plus;
    this.#hints = hints;
    this.#filled = columns.attributes.map(() => 0);
    this.#longest = columns.attributes.map(() => 0);
  }

  /** `isPlain`: no cell holds anything that has to be encoded, so that its length is its value's. */
  take(cells: readonly string[], lineNumber: number, isPlain: boolean): void {
    const { attributes } = this.#columns;
    for (let at = 0; at < attributes.length; at += 1) {
      const cell = cells[attributes[at]?.index ?? -1];
      if (cell === undefined || cell === '') continue;
      this.#filled[at] = (this.#filled[at] ?? 0) + 1;
      // Decoding never makes a text longer, so most cells need not be decoded.
      if (cell.length > (this.#longest[at] ?? 0) || cell.length > inPageCharactersMax)
        this.#measure(at, cell, lineNumber);
      if (isPlain) continue;
      if (this.#values === 'raw') {
        if (looksEncoded(cell)) this.#hints.note('looks-encoded', lineNumber);
      } else {
        if (this.#plus === null && cell.includes('+')) this.#hints.note('plus-in-values', lineNumber);
        if (looksUnencoded(cell)) this.#hints.note('not-encoded', lineNumber);
      }
    }
  }

  #measure(at: number, cell: string, lineNumber: number): void {
    const characterCount = countCharacters(cell, this.#values);
    if (characterCount > (this.#longest[at] ?? 0)) this.#longest[at] = characterCount;
    if (characterCount > inPageCharactersMax) this.#hints.note('long-values', lineNumber);
  }

  list(): AttributeCheck[] {
    return this.#columns.attributes.map(({ name }, at) => ({
      name,
      filled: this.#filled[at] ?? 0,
      longest: this.#longest[at] ?? 0,
    }));
  }
}

/** Code points of the decoded value, without decoding it: a byte that UTF-8 continues a character with is none. */
export function countCharacters(cell: string, values: 'encoded' | 'raw'): number {
  let count = cell.length;
  if (values === 'encoded') {
    for (let at = cell.indexOf('%'); at >= 0; at = cell.indexOf('%', at + 1)) {
      count -= isContinuation(cell.charCodeAt(at + 1)) ? 3 : 2;
    }
  }
  return surrogate.test(cell) ? count - (cell.match(everyPair)?.length ?? 0) : count;
}

const surrogate = /[\ud800-\udbff]/;
const everyPair = /[\ud800-\udbff][\udc00-\udfff]/g;

/** Its first hexadecimal digit is 8, 9, A or B (RFC 3629, 3). */
function isContinuation(digit: number): boolean {
  return digit === 0x38 || digit === 0x39 || digit === 0x41 || digit === 0x42 || digit === 0x61 || digit === 0x62;
}
