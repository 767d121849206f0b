import type { VisitorKey } from './memory-home.js';

/** The keys of a transaction, each once. */
export class KeyList {
  readonly keys: VisitorKey[] = [];
  readonly texts: string[] = [];
  readonly #indexes = new Map<string, number>();

  indexOf(key: VisitorKey): number {
    const text = textOf(key);
    const known = this.#indexes.get(text);
    if (known !== undefined) return known;
    const index = this.keys.length;
    this.#indexes.set(text, index);
    this.keys.push(key);
    this.texts.push(text);
    return index;
  }
}

/** A key as one that a map can be asked for. */
export function textOf(key: VisitorKey): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
}
