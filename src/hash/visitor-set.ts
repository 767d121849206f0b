import type { Random } from '../platform/ports.js';
import { noPrefix, type SipKey, sipHash } from './sip-hash.js';

/**
 * Which visitors have been seen, in a set that holds millions: 64 bits of a keyed hash of each id, 22 bytes of memory
 * at most. Exact but for collisions: among 10 million visitors two share a hash with a chance of 1 in 370,000. The
 * key is of this set alone, so nobody can make ids that collide.
 */
export class VisitorSet {
  readonly #key: SipKey;
  readonly #shards: Shard[];
  readonly #hash = new Int32Array(2);
  #size = 0;

  constructor(random: Random) {
    this.#key = Int32Array.from([1, 2, 3, 4], () => randomWord(random));
    // In shards, since a table that grows is held twice for a moment: so only one of many is.
    this.#shards = Array.from({ length: shardCount }, () => new Shard());
  }

  /** Adds a visitor; returns whether this is its first, second or a later occurrence. */
  add(id: string): 'first' | 'second' | 'later' {
    const time = this.#shardOf(id).add((this.#hash[1] ?? 0) >>> 0, (this.#hash[0] ?? 0) >>> 0);
    if (time === 'first') this.#size += 1;
    return time;
  }

  has(id: string): boolean {
    return this.#shardOf(id).has((this.#hash[1] ?? 0) >>> 0, (this.#hash[0] ?? 0) >>> 0);
  }

  /** How many visitors have been added. */
  get size(): number {
    return this.#size;
  }

  /** What the tables take of memory. */
  get tableBytes(): number {
    return this.#shards.reduce((sum, shard) => sum + shard.tableBytes, 0);
  }

  /** Leaves the id's hash in `#hash`: an object for each of 10 million ids would cost more than the hash. */
  #shardOf(id: string): Shard {
    sipHash(this.#key, noPrefix, id, 0, id.length, this.#hash, 0, 2);
    const shard = this.#shards[(this.#hash[1] ?? 0) >>> (32 - shardBits)];
    if (shard === undefined) throw new RangeError('a hash has more bits than there are shards');
    return shard;
  }
}

const shardBits = 6;
const shardCount = 2 ** shardBits;
const firstSlotCount = 64;
/** Linear probing stays short up to here: some 2.5 looks for what is there, 8.5 for what is not, side by side in memory. */
const loadMax = 0.75;

/**
 * One table: open addressing, linear probing. A slot is two words of hash, the pair 0, 0 meaning empty (a hash that
 * is 0, 0 is kept as 0, 1), and one bit: seen more than once.
 */
class Shard {
  #entryCount = 0;
  #slotCount = firstSlotCount;
  #words = new Uint32Array(2 * firstSlotCount);
  #again = new Uint8Array(firstSlotCount >>> 3);

  get tableBytes(): number {
    return this.#words.byteLength + this.#again.byteLength;
  }

  has(high: number, low: number): boolean {
    return this.#isFilled(this.#slotOf(high, low));
  }

  add(high: number, low: number): 'first' | 'second' | 'later' {
    const slot = this.#slotOf(high, low);
    if (this.#isFilled(slot)) {
      const bit = 1 << (slot & 7);
      const byte = this.#again[slot >>> 3] ?? 0;
      this.#again[slot >>> 3] = byte | bit;
      return (byte & bit) === 0 ? 'second' : 'later';
    }
    this.#put(slot, high, low);
    this.#entryCount += 1;
    if (this.#entryCount > this.#slotCount * loadMax) this.#grow();
    return 'first';
  }

  /** The hash's slot, or the empty one where it belongs. The low word places it: the high one has chosen the shard. */
  #slotOf(high: number, low: number): number {
    const kept = high === 0 && low === 0 ? 1 : low;
    const words = this.#words;
    const mask = this.#slotCount - 1;
    let slot = low & mask;
    for (;;) {
      const foundHigh = words[2 * slot];
      const foundLow = words[2 * slot + 1];
      if (foundHigh === 0 && foundLow === 0) return slot;
      if (foundHigh === high && foundLow === kept) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #isFilled(slot: number): boolean {
    return this.#words[2 * slot] !== 0 || this.#words[2 * slot + 1] !== 0;
  }

  #put(slot: number, high: number, low: number): void {
    this.#words[2 * slot] = high;
    this.#words[2 * slot + 1] = high === 0 && low === 0 ? 1 : low;
  }

  #grow(): void {
    const words = this.#words;
    const again = this.#again;
    const slotCount = this.#slotCount;
    this.#slotCount *= 2;
    this.#words = new Uint32Array(2 * this.#slotCount);
    this.#again = new Uint8Array(this.#slotCount >>> 3);
    for (let slot = 0; slot < slotCount; slot += 1) {
      const high = words[2 * slot] ?? 0;
      const low = words[2 * slot + 1] ?? 0;
      if (high === 0 && low === 0) continue;
      const to = this.#slotOf(high, low);
      this.#put(to, high, low);
      if (((again[slot >>> 3] ?? 0) & (1 << (slot & 7))) !== 0) {
        this.#again[to >>> 3] = (this.#again[to >>> 3] ?? 0) | (1 << (to & 7));
      }
    }
  }
}

/** 32 even bits. */
function randomWord(random: Random): number {
  return Math.floor(random.next() * 2 ** 32) >>> 0;
}
