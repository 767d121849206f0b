import { RecentVisitors } from '../../hash/recent-visitors.js';
import type { Instant } from '../../platform/instant.js';
import type { BootClock, Random } from '../../platform/ports.js';
import type { RouteName } from '../../terms/outcome.js';

/**
 * Which visitors have to stay on single updates: Target applies an update within up to 24 hours, and Delivery at once. A
 * later value by Delivery would be overwritten by an earlier one that is still on its way.
 *
 * What is known lasts over a kill: a checkpoint says from which row on no attempt by update was made (`toRow`), and until
 * when attempts may have been made (`lastAtMs`). Of rows that have ended, the results say the route. Where there is a memory
 * of --changed-only, other jobs' attempts count as well. The memory does not know their route: they count as updates.
 *
 * Invariants: with an overflow, an attempt by update is made only of a row below the `toRow` of the checkpoint that is
 * durable, and no checkpoint that is being written has a lower one; no attempt by update is made when that checkpoint is
 * older than ten minutes. What is not known counts as an attempt.
 */
export class UpdateOrder {
  readonly #hasOverflow: boolean;
  readonly #isUpdate: boolean;
  readonly #visitors: RecentVisitors;
  /** This job's own attempts by Delivery: the memory does not know by which route an attempt went. */
  readonly #delivered: RecentVisitors;
  readonly #earlier: EarlierUpdates;
  readonly #bootClock: BootClock;
  /** Monotonic: until then `#earlier` counts. */
  readonly #earlierUntilMs: number;
  /** Below it, rows may be attempted by update. */
  #permittedToRow: number;
  #savedAtMs = Number.NEGATIVE_INFINITY;
  #highestRow = 0;
  #wantedRow = 0;
  #last: Instant | null = null;
  isUsedUp = false;

  constructor(options: UpdateOrderOptions) {
    const { earlier, now } = options;
    this.#hasOverflow = options.hasOverflow;
    this.#isUpdate = options.isUpdate;
    this.#visitors = new RecentVisitors(options.random, appliedWithinMs);
    this.#delivered = new RecentVisitors(options.random, appliedWithinMs);
    this.#earlier = earlier;
    this.#bootClock = options.bootClock;
    this.#permittedToRow = options.hasOverflow ? earlier.toRow : Number.POSITIVE_INFINITY;
    this.#earlierUntilMs = now.monotonicMs + (mayBeOpen(earlier, now.wallMs, options.bootClock) ? appliedWithinMs : 0);
  }

  /** An attempt of this visitor, in an earlier run. */
  noteEarlier(id: string, route: RouteName, now: Instant): void {
    (route === 'update' ? this.#visitors : this.#delivered).add(id, now.monotonicMs);
  }

  /** `false`: a checkpoint is to be written first. */
  mayTake(rowNumber: number, now: Instant): boolean {
    const isSaved = rowNumber < this.#permittedToRow && Math.abs(now.wallMs - this.#savedAtMs) < savedWithinMs;
    if (!isSaved) this.#wantedRow = Math.max(this.#wantedRow, rowNumber);
    return isSaved;
  }

  /** An attempt by update is about to be made. */
  took({ rowNumber }: { readonly rowNumber: number }): void {
    this.#highestRow = Math.max(this.#highestRow, rowNumber);
  }

  /** The bytes of an attempt have left. */
  left({ id }: Pick<OrderedRow, 'id'>, route: RouteName, now: Instant): void {
    if (route === 'update') this.#last = now; // the uptime is asked for later: asking costs more than the rest of an attempt
    if (this.#hasOverflow) (route === 'update' ? this.#visitors : this.#delivered).add(id, now.monotonicMs);
  }

  staysOnUpdate({ rowNumber, id, mark }: OrderedRow, now: Instant): boolean {
    if (rowNumber < this.#earlier.toRow && now.monotonicMs < this.#earlierUntilMs) return true;
    if (this.#visitors.has(id, now.monotonicMs)) return true;
    const sentAtMs = mark?.lastSentAtMs ?? null;
    if (sentAtMs === null || now.wallMs - sentAtMs >= appliedWithinMs) return false;
    return !this.#delivered.has(id, now.monotonicMs);
  }

  /** What a checkpoint says. `isOver`: no attempt will be made any more. */
  state(readRowCount: number, isOver: boolean, now: Instant): EarlierUpdates {
    const isEarlierOpen = now.monotonicMs < this.#earlierUntilMs;
    const earlier = isEarlierOpen ? this.#earlier : { toRow: 1, lastAtMs: null, lastUptime: null };
    if (!this.#isUpdate) return earlier;
    const toRow = Math.max(earlier.toRow, this.#toRow(readRowCount, isOver));
    if (!isOver) return { toRow, lastAtMs: now.wallMs, lastUptime: uptimeOf(this.#bootClock) };
    return { ...earlier, ...this.#lastUpdate(now), toRow };
  }

  /** A checkpoint with this state is about to be written: until it is durable, either may stand after a kill. */
  saving({ toRow }: EarlierUpdates): void {
    if (this.#hasOverflow) this.#permittedToRow = Math.min(this.#permittedToRow, toRow);
  }

  saved({ toRow, lastAtMs }: EarlierUpdates): void {
    if (this.#hasOverflow) this.#permittedToRow = toRow;
    this.#savedAtMs = lastAtMs ?? this.#savedAtMs;
  }

  #lastUpdate(now: Instant): Pick<EarlierUpdates, 'lastAtMs' | 'lastUptime'> | null {
    if (this.#last === null) return null;
    const uptime = uptimeOf(this.#bootClock);
    // A time in which the machine slept may be missing in what has passed: the update looks later then, never earlier.
    const passedMs = now.monotonicMs - this.#last.monotonicMs;
    return {
      lastAtMs: this.#last.wallMs,
      lastUptime: uptime && { ...uptime, ms: Math.max(0, Math.floor(uptime.ms - passedMs)) },
    };
  }

  #toRow(readRowCount: number, isOver: boolean): number {
    if (isOver) return this.#highestRow + 1;
    if (!this.#hasOverflow) return readRowCount + unsavedRowsMax;
    // Close to what was attempted: after a kill every row below it that has no end has to stay on updates.
    if (this.#highestRow >= this.#wantedRow) return this.#highestRow + 1 + (this.isUsedUp ? 0 : aheadRows);
    return this.#wantedRow + 1 + (this.isUsedUp ? 0 : aheadRows);
  }
}

export interface OrderedRow {
  readonly rowNumber: number;
  readonly id: string;
  /** What the memory of --changed-only knows of the visitor; `null`: nothing, or there is none. */
  readonly mark: { readonly lastSentAtMs: number | null } | null;
}

export interface EarlierUpdates {
  /** No row from here on had an attempt by update. */
  readonly toRow: number;
  /** Wall time of the last one; `null`: none was made. */
  readonly lastAtMs: number | null;
  /** The same by the machine's own clock, which nobody sets; `null`: the system does not name its boots, or none was made. */
  readonly lastUptime: { readonly bootId: string; readonly ms: number } | null;
}

export interface UpdateOrderOptions {
  readonly earlier: EarlierUpdates;
  /** Whether the main route is update. */
  readonly isUpdate: boolean;
  readonly hasOverflow: boolean;
  readonly random: Random;
  readonly bootClock: BootClock;
  readonly now: Instant;
}

const hourMs = 3_600_000;
/** Documented: 24 hours. The hour more is for an attempt that arrives late, and for a checkpoint that is a little old. */
export const appliedWithinMs = 25 * hourMs;
const savedWithinMs = 600_000;
/** Rows that may be attempted before the next checkpoint. */
const aheadRows = 1_000;
/** Without an overflow: what is read ahead (10,000), and what can end between two checkpoints or stand in no results yet. */
const unsavedRowsMax = 40_000;

/** The state of a job that no run has worked on. */
export function noUpdates(
  isUpdate: boolean,
  hasOverflow: boolean,
  nowWallMs: number,
  bootClock: BootClock,
): EarlierUpdates {
  if (!isUpdate || hasOverflow) return { toRow: 1, lastAtMs: null, lastUptime: null };
  return { toRow: unsavedRowsMax, lastAtMs: nowWallMs, lastUptime: uptimeOf(bootClock) };
}

function uptimeOf(bootClock: BootClock): EarlierUpdates['lastUptime'] {
  const bootId = bootClock.bootId();
  return bootId === null ? null : { bootId, ms: Math.floor(bootClock.uptimeMs()) };
}

/** Whether an update of an earlier run may not have been applied yet. The wall clock is believed over a restart alone. */
export function mayBeOpen({ lastAtMs, lastUptime }: EarlierUpdates, nowWallMs: number, bootClock: BootClock): boolean {
  const uptime = uptimeOf(bootClock);
  if (uptime !== null && uptime.bootId === lastUptime?.bootId) return uptime.ms - lastUptime.ms < appliedWithinMs;
  return lastAtMs !== null && nowWallMs - lastAtMs < appliedWithinMs;
}
