import type { Columns } from '../target/columns.js';
import { formDecode, type Plus } from '../target/encode.js';
import { type Hints, valueHints } from './hints.js';
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
      for (const code of valueHints(cell, this.#values, this.#plus !== null)) this.#hints.note(code, lineNumber);
    }
  }

  #measure(at: number, cell: string, lineNumber: number): void {
    const text = this.#values === 'raw' ? cell : (formDecode(cell, this.#plus ?? 'space') ?? cell);
    const characterCount = countCharacters(text);
    this.#longest[at] = Math.max(this.#longest[at] ?? 0, characterCount);
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

/** Code points. */
function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
