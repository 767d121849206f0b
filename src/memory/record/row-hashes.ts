import { createHmac } from 'node:crypto';
import { noPrefix, type SipKey, sipHash, sipKey } from '../../hash/sip-hash.js';

/**
 * What the memory knows a row by: keyed hashes alone, nothing in clear.
 *
 * A visitor has two independent hashes of 64 bits: one in the key of its record, and a salt that goes into the hash of
 * each of its values. So equal values of two visitors look unlike, and a row could only be taken for unchanged by mistake
 * where two hashes of 64 bits collide for one and the same attribute: once in 2^64 comparisons. Of an attribute's name
 * 32 bits tell the places in a record apart; all 64 go into the hash of the value, so two names that share a place cost
 * needless updates, never a wrong skip.
 *
 * The key begins with 32 bits of a hash of the id without its last three characters. So the records of neighbours in
 * numbering stand side by side: a file in the order of its ids then touches a page for some twenty rows, and not one for
 * each. A reader of the memory sees which visitors are neighbours, but not who they are.
 */

/** One key for each use, so that no hash says anything of another. */
export interface HashKeys {
  readonly neighbours: SipKey;
  readonly visitor: SipKey;
  readonly salt: SipKey;
  readonly name: SipKey;
  readonly value: SipKey;
  /** What a memory notes of the secret that it was made with. */
  readonly check: string;
}

export function hashKeys(secret: Uint8Array): HashKeys {
  const derive = (use: string) => createHmac('sha256', secret).update(use).digest();
  return {
    neighbours: sipKey(derive('neighbours')),
    visitor: sipKey(derive('visitor')),
    salt: sipKey(derive('salt')),
    name: sipKey(derive('name')),
    value: sipKey(derive('value')),
    check: derive('check').toString('hex'),
  };
}

interface KnownName {
  /** As in a form, `profile.name=`. */
  readonly text: string;
  readonly low: number;
  readonly high: number;
}

/** A row as the memory knows it. */
export interface RowHashes {
  /** The key of the visitor's record. */
  readonly visitor: Uint8Array;
  /** In [0, 1), even over visitors and the same for a visitor every time. */
  readonly share: number;
  /** By attribute: 32 bits of the hash of its name. */
  readonly names: readonly number[];
  /** By attribute, the hash of visitor, name and value: low half at 2·index, high half at 2·index + 1. */
  readonly valueWords: readonly number[];
}

const visitorKeyBytes = 12;
const ownCharacterCount = 3;

/** Hashes rows. */
export class RowPrint {
  readonly #keys: HashKeys;
  readonly #result = new Int32Array(2);
  /** Salt, then name: what goes before a value. */
  readonly #prefix = new Int32Array(4);
  readonly #namesByText = new Map<string, KnownName>();
  /** The name last seen at each place in a row: nearly always the name that is there again. */
  readonly #lastAt: KnownName[] = [];

  constructor(keys: HashKeys) {
    this.#keys = keys;
  }

  /** `form`: the pair of the id, then one pair for each attribute, joined by `&`. */
  read(form: string): RowHashes {
    const idEnd = pairEnd(form, 0);
    const visitor = this.#readVisitor(form, idEnd);
    sipHash(this.#keys.salt, noPrefix, form, 0, idEnd, this.#prefix, 0);
    const names: number[] = [];
    const valueWords: number[] = [];
    for (let end = idEnd; end < form.length; ) {
      const start = end + 1;
      end = pairEnd(form, start);
      const name = this.#nameAt(form, start, names.length);
      this.#prefix[2] = name.low;
      this.#prefix[3] = name.high;
      sipHash(this.#keys.value, this.#prefix, form, start + name.text.length, end, this.#result, 0);
      names.push(name.low);
      valueWords.push(this.#result[0] ?? 0, this.#result[1] ?? 0);
    }
    return { visitor, share: ((this.#prefix[0] ?? 0) >>> 0) / 4_294_967_296, names, valueWords };
  }

  /** The key alone; `form` may end after the pair of the id. */
  readVisitor(form: string): Uint8Array {
    return this.#readVisitor(form, pairEnd(form, 0));
  }

  #readVisitor(form: string, idEnd: number): Uint8Array {
    const key = Buffer.allocUnsafe(visitorKeyBytes); // of the pool: a typed array of its own costs more than the hash
    const result = this.#result;
    sipHash(this.#keys.neighbours, noPrefix, form, 0, Math.max(0, idEnd - ownCharacterCount), result, 0);
    key.writeInt32LE(result[0] ?? 0, 0);
    sipHash(this.#keys.visitor, noPrefix, form, 0, idEnd, result, 0);
    key.writeInt32LE(result[0] ?? 0, 4);
    key.writeInt32LE(result[1] ?? 0, 8);
    return key;
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
}

function pairEnd(form: string, start: number): number {
  const end = form.indexOf('&', start);
  return end < 0 ? form.length : end;
}
