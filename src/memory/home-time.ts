/**
 * The time of a memory in a folder. It never goes back, and never runs ahead of real time: then no doubt ends early.
 *
 * Between processes of one time base (a boot, and a time namespace) it goes with the monotonic clock, and stands still
 * while the machine sleeps. From one base to another, the wall clock is believed, as far as it goes beyond where it has
 * been or would have been by now. Assumed: a wall clock that has to be believed is not set forward by minutes at a moment
 * when attempts of a process with another base are in flight.
 */
export interface HomeAnchor {
  readonly homeMs: number;
  /** Of the machine, at the same instant. */
  readonly monotonicMs: number;
  readonly timeBase: string;
  /** The furthest that the wall clock has been, and where it would be by now. */
  readonly wallHighMs: number;
}

export interface MachineInstant {
  readonly monotonicMs: number;
  readonly wallMs: number;
  /** Equal where `monotonicMs` can be compared. */
  readonly timeBase: string;
}

/** `anchor` null: the home begins. */
export function homeAnchor(anchor: HomeAnchor | null, now: MachineInstant): HomeAnchor {
  const { monotonicMs, wallMs, timeBase } = now;
  if (anchor === null) return { homeMs: wallMs, monotonicMs, timeBase, wallHighMs: wallMs };
  const isOneBase = anchor.timeBase === timeBase;
  const goneMs = Math.max(0, isOneBase ? monotonicMs - anchor.monotonicMs : wallMs - anchor.wallHighMs);
  return {
    homeMs: anchor.homeMs + goneMs,
    monotonicMs: isOneBase ? Math.max(anchor.monotonicMs, monotonicMs) : monotonicMs,
    timeBase,
    wallHighMs: Math.max(anchor.wallHighMs + (isOneBase ? goneMs : 0), wallMs),
  };
}
