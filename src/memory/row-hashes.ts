import { createHmac } from 'node:crypto';
import { type SipKey, sipHash, sipKey } from '../hash/sip-hash.js';

/**
 * What the memory knows a row by: keyed hashes alone, nothing in clear.
 *
 * A visitor has two independent hashes of 64 bits: `visitor`, under which its record stands, and a salt that goes into
 * the hash of each of its values. So equal values of two visitors look unlike, and a row could only be taken for
 * unchanged by mistake where two hashes of 64 bits collide for one and the same attribute: once in 2^64 comparisons.
 * Of an attribute's name 32 bits tell the places in a record apart; all 64 go into the hash of the value, so two names
 * that share a place cost needless updates, never a wrong skip.
 */

/** One key for each use, so that no hash says anything of another. */
export interface HashKeys {
  readonly visitor: SipKey;
  readonly salt: SipKey;
  readonly name: SipKey;
  readonly value: SipKey;
  readonly job: SipKey;
  /** What a memory notes of the secret that it was made with. */
  readonly check: string;
}

export function hashKeys(secret: Uint8Array): HashKeys {
  const derive = (use: string) => createHmac('sha256', secret).update(use).digest();
  return {
    visitor: sipKey(derive('visitor')),
    salt: sipKey(derive('salt')),
    name: sipKey(derive('name')),
    value: sipKey(derive('value')),
    job: sipKey(derive('job')),
    check: derive('check').toString('hex'),
  };
}

const noPrefix = new Int32Array(0);

/** 16 hexadecimal digits. */
export function hashText(key: SipKey, text: string): string {
  const ascii = encodeURIComponent(text);
  const result = new Int32Array(2);
  sipHash(key, noPrefix, ascii, 0, ascii.length, result, 0);
  return Buffer.from(result.buffer).toString('hex');
}

interface KnownName {
  /** As in a form, `profile.name=`. */
  readonly text: string;
  readonly low: number;
  readonly high: number;
}

const expectedAttributeCount = 64;

/** The hashes of one row; the next `read` overwrites them. */
export class RowPrint {
  /** The key of the visitor's record, 8 bytes. */
  readonly visitor: Uint8Array;
  attributeCount = 0;
  /** By attribute: 32 bits of the hash of its name. */
  names = new Int32Array(expectedAttributeCount);
  /** By attribute: the hash of visitor, name and value. */
  values = new BigInt64Array(expectedAttributeCount);
  /** `values` as words: low half at 2·index, high half at 2·index + 1. */
  valueWords = new Int32Array(this.values.buffer);

  readonly #keys: HashKeys;
  readonly #visitorWords = new Int32Array(2);
  /** Salt, then name: what goes before a value. */
  readonly #prefix = new Int32Array(4);
  readonly #namesByText = new Map<string, KnownName>();
  /** The name last seen at each place in a row: nearly always the name that is there again. */
  readonly #lastAt: KnownName[] = [];

  constructor(keys: HashKeys) {
    this.#keys = keys;
    this.visitor = new Uint8Array(this.#visitorWords.buffer);
  }

  /** In [0, 1), even over visitors and the same for a visitor at all times. */
  get share(): number {
    return ((this.#prefix[0] ?? 0) >>> 0) / 4_294_967_296;
  }

  /** `form`: the pair of the id, then one pair for each attribute, joined by `&`. */
  read(form: string): void {
    let end = pairEnd(form, 0);
    sipHash(this.#keys.visitor, noPrefix, form, 0, end, this.#visitorWords, 0);
    sipHash(this.#keys.salt, noPrefix, form, 0, end, this.#prefix, 0);
    this.attributeCount = 0;
    while (end < form.length) {
      const start = end + 1;
      end = pairEnd(form, start);
      this.#readPair(form, start, end);
    }
  }

  #readPair(form: string, start: number, end: number): void {
    const index = this.attributeCount;
    if (index === this.names.length) this.#grow();
    const name = this.#nameAt(form, start, index);
    this.#prefix[2] = name.low;
    this.#prefix[3] = name.high;
    sipHash(this.#keys.value, this.#prefix, form, start + name.text.length, end, this.valueWords, 2 * index);
    this.names[index] = name.low;
    this.attributeCount += 1;
  }

  #nameAt(form: string, start: number, index: number): KnownName {
    const last = this.#lastAt[index];
    if (last !== undefined && form.startsWith(last.text, start)) return last;
    const text = form.slice(start, form.indexOf('=', start) + 1);
    let known = this.#namesByText.get(text);
    if (known === undefined) {
      const hash = new Int32Array(2);
      sipHash(this.#keys.name, noPrefix, text, 0, text.length, hash, 0);
      known = { text, low: hash[0] ?? 0, high: hash[1] ?? 0 };
      this.#namesByText.set(text, known);
    }
    this.#lastAt[index] = known;
    return known;
  }

  #grow(): void {
    const { names, values } = this;
    this.names = new Int32Array(names.length * 2);
    this.names.set(names);
    this.values = new BigInt64Array(values.length * 2);
    this.values.set(values);
    this.valueWords = new Int32Array(this.values.buffer);
  }
}

function pairEnd(form: string, start: number): number {
  const end = form.indexOf('&', start);
  return end < 0 ? form.length : end;
}
