/**
 * Which attributes of which visitors the earlier rows of a file change, for millions of visitors: 12 bytes a slot, open
 * addressing with linear probing. The key is the visitor's 64-bit hash, which is evenly spread as it is.
 *
 * The first 31 attributes of a file have a bit each; all further ones share one, so a row with one of those may be
 * counted as one to send although the run will find it unchanged.
 */
export class ChangedAttributes {
  /** Low half, high half, bits of the attributes; no bits: the slot is free. */
  #slots = new Int32Array(3 * slotCountMin);
  #slotCount = slotCountMin;
  #usedCount = 0;
  readonly #bitsByName = new Map<number, number>();

  /** Whether an earlier row changes one of `names` for the visitor. */
  touches(visitorLow: number, visitorHigh: number, names: readonly number[]): boolean {
    if (this.#usedCount === 0) return false;
    const found = this.#slots[this.#slotOf(visitorLow, visitorHigh) + 2] ?? 0;
    return found !== 0 && (found & this.#bitsOf(names)) !== 0;
  }

  add(visitorLow: number, visitorHigh: number, names: readonly number[]): void {
    if (this.#usedCount >= this.#slotCount * loadMax) this.#grow();
    this.#set(visitorLow, visitorHigh, this.#bitsOf(names));
  }

  #set(low: number, high: number, bits: number): void {
    const slot = this.#slotOf(low, high);
    const before = this.#slots[slot + 2] ?? 0;
    if (before === 0) this.#usedCount += 1;
    this.#slots[slot] = low;
    this.#slots[slot + 1] = high;
    this.#slots[slot + 2] = before | bits;
  }

  /** Where the visitor's slot begins, or the free one that would be its own. */
  #slotOf(low: number, high: number): number {
    const slots = this.#slots;
    for (let index = low & (this.#slotCount - 1); ; index = (index + 1) & (this.#slotCount - 1)) {
      const slot = 3 * index;
      if (slots[slot + 2] === 0 || (slots[slot] === low && slots[slot + 1] === high)) return slot;
    }
  }

  #bitsOf(names: readonly number[]): number {
    let bits = 0;
    for (const name of names) bits |= this.#bitOf(name);
    return bits;
  }

  #bitOf(name: number): number {
    let bit = this.#bitsByName.get(name);
    if (bit === undefined) {
      bit = 1 << Math.min(this.#bitsByName.size, 31);
      this.#bitsByName.set(name, bit);
    }
    return bit;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slotCount *= 2;
    this.#slots = new Int32Array(3 * this.#slotCount);
    this.#usedCount = 0;
    for (let slot = 0; slot < before.length; slot += 3) {
      const bits = before[slot + 2] ?? 0;
      if (bits !== 0) this.#set(before[slot] ?? 0, before[slot + 1] ?? 0, bits);
    }
  }
}

const slotCountMin = 1024;
const loadMax = 0.75;
