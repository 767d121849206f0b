/**
 * The ledger's own time: it only goes forward, and no step of a wall clock moves it as long as the machine runs on.
 * It is made of two parts, both in milliseconds since the ledger began: `awakeMs`, by which units are stamped, and
 * `asleepMs`, for which the machine slept and no attempt can have started. Their sum says how long ago something was.
 *
 * Promised: between processes of one boot and one time namespace (equal `timeBase`), the ledger's time never runs ahead
 * of real time, whatever the wall clock does and whichever process looks at it; at most it falls behind. Where the
 * monotonic clock cannot be compared (over a restart; in another time namespace; from process to process where the
 * system does not name its boots), the wall clock is believed, but only as far as it goes beyond where it has been, or
 * would have been by now: one that was set back, or forward and back, makes up for nothing. Then nothing comes free
 * early, and nothing later than by as much as the clock was wrong.
 *
 * Assumed:
 * - that monotonic clocks, here and at the server, tick equally fast (they drift apart by some ms an hour);
 * - that the wall clock, where it has to be believed, is not further ahead than the runs before saw it at some time:
 *   a run that looked at nothing but a clock that was behind, and a restart with one that is set right, lose that time;
 * - where the system does not name its boots, that a machine which slept has its clock set back only after the runs that
 *   slept through it have looked at it;
 * - that a machine slept where the clock that counts sleep and the wall clock agree on it. One of them alone moves
 *   nothing: a container's made-up uptime (lxcfs), or a wall clock set by hand. A paused virtual machine, which shows in
 *   neither, frees its units that much later;
 * - that no attempt is in flight before and after a sleep which is followed by a restart before any run has looked;
 * - that nobody puts an older copy of the ledger in place (a restored backup, a snapshot of the whole machine).
 */
export interface LedgerTime {
  readonly awakeMs: number;
  readonly asleepMs: number;
}

/** What the machine's clocks said at one instant (ports.ts says what each of them is). */
export interface MachineTime {
  readonly wallMs: number;
  readonly monotonicMs: number;
  readonly uptimeMs: number;
  /** Equal where `monotonicMs` can be compared. */
  readonly timeBase: string;
}

/** The ledger's time at one instant, and the machine's at the same. */
export interface Anchor extends LedgerTime {
  readonly machine: MachineTime;
  /** The furthest that the wall clock has been, and where it would be now if it had continued from there. */
  readonly wallHighMs: number;
}

/** The uptime goes in steps of 10 ms, and the clocks are not read at once: less than this is not taken for sleep. */
const sleepMsMin = 2_000;

/** How much of the ledger's time has gone by since. */
export function elapsed(anchor: Anchor, now: MachineTime): LedgerTime {
  const from = anchor.machine;
  if (from.timeBase !== now.timeBase) return { awakeMs: Math.max(0, now.wallMs - anchor.wallHighMs), asleepMs: 0 };
  const awakeMs = Math.max(0, now.monotonicMs - from.monotonicMs);
  const asleepMs = Math.min(now.uptimeMs - from.uptimeMs, now.wallMs - from.wallMs) - awakeMs;
  return { awakeMs, asleepMs: asleepMs < sleepMsMin ? 0 : asleepMs };
}

/** `anchor` null: the ledger begins. */
export function advance(anchor: Anchor | null, machine: MachineTime): Anchor {
  if (anchor === null) return { awakeMs: 0, asleepMs: 0, machine, wallHighMs: machine.wallMs };
  const gone = elapsed(anchor, machine);
  return {
    awakeMs: anchor.awakeMs + gone.awakeMs,
    asleepMs: anchor.asleepMs + gone.asleepMs,
    machine,
    wallHighMs: Math.max(anchor.wallHighMs + goneAtMost(anchor.machine, machine, gone), machine.wallMs),
  };
}

/** Sleep that is not believed for the ledger's time may have been one: then the wall clock would be further on. */
function goneAtMost(from: MachineTime, now: MachineTime, gone: LedgerTime): number {
  const uptimeMs = from.timeBase === now.timeBase ? now.uptimeMs - from.uptimeMs : 0;
  return Math.max(ledgerMs(gone), uptimeMs);
}

/** The ledger's time as one number, in milliseconds. */
export function ledgerMs(time: LedgerTime): number {
  return time.awakeMs + time.asleepMs;
}
