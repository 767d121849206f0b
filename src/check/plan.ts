import { bucketMs, dayMs, toleranceMs } from '../ledger/buckets.js';

/** How long sending would take, with its waits for the cap. Pure: an estimate that assumes that the server is not a limit. */

/** How a cap stands at a moment. */
export interface CapStanding {
  /** The cap less the reserve, 1 or more. */
  readonly limit: number;
  readonly used: number;
  /** When what is used comes free, in that order; together `used`. Wall times. */
  readonly frees: readonly { readonly atMs: number; readonly units: number }[];
}

export interface Pacing {
  /** 0: no limit. Sending is then assumed to need no time. */
  readonly ratePerSecond: number;
  readonly pace: 'burst' | 'spread';
  /** How long an attempt may be in flight: its unit comes free that much later. */
  readonly timeoutMs: number;
}

/** Wall time at which the last of `updateCount` updates has been sent, the first one at `startMs`. */
export function finishedAtMs(updateCount: number, startMs: number, cap: CapStanding, pacing: Pacing): number {
  if (updateCount <= 0) return startMs;
  const { limit } = cap;
  const gapMs = gapBetween(limit, pacing);
  // A cap's worth later, a unit is used again that came free a day after it was used.
  const turns = Math.ceil(updateCount / limit) - 1;
  const inTurn = updateCount - turns * limit;
  if (turns === 0) return firstTurnMs(inTurn, startMs, cap, gapMs);
  const lifeMs = dayMs + bucketMs + pacing.timeoutMs + toleranceMs;
  const firstFullMs = firstTurnMs(limit, startMs, cap, gapMs);
  return Math.max(
    firstTurnMs(inTurn, startMs, cap, gapMs) + turns * lifeMs,
    firstFullMs + (turns - 1) * lifeMs + inTurn * gapMs,
    firstFullMs + ((turns - 1) * limit + inTurn) * gapMs,
  );
}

function gapBetween(limit: number, { ratePerSecond, pace }: Pacing): number {
  const rateGapMs = ratePerSecond > 0 ? 1000 / ratePerSecond : 0;
  return pace === 'spread' ? Math.max(rateGapMs, dayMs / limit) : rateGapMs;
}

/** For up to a cap's worth of updates: only what others, and earlier runs, have used has to come free. */
function firstTurnMs(updateCount: number, startMs: number, { limit, used, frees }: CapStanding, gapMs: number): number {
  let atMs = startMs + updateCount * gapMs;
  let heldUnits = used;
  for (const { atMs: freeAtMs, units } of frees) {
    const sendable = Math.max(0, limit - heldUnits);
    if (updateCount > sendable) atMs = Math.max(atMs, freeAtMs + (updateCount - sendable) * gapMs);
    heldUnits -= units;
  }
  return atMs;
}
