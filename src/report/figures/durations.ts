/** Bins grow by 4 %, so that a percentile read off is within 2 % of the true one. */
const growth = 1.04;
const logGrowth = Math.log(growth);
/** Reaches to 1.04^600 ms, half a year; what lasted longer counts in the last bin. */
const binCount = 600;

/** How long things took, in bins: as many percentiles as are wanted, in memory that does not grow. */
export class Durations {
  readonly #bins = new Uint32Array(binCount);
  #count = 0;
  #longestMs = 0;

  /** Under 1 ms counts as 1 ms. */
  add(durationMs: number): void {
    const bin = durationMs <= 1 ? 0 : Math.min(binCount - 1, Math.floor(Math.log(durationMs) / logGrowth));
    this.#bins[bin] = (this.#bins[bin] ?? 0) + 1;
    this.#count += 1;
    this.#longestMs = Math.max(this.#longestMs, durationMs);
  }

  addAll(other: Durations): void {
    for (const [bin, count] of other.#bins.entries()) this.#bins[bin] = (this.#bins[bin] ?? 0) + count;
    this.#count += other.#count;
    this.#longestMs = Math.max(this.#longestMs, other.#longestMs);
  }

  get count(): number {
    return this.#count;
  }

  get longestMs(): number {
    return this.#longestMs;
  }

  /** The time within which `share` (over 0, to 1) of them were done, in milliseconds; `null` if nothing was counted. */
  quantileMs(share: number): number | null {
    if (this.#count === 0) return null;
    const rank = Math.ceil(share * this.#count);
    let reached = 0;
    for (const [bin, count] of this.#bins.entries()) {
      reached += count;
      if (reached >= rank) return Math.min(this.#longestMs, growth ** (bin + 0.5));
    }
    return this.#longestMs;
  }
}
