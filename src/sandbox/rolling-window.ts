/**
 * The exact times of what was let through, for a rolling window: every one of them, not a count by minute.
 *
 * Invariants: times never go down; after `settle(now)` exactly those are held that lie in (now - windowMs, now];
 * `largest` is the most that any window of that length has held, since a new maximum can only come with an `add`.
 */
export class RollingWindow {
  readonly #windowMs: number;
  readonly #countMax: number;
  #timesMs = new Float64Array(1024);
  #first = 0;
  #count = 0;
  #largest = 0;

  /** `countMax`: if there are more, the oldest are forgotten. */
  constructor(windowMs: number, countMax = Number.POSITIVE_INFINITY) {
    this.#windowMs = windowMs;
    this.#countMax = countMax;
  }

  /** The largest number that any window has held. */
  get largest(): number {
    return this.#largest;
  }

  /** How many the window that ends at `nowMs` holds. */
  settle(nowMs: number): number {
    while (this.#count > 0 && nowMs - this.#timeAt(0) >= this.#windowMs) {
      this.#first = (this.#first + 1) % this.#timesMs.length;
      this.#count -= 1;
    }
    return this.#count;
  }

  add(nowMs: number): void {
    this.settle(nowMs);
    if (this.#count > 0 && this.#count >= this.#countMax) {
      this.#first = (this.#first + 1) % this.#timesMs.length;
      this.#count -= 1;
    }
    if (this.#count === this.#timesMs.length) this.#grow();
    this.#timesMs[(this.#first + this.#count) % this.#timesMs.length] = nowMs;
    this.#count += 1;
    this.#largest = Math.max(this.#largest, this.#count);
  }

  /** How long until the window holds one less; the whole window if it holds none. */
  untilOneLessMs(nowMs: number): number {
    return this.#count === 0 ? this.#windowMs : Math.max(0, this.#timeAt(0) + this.#windowMs - nowMs);
  }

  #timeAt(index: number): number {
    return this.#timesMs[(this.#first + index) % this.#timesMs.length] ?? 0;
  }

  #grow(): void {
    const larger = new Float64Array(this.#timesMs.length * 2);
    for (let index = 0; index < this.#count; index += 1) larger[index] = this.#timeAt(index);
    this.#timesMs = larger;
    this.#first = 0;
  }
}
