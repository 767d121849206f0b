import { toleranceMs } from '../ledger/buckets.js';
import type { Drawn } from '../ledger/ledger-home.js';
import type { MachineTime } from '../ledger/ledger-time.js';
import type { Instant } from '../platform/instant.js';
import type { BootClock } from '../platform/ports.js';

/** Reading the uptime costs more than an attempt may (a file, on some systems): it is read again after this long. */
const uptimeAgeMaxMs = 5;

/** The uptime, as good as read with `now`. */
export class Uptime {
  readonly #bootClock: BootClock;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #uptimeMs = 0;

  constructor(bootClock: BootClock) {
    this.#bootClock = bootClock;
  }

  at({ monotonicMs }: Instant): number {
    if (monotonicMs - this.#readAtMs >= uptimeAgeMaxMs) {
      this.#uptimeMs = this.#bootClock.uptimeMs();
      this.#readAtMs = monotonicMs;
    }
    return this.#uptimeMs;
  }
}

/** Units of one bucket in the hands of this process. */
export class Grant {
  readonly bucketNumber: number;
  /** Monotonic time at which its bucket ends. */
  readonly endMs: number;
  /** Monotonic time from which the ledger takes none of its attempts to be in flight. */
  readonly #overMs: number;
  /** Of the wall clock, and of the uptime, before the monotonic clock, when it was granted. */
  readonly #wallLeadMs: number;
  readonly #uptimeLeadMs: number;
  readonly #uptime: Uptime;
  units: number;

  /** `from`: the instant from which it counts. */
  constructor(drawn: Drawn, from: MachineTime, timeoutMs: number, uptime: Uptime) {
    this.bucketNumber = drawn.bucketNumber;
    this.units = drawn.grantedUnits;
    this.endMs = from.monotonicMs + drawn.goodForMs;
    this.#overMs = this.endMs + timeoutMs + toleranceMs;
    this.#wallLeadMs = from.wallMs - from.monotonicMs;
    this.#uptimeLeadMs = from.uptimeMs - from.monotonicMs;
    this.#uptime = uptime;
  }

  /** Whether an attempt may start under it now. */
  isGood(now: Instant): boolean {
    return now.monotonicMs < this.endMs && !this.#hasSlept(now);
  }

  /** Whether an attempt that ends now may have arrived later than the ledger takes it to. */
  isLate(now: Instant): boolean {
    return now.monotonicMs >= this.#overMs || this.#hasSlept(now);
  }

  /**
   * The machine slept since it was granted, or the wall clock was set forward: the same, seen from here. Of the
   * clocks that count sleep, the one that went further is believed.
   */
  #hasSlept(now: Instant): boolean {
    const { wallMs, monotonicMs } = now;
    if (wallMs - monotonicMs - this.#wallLeadMs >= toleranceMs) return true;
    return this.#uptime.at(now) - monotonicMs - this.#uptimeLeadMs >= toleranceMs;
  }
}

/** What has become of the last grant. The next one goes by it. */
export interface Consumption {
  readonly grantedUnits: number;
  /** Monotonic. */
  readonly grantedAtMs: number;
  /** Units that were taken since then, from whichever grant. */
  readonly takenUnits: number;
  /** An attempt had to wait for units. */
  readonly ranDry: boolean;
}

/** A grant is to last this long: short, so that a crash loses little; long enough that the disk is written twice a second. */
const horizonMs = 1_000;
const unitsMin = 10;
const unitsMax = 10_000;

/** How many units to ask for. */
export function wantedUnits({ grantedUnits, grantedAtMs, takenUnits, ranDry }: Consumption, nowMs: number): number {
  const byPace = Math.ceil((takenUnits / Math.max(1, nowMs - grantedAtMs)) * horizonMs);
  const byGrowth = ranDry ? grantedUnits * 2 : 0;
  return Math.min(unitsMax, Math.max(unitsMin, byPace, byGrowth));
}
