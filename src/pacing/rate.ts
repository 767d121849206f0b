/**
 * When the next attempt may start, on monotonic time: evenly spaced, and never more than the rate in any one second.
 *
 * Two parts: a grid of slots, which makes up for timers that fire late but not for longer waits, and for a rate a
 * second a window over the attempts that really started, because those that have a permit need not start at once.
 */
export interface RateOptions {
  /** Attempts a second; 0: no limit. */
  readonly ratePerSecond: number;
  /** Least gap between two attempts (--pace spread); 0: none. */
  readonly spreadGapMs: number;
}

/** Slots that were missed by less than this are made up for at once: a timer late, a collection of garbage. */
const catchUpMsMax = 100;

/** All attempts of a second have a permit, and none has started: it is not known when one will. */
const askAgainMs = 10;

/** Closer than this is now: sums of fractions are not exact. */
const grainMs = 0.01;

/** A window this long instead of a second, and slots that much apart, so that no clock's grain lets one attempt too many in. */
const windowMs = 1_001;
const slackFactor = 1.002;

export class Rate {
  readonly #grids: readonly SlotGrid[];
  readonly #window: StartWindow | null;

  constructor({ ratePerSecond, spreadGapMs }: RateOptions) {
    const grids: SlotGrid[] = [];
    if (ratePerSecond > 0) grids.push(new SlotGrid((1_000 / ratePerSecond) * slackFactor));
    if (spreadGapMs > 0) grids.push(new SlotGrid(spreadGapMs));
    this.#grids = grids;
    this.#window = ratePerSecond > 0 ? new StartWindow(Math.max(1, Math.floor(ratePerSecond))) : null;
  }

  /** The earliest time at which an attempt may start: now is fine if it is not later than `nowMs`. */
  nextStartMs(nowMs: number): number {
    let startMs = this.#window?.nextStartMs(nowMs) ?? nowMs;
    for (const grid of this.#grids) startMs = Math.max(startMs, grid.nextStartMs(nowMs));
    return startMs;
  }

  /** An attempt was permitted to start. Then comes `started` or `gaveBack`. */
  took(nowMs: number): void {
    for (const grid of this.#grids) grid.take(nowMs);
    this.#window?.took();
  }

  started(nowMs: number): void {
    this.#window?.started(nowMs);
  }

  /** It did not start: its slot is there again. */
  gaveBack(): void {
    for (const grid of this.#grids) grid.giveBack();
    this.#window?.gaveBack();
  }
}

class SlotGrid {
  readonly #gapMs: number;
  #nextMs = Number.NEGATIVE_INFINITY;

  constructor(gapMs: number) {
    this.#gapMs = gapMs;
  }

  nextStartMs(nowMs: number): number {
    return this.#nextMs - nowMs < grainMs ? nowMs : this.#nextMs;
  }

  take(nowMs: number): void {
    const isMadeUp = nowMs - this.#nextMs <= catchUpMsMax;
    this.#nextMs = (isMadeUp ? this.#nextMs : nowMs) + this.#gapMs;
  }

  giveBack(): void {
    this.#nextMs -= this.#gapMs;
  }
}

/** The starts of the last second, in a ring; with those that have leave but have not started, never more than `size`. */
class StartWindow {
  readonly #startsMs: Float64Array;
  #first = 0;
  #count = 0;
  #pending = 0;

  constructor(size: number) {
    this.#startsMs = new Float64Array(size);
  }

  nextStartMs(nowMs: number): number {
    const size = this.#startsMs.length;
    while (this.#count > 0 && this.#oldestMs() + windowMs - nowMs < grainMs) {
      this.#first = (this.#first + 1) % size;
      this.#count -= 1;
    }
    if (this.#count + this.#pending < size) return nowMs;
    return this.#count === 0 ? nowMs + askAgainMs : this.#oldestMs() + windowMs;
  }

  took(): void {
    this.#pending += 1;
  }

  started(nowMs: number): void {
    const size = this.#startsMs.length;
    this.#pending -= 1;
    this.#startsMs[(this.#first + this.#count) % size] = nowMs;
    this.#count = Math.min(size, this.#count + 1);
  }

  gaveBack(): void {
    this.#pending -= 1;
  }

  #oldestMs(): number {
    return this.#startsMs[this.#first] ?? Number.NEGATIVE_INFINITY;
  }
}
