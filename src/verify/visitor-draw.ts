import { createHash } from 'node:crypto';
import { noPrefix, type SipKey, sipHash, sipKey } from '../hash/sip-hash.js';

/** What FILE says last of one attribute. */
export interface ExpectedAttribute {
  readonly value: string;
  /** The row that said so. */
  readonly rowNumber: number;
  readonly isUnchanged: boolean;
  /** What `failed` rows after it would have set: Target may hold that instead. */
  readonly orElse: readonly string[];
}

/** A visitor, and what Target should hold. */
export interface Expected {
  readonly id: string;
  readonly hash: number;
  /** The last row that was submitted. */
  rowNumber: number;
  lineNumber: number;
  readonly attributes: Map<string, ExpectedAttribute>;
}

/** A row that the job has an outcome for. */
export interface DrawnRow {
  readonly id: string;
  readonly rowNumber: number;
  readonly lineNumber: number;
  readonly status: 'submitted' | 'unchanged' | 'failed';
  /** The row's form: the id's pair first. */
  readonly form: string;
}

/** Where in the order of the hashes a draw begins: after this visitor. */
export interface DrawnAfter {
  readonly hash: number;
  readonly id: string;
}

export interface DrawOptions {
  readonly seed: string;
  /** Visitors in one draw at most. */
  readonly countMax: number;
  /** Of what is held of visitors; roughly. */
  readonly bytesMax: number;
  /** Visitors with a hash below this alone, 0 to 1. */
  readonly shareMax: number;
  readonly after: DrawnAfter | null;
}

/** A visitor costs about this much beside its values. */
const visitorBytes = 300;
/** For the estimate of how many visitors there are: its error is about 1 in the root of this (0.8 %). */
const countedHashesMax = 16_384;

/**
 * Draws visitors in one pass over the rows: those with the smallest keyed hashes. The same seed draws the same ones,
 * whatever the order of the rows is, and every visitor is drawn with the same chance, however many rows it has.
 *
 * Invariants: the bound never grows, and a visitor that is held has been below it since its first row: so all of its
 * rows were seen. Memory is bounded: what is held is cut to half whenever it is twice too much.
 */
export class VisitorDraw {
  readonly #options: DrawOptions;
  readonly #key: SipKey;
  readonly #words = new Int32Array(2);
  readonly #held = new Map<string, Expected>();
  #heldBytes = 0;
  #boundHash: number;
  /** The smallest hashes of all visitors. */
  #smallest = new Set<number>();
  #smallestBound = 1;

  constructor(options: DrawOptions) {
    this.#options = options;
    this.#key = sipKey(createHash('sha256').update(options.seed).digest());
    this.#boundHash = options.shareMax;
  }

  take(row: DrawnRow): void {
    const hash = this.#hashOf(row.id);
    if (row.status !== 'failed') this.#count(hash);
    if (hash >= this.#boundHash || !this.#isAfter(hash, row.id)) return;
    const held = this.#held.get(row.id);
    if (row.status === 'failed') {
      // Before the first submitted row it says nothing that is compared.
      if (held !== undefined) this.#mayHold(held, row);
      return;
    }
    const expected = held ?? this.#hold(row, hash);
    expected.rowNumber = row.rowNumber;
    expected.lineNumber = row.lineNumber;
    for (const [name, value] of attributesOf(row.form)) {
      const before = expected.attributes.get(name);
      this.#heldBytes += before === undefined ? name.length + value.length : value.length - before.value.length;
      const { rowNumber } = row;
      expected.attributes.set(name, { value, rowNumber, isUnchanged: row.status === 'unchanged', orElse: [] });
    }
    const { countMax, bytesMax } = this.#options;
    if (this.#held.size > 2 * countMax || this.#heldBytes > 2 * bytesMax) this.#cut();
  }

  /** Those drawn, by their hashes. `isLast`: no visitor comes after them. */
  drawn(): { readonly visitors: readonly Expected[]; readonly isLast: boolean } {
    this.#cut();
    return { visitors: [...this.#held.values()], isLast: this.#boundHash >= this.#options.shareMax };
  }

  /** How many visitors have a submitted row; exact up to 16,384, then an estimate. */
  get visitorCount(): number {
    return Math.round(this.#smallest.size / this.#smallestBound);
  }

  #hashOf(id: string): number {
    sipHash(this.#key, noPrefix, id, 0, id.length, this.#words, 0, 2);
    const high = (this.#words[1] ?? 0) >>> 0;
    const low = (this.#words[0] ?? 0) >>> 11;
    return (high * 2_097_152 + low) / 9_007_199_254_740_992; // 53 bits
  }

  #isAfter(hash: number, id: string): boolean {
    const { after } = this.#options;
    return after === null || hash > after.hash || (hash === after.hash && id > after.id);
  }

  #hold({ id, rowNumber, lineNumber }: DrawnRow, hash: number): Expected {
    const expected = { id, hash, rowNumber, lineNumber, attributes: new Map<string, ExpectedAttribute>() };
    this.#held.set(id, expected);
    this.#heldBytes += visitorBytes + id.length;
    return expected;
  }

  #mayHold(expected: Expected, row: DrawnRow): void {
    for (const [name, value] of attributesOf(row.form)) {
      const before = expected.attributes.get(name);
      if (before === undefined) continue; // no submitted row sets it
      this.#heldBytes += value.length;
      expected.attributes.set(name, { ...before, orElse: [...before.orElse, value] });
    }
  }

  /** Keeps those with the smallest hashes, in their order. */
  #cut(): void {
    const { countMax, bytesMax } = this.#options;
    const all = [...this.#held.values()].sort((a, b) => a.hash - b.hash || (a.id < b.id ? -1 : 1));
    this.#held.clear();
    this.#heldBytes = 0;
    for (const one of all) {
      const isFull = this.#held.size >= countMax || (this.#held.size > 0 && this.#heldBytes >= bytesMax);
      if (isFull) {
        this.#boundHash = Math.min(this.#boundHash, one.hash);
        return;
      }
      this.#held.set(one.id, one);
      this.#heldBytes += bytesOf(one);
    }
  }

  #count(hash: number): void {
    if (hash >= this.#smallestBound) return;
    this.#smallest.add(hash);
    if (this.#smallest.size > 2 * countedHashesMax) this.#cutSmallest();
  }

  #cutSmallest(): void {
    const sorted = Float64Array.from(this.#smallest).sort();
    const kept = sorted.subarray(0, countedHashesMax);
    this.#smallest = new Set(kept);
    // All below it are among those that are kept.
    this.#smallestBound = sorted[countedHashesMax] ?? 1;
  }
}

function bytesOf({ id, attributes }: Expected): number {
  let bytes = visitorBytes + id.length;
  for (const [name, { value, orElse }] of attributes) {
    bytes += name.length + value.length;
    for (const other of orElse) bytes += other.length;
  }
  return bytes;
}

/** Decoded; the form is canonical, so nothing in it fails to decode. */
function* attributesOf(form: string): Generator<readonly [name: string, value: string]> {
  for (const [key, value] of new URLSearchParams(form)) {
    if (key.startsWith('profile.')) yield [key.slice('profile.'.length), value];
  }
}
