import type { Random } from '../../platform/ports.js';

/** How long to wait before the next look: pure functions from a count to milliseconds. */

/** From half to all of `wholeMs`, so that rows that failed together do not come back together. */
function jittered(wholeMs: number, random: Random): number {
  return wholeMs * (0.5 + 0.5 * random.next());
}

/** One row's pause after its `attemptCount`-th attempt failed (from 1): about 1 s, 2 s, 4 s … 60 s at most. */
export function restMs(attemptCount: number, random: Random): number {
  return jittered(Math.min(60_000, 1000 * 2 ** (attemptCount - 1)), random);
}

/** The whole run's pause at the `level`-th hold in a row (from 0) for 429 or 503: half a second, 1 s … 5 minutes at most. */
export function holdMs(level: number, random: Random): number {
  return jittered(Math.min(300_000, 500 * 2 ** level), random);
}

/** The pause before the `level`-th probe (from 0) of an outage: 5 s, 10 s … 5 minutes at most. */
export function probePauseMs(level: number, random: Random): number {
  return jittered(Math.min(300_000, 5000 * 2 ** level), random);
}
