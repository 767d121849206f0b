const secondMs = 1_000;
const minuteMs = 60 * secondMs;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** Widths that people count in. Each is a multiple of the one before, so that buckets are only ever merged whole. */
const widthsMs = [
  ...[1, 5, 10, 30].map((seconds) => seconds * secondMs),
  ...[1, 5, 10, 30].map((minutes) => minutes * minuteMs),
  ...[1, 3, 6, 12, 24].map((hours) => hours * hourMs),
];

/** What is counted in a bucket of time. */
interface Mergeable<Bucket> {
  /** Adds what `from` counted; `from` is not looked at again. */
  merge(from: Bucket): void;
}

/**
 * Counts over time, with no more than `bucketsMax` buckets however long the time gets: when another would be one too
 * many, the buckets are made wider and merged.
 *
 * Invariants: bucket `i` covers [i × width, (i + 1) × width) of Unix time; lowest and highest index in `#buckets` are
 * less than `bucketsMax` apart. Times may come in any order, because the wall clock steps.
 */
export class TimeSeries<Bucket extends Mergeable<Bucket>> {
  readonly #make: () => Bucket;
  readonly #bucketsMax: number;
  #widthMs: number;
  #buckets = new Map<number, Bucket>();
  #lowestIndex = Number.POSITIVE_INFINITY;
  #highestIndex = Number.NEGATIVE_INFINITY;

  /** `bucketsMax` is 2 or more, for the instants around the epoch never share one; `narrowestMs` is the width to begin with. */
  constructor(make: () => Bucket, bucketsMax: number, narrowestMs: number = secondMs) {
    this.#make = make;
    this.#bucketsMax = bucketsMax;
    this.#widthMs = narrowestMs;
  }

  get widthMs(): number {
    return this.#widthMs;
  }

  /** The bucket that covers `wallMs`, to be counted in at once: the next call may merge it into another. */
  at(wallMs: number): Bucket {
    let index = Math.floor(wallMs / this.#widthMs);
    while (Math.max(this.#highestIndex, index) - Math.min(this.#lowestIndex, index) >= this.#bucketsMax) {
      this.#widen();
      index = Math.floor(wallMs / this.#widthMs);
    }
    this.#lowestIndex = Math.min(this.#lowestIndex, index);
    this.#highestIndex = Math.max(this.#highestIndex, index);
    let bucket = this.#buckets.get(index);
    if (bucket === undefined) {
      bucket = this.#make();
      this.#buckets.set(index, bucket);
    }
    return bucket;
  }

  /** From the first bucket to the last without a gap: `null` where nothing was counted. */
  dense(): { readonly startMs: number; readonly bucket: Bucket | null }[] {
    const points = [];
    for (let index = this.#lowestIndex; index <= this.#highestIndex; index += 1) {
      points.push({ startMs: index * this.#widthMs, bucket: this.#buckets.get(index) ?? null });
    }
    return points;
  }

  #widen(): void {
    const widthMs = widthsMs.find((candidateMs) => candidateMs > this.#widthMs) ?? this.#widthMs * 2;
    const timesWider = widthMs / this.#widthMs;
    const merged = new Map<number, Bucket>();
    for (const [narrowIndex, bucket] of this.#buckets) {
      const index = Math.floor(narrowIndex / timesWider);
      const into = merged.get(index);
      if (into === undefined) merged.set(index, bucket);
      else into.merge(bucket);
    }
    this.#buckets = merged;
    this.#lowestIndex = Math.floor(this.#lowestIndex / timesWider);
    this.#highestIndex = Math.floor(this.#highestIndex / timesWider);
    this.#widthMs = widthMs;
  }
}
