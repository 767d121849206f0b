import { dayMs } from '../buckets.js';
import type { MachineTime } from '../ledger-time.js';

/**
 * The ledger's time where many machines share it. SQL has no monotonic clock: the database's clock may step. So three
 * times stand apart, all in milliseconds:
 *
 * - `ledgerMs` is what units are stamped by. It only goes forward.
 * - `countedToMs` is the database's time up to which it has been counted. A step back moves nothing until the clock is
 *   there again: counted from the clock as it was set back, the same time would count twice.
 * - `highMs` is the furthest that the database's clock was seen.
 *
 * A step forward is refuted by a run that drew before: since then not more can have gone by than its own clocks say.
 */
export interface DatabaseClock {
  readonly ledgerMs: number;
  readonly countedToMs: number;
  readonly highMs: number;
}

/** A ledger's time begins here, so that what a folder's ledger used before has its place in it. */
const beginMs = 2 * dayMs;

/** A clock that is this far behind what was seen is wrong, now or before: nothing is granted by it. */
export const behindMsMax = 60_000;

/** By so much the clocks of a run and of the database may drift apart before the run is believed. */
const driftMs = 1_000;

/** `clock` null: the ledger begins. `believableMs`: the furthest that the ledger's time can be. `behind`: not to be used. */
export function moveOn(clock: DatabaseClock | null, nowMs: number, believableMs: number): DatabaseClock | 'behind' {
  if (clock === null) return { ledgerMs: beginMs, countedToMs: nowMs, highMs: nowMs };
  if (nowMs < clock.highMs - behindMsMax) return 'behind';
  const gone = Math.max(0, nowMs - clock.countedToMs);
  const highMs = Math.max(clock.highMs, nowMs);
  const limitMs = Math.floor(believableMs);
  if (clock.ledgerMs > limitMs) {
    // It went too far already: it stands still until real time has caught up.
    const tooFarMs = clock.ledgerMs - limitMs;
    return { ledgerMs: clock.ledgerMs, countedToMs: Math.max(clock.countedToMs, nowMs + tooFarMs), highMs };
  }
  const ledgerMs = Math.min(clock.ledgerMs + gone, limitMs);
  return { ledgerMs, countedToMs: Math.max(clock.countedToMs, nowMs), highMs };
}

/** What a run knows of a ledger's time from its own clocks: the earliest that it can have begun, by each of them. */
export class Witness {
  #monotonicBaseMs = Number.POSITIVE_INFINITY;
  #uptimeBaseMs = Number.POSITIVE_INFINITY;

  /** The ledger's time was `ledgerMs` at `from` or later. */
  saw(ledgerMs: number, from: MachineTime): void {
    this.#monotonicBaseMs = Math.min(this.#monotonicBaseMs, ledgerMs - from.monotonicMs);
    this.#uptimeBaseMs = Math.min(this.#uptimeBaseMs, ledgerMs - from.uptimeMs);
  }

  /** The furthest that the ledger's time can be at `now`. Of the two clocks, the one that went further is believed: it counts sleep. */
  believableMs({ monotonicMs, uptimeMs }: MachineTime): number {
    return Math.max(this.#monotonicBaseMs + monotonicMs, this.#uptimeBaseMs + uptimeMs) + driftMs;
  }
}
