/**
 * When an attribute that was set is due to be sent again although it has not changed (`--refresh-after`): profiles
 * expire at Target, and others may write to them. Each visitor has its own moment in the last half of the span, so
 * that a first load does not fall due in one night.
 *
 * A clock that steps errs towards sending: what was set in a time that has not come is due, and in the middle of a run
 * that saw a later time, that later time counts. (A clock set back between two runs makes a refresh later by that step:
 * nothing here can tell it from one that was right.)
 */
export interface Freshness {
  /** The wall clock now. */
  readonly nowMinutes: number;
  /** The latest time that this run saw. */
  readonly latestMinutes: number;
  readonly refreshAfterMinutes: number;
}

const minuteMs = 60_000;
const dayMinutes = 24 * 60;

/** Whole minutes since 1970: what is stamped never looks younger than it is. */
export function toMinutes(wallMs: number): number {
  return Math.max(0, Math.floor(wallMs / minuteMs));
}

export function freshnessClock(refreshAfterDays: number): (wallMs: number) => Freshness {
  const refreshAfterMinutes = refreshAfterDays * dayMinutes;
  let latestMinutes = 0;
  return (wallMs) => {
    const nowMinutes = toMinutes(wallMs);
    latestMinutes = Math.max(latestMinutes, nowMinutes);
    return { nowMinutes, latestMinutes, refreshAfterMinutes };
  };
}

/** `share`: the visitor's own, in [0, 1). */
export function isFresh(setAtMinutes: number, share: number, freshness: Freshness): boolean {
  if (setAtMinutes > freshness.nowMinutes) return false;
  const dueMinutes = setAtMinutes + freshness.refreshAfterMinutes * (0.5 + 0.5 * share);
  return freshness.latestMinutes < dueMinutes;
}
