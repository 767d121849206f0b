import { countCharacters } from '../hints/characters.js';
import { type CleanOptions, makeCleaner } from '../target-api/characters/clean.js';
import { formDecode, type Plus } from '../target-api/characters/encode.js';
import { looksLikeName } from '../target-api/characters/shown-names.js';
import type { Columns } from '../target-api/columns.js';
import type { AttributeCheck } from './result.js';

/** How full each column is and how long its longest value. */
export class Attributes {
  readonly #columns: Columns;
  readonly #values: 'encoded' | 'raw';
  readonly #plus: Plus;
  readonly #clean: ((text: string) => string) | null;
  readonly #filled: number[];
  readonly #longest: number[];

  constructor(
    columns: Columns,
    options: CleanOptions & { readonly values: 'encoded' | 'raw'; readonly plus: Plus | null },
  ) {
    this.#columns = columns;
    this.#values = options.values;
    this.#plus = options.plus ?? 'space';
    this.#clean = makeCleaner(options);
    this.#filled = columns.attributes.map(() => 0);
    this.#longest = columns.attributes.map(() => 0);
  }

  take(cells: readonly string[]): void {
    const { attributes } = this.#columns;
    for (let at = 0; at < attributes.length; at += 1) {
      const cell = cells[attributes[at]?.index ?? -1];
      if (cell === undefined || cell === '') continue;
      if (this.#clean !== null) {
        this.#takeCleaned(at, this.#clean, cell);
        continue;
      }
      this.#filled[at] = (this.#filled[at] ?? 0) + 1;
      // Decoding never makes a text longer, so most cells need not be decoded.
      if (cell.length > (this.#longest[at] ?? 0)) this.#measure(at, countCharacters(cell, this.#values));
    }
  }

  #takeCleaned(at: number, clean: (text: string) => string, cell: string): void {
    const value = clean(this.#values === 'raw' ? cell : (formDecode(cell, this.#plus) ?? cell));
    if (value === '') return;
    this.#filled[at] = (this.#filled[at] ?? 0) + 1;
    if (value.length > (this.#longest[at] ?? 0)) this.#measure(at, countCharacters(value, 'raw'));
  }

  #measure(at: number, characterCount: number): void {
    if (characterCount > (this.#longest[at] ?? 0)) this.#longest[at] = characterCount;
  }

  list(): AttributeCheck[] {
    return this.#columns.attributes.map(({ name, index }, at) => ({
      name: looksLikeName(name) ? name : `column ${index + 1}`,
      column: index + 1,
      filled: this.#filled[at] ?? 0,
      longest: this.#longest[at] ?? 0,
    }));
  }
}
