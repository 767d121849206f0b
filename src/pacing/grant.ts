import { toleranceMs } from '../ledger/buckets.js';
import type { Drawn } from '../ledger/ledger.js';
import type { MachineTime } from '../ledger/ledger-time.js';
import type { Instant } from '../platform/instant.js';

/** Units of one bucket in the hands of this process. */
export class Lease {
  readonly bucketNumber: number;
  /** Monotonic time at which its bucket ends. */
  readonly endMs: number;
  /** Monotonic time from which the ledger takes none of its tries to be under way. */
  readonly #overMs: number;
  /** Of the wall clock before the monotonic one, when the lease was granted. */
  readonly #wallLeadMs: number;
  units: number;

  constructor(drawn: Drawn, machine: MachineTime, timeoutMs: number) {
    this.bucketNumber = drawn.bucketNumber;
    this.units = drawn.grantedUnits;
    this.endMs = machine.monotonicMs + drawn.goodForMs;
    this.#overMs = this.endMs + timeoutMs + toleranceMs;
    this.#wallLeadMs = machine.wallMs - machine.monotonicMs;
  }

  /** Whether a try may start under it now. */
  isGood(now: Instant): boolean {
    return now.monotonicMs < this.endMs && !this.#hasSlept(now);
  }

  /** Whether a try that ends now may have arrived later than the ledger takes it to. */
  isLate(now: Instant): boolean {
    return now.monotonicMs >= this.#overMs || this.#hasSlept(now);
  }

  /** The machine slept since the lease was granted, or the wall clock was set forward: the same, seen from here. */
  #hasSlept({ wallMs, monotonicMs }: Instant): boolean {
    return wallMs - monotonicMs - this.#wallLeadMs >= toleranceMs;
  }
}

/** What has become of the lease before, to go by. */
export interface Consumption {
  readonly grantedUnits: number;
  /** Units that were taken since it was granted, from whichever lease. */
  readonly takenUnits: number;
  readonly elapsedMs: number;
  /** A try had to wait for units. */
  readonly ranDry: boolean;
}

/** A lease is to last this long: short, so that a crash loses little; long enough that the disk is written twice a second. */
const horizonMs = 1_000;
const unitsMin = 10;
const unitsMax = 10_000;

/** How many units to ask for. */
export function wantedUnits({ grantedUnits, takenUnits, elapsedMs, ranDry }: Consumption): number {
  const byPace = Math.ceil((takenUnits / Math.max(1, elapsedMs)) * horizonMs);
  const byGrowth = ranDry ? grantedUnits * 2 : 0;
  return Math.min(unitsMax, Math.max(unitsMin, byPace, byGrowth));
}
