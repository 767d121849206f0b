import { type Instant, instantOf } from '../platform/instant.js';
import type { BootClock, Clock } from '../platform/ports.js';
import type { Moment } from './memory-types.js';

/** How long an uptime that was read is used, and how closely the other two clocks must agree on that time. */
const uptimeGoodMs = 100;
const clocksAgreeMs = 50;

/**
 * How old a mark is: by the clock that says the most. The monotonic clock stands still while the machine sleeps, the
 * wall clock may be set back, and a container may be shown an uptime of its own.
 */
export class MarkAge {
  readonly #clock: Clock;
  readonly #bootClock: BootClock;
  /** All clocks when the uptime was last read. */
  #seen: Moment | null = null;

  constructor(clock: Clock, bootClock: BootClock) {
    this.#clock = clock;
    this.#bootClock = bootClock;
  }

  now(): Moment {
    this.#seen = { ...instantOf(this.#clock), uptimeMs: this.#bootClock.uptimeMs() };
    return this.#seen;
  }

  isYoungerThan(limitMs: number, asked: Moment, now: Instant): boolean {
    if (now.monotonicMs - asked.monotonicMs >= limitMs || now.wallMs - asked.wallMs >= limitMs) return false;
    return this.#uptimeMs(now) - asked.uptimeMs < limitMs;
  }

  /**
   * Reading the uptime takes longer than everything else that an attempt needs. So for a tenth of a second it is taken
   * to have gone on like the other two clocks, if those agree: a sleep shows in the wall clock too.
   */
  #uptimeMs({ monotonicMs, wallMs }: Instant): number {
    const { monotonicMs: seenMs, wallMs: wallSeenMs, uptimeMs } = this.#seen ?? this.now();
    const goneMs = monotonicMs - seenMs;
    const isSteady = goneMs >= 0 && goneMs < uptimeGoodMs && Math.abs(wallMs - wallSeenMs - goneMs) < clocksAgreeMs;
    return isSteady ? uptimeMs + goneMs : this.now().uptimeMs;
  }
}
