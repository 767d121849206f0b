import type { DiskFile } from '../platform/ports.js';

/** What is wrong with a file that should hold an object of ours, and where in it; the reader makes a message of it. */
export class FieldFault extends Error {}

/**
 * The fields of an object in a file of ours, read one by one and believed in nothing: each method returns what it
 * says or throws a FieldFault that names the field and never repeats its value.
 */
export class Fields {
  readonly #values: ReadonlyMap<string, unknown>;
  readonly #where: string;

  private constructor(value: unknown, where: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new FieldFault(where === '' ? 'it is not a JSON object' : `"${where}" is not an object`);
    }
    this.#values = new Map(Object.entries(value));
    this.#where = where;
  }

  /** Of a whole file. */
  static parse(text: string): Fields {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new FieldFault('it is not a whole JSON text');
    }
    return new Fields(value, '');
  }

  object(key: string): Fields {
    return new Fields(this.#values.get(key), this.#path(key));
  }

  objectOrNull(key: string): Fields | null {
    return this.#values.get(key) === null ? null : this.object(key);
  }

  list(key: string): Fields[] {
    const value = this.#values.get(key);
    if (!Array.isArray(value)) throw this.#fault(key, 'is not a list');
    return value.map((item: unknown, index) => new Fields(item, `${this.#path(key)}[${index}]`));
  }

  text(key: string, form?: RegExp): string {
    const value = this.#values.get(key);
    if (typeof value !== 'string') throw this.#fault(key, 'is not a text');
    if (form !== undefined && !form.test(value)) throw this.#fault(key, 'has an invalid format');
    return value;
  }

  texts(key: string): string[] {
    const value = this.#values.get(key);
    const isTexts = Array.isArray(value) && value.every((item: unknown) => typeof item === 'string');
    if (!isTexts) throw this.#fault(key, 'is not a list of texts');
    return value.map(String);
  }

  textOrNull(key: string, form?: RegExp): string | null {
    return this.#values.get(key) === null ? null : this.text(key, form);
  }

  oneOf<Choice>(key: string, choices: readonly Choice[]): Choice {
    const value = this.#values.get(key);
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw this.#fault(key, 'is not one of the known values');
    return found;
  }

  /** A whole number of at least `min`. */
  whole(key: string, min = 0): number {
    const value = this.#values.get(key);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min) {
      throw this.#fault(key, `is not a whole number of ${min} or more`);
    }
    return value;
  }

  wholeOrNull(key: string, min = 0): number | null {
    return this.#values.get(key) === null ? null : this.whole(key, min);
  }

  yesNo(key: string): boolean {
    const value = this.#values.get(key);
    if (typeof value !== 'boolean') throw this.#fault(key, 'is neither true nor false');
    return value;
  }

  /** ISO 8601, as `toISOString` writes it; Unix time in milliseconds. */
  timeMs(key: string): number {
    const atMs = Date.parse(this.text(key, /Z$/));
    if (Number.isNaN(atMs)) throw this.#fault(key, 'is not a time');
    return atMs;
  }

  #path(key: string): string {
    return this.#where === '' ? key : `${this.#where}.${key}`;
  }

  #fault(key: string, what: string): FieldFault {
    return new FieldFault(`"${this.#path(key)}" ${this.#values.has(key) ? what : 'is missing'}`);
  }
}

/** The most that is read of a file of ours: a checkpoint with 10,000 attempted rows takes a tenth of it. */
const textBytesMax = 16_777_216;

/** A small file's whole text, up to 16 MB; rejects with the system's error. */
export async function readText(file: DiskFile): Promise<string> {
  const { sizeBytes } = await file.stat();
  const into = Buffer.alloc(Math.min(sizeBytes, textBytesMax));
  let filledBytes = 0;
  while (filledBytes < into.length) {
    const readBytes = await file.read(into.subarray(filledBytes), filledBytes);
    if (readBytes === 0) break;
    filledBytes += readBytes;
  }
  return into.toString('utf8', 0, filledBytes);
}
