import type { BootClock, CapView, Clock, LedgerRecords, LedgerStore } from '../platform/ports.js';
import { dayMs, freedAtMs, grantable, heldAt, type SettledBucket, unitsOf } from './buckets.js';
import { readTime, settledOf } from './ledger.js';
import { type LedgerRecord, ledgerName, partsOfName, readLedger, readNames } from './ledger-records.js';
import { type Anchor, ledgerMs, type MachineTime } from './ledger-time.js';
import { MachineClocks } from './machine-time.js';

/** How much of a cap is used: what `status` and `check` show. All of it is read, and nothing written. */
export interface LedgerStatus {
  /** In lower case, as it is counted. */
  readonly clientCode: string;
  readonly isLoopback: boolean;
  /** --daily-cap and --reserve as the last run gave them. */
  readonly limit: number;
  readonly reserve: number;
  readonly used: number;
  /** Of the limit less the reserve; 0 at least. */
  readonly left: number;
  /** Wall times at which one more unit, 1,000 more (or all, if that is fewer) and all used ones are free; `null`: none is used. */
  readonly nextFreeAtMs: number | null;
  readonly next1000FreeAtMs: number | null;
  readonly allFreeAtMs: number | null;
  /** The last 24 hours, the earliest first; `fromMs` is wall time. */
  readonly hours: readonly { readonly fromMs: number; readonly used: number }[];
}

const hourMs = 3_600_000;
const hourCount = 24;

/** `store` null: there is no ledger. */
export async function ledgerStatus(
  store: LedgerStore | null,
  clock: Clock,
  bootClock: BootClock,
): Promise<LedgerStatus[]> {
  if (store === null) return [];
  const clocks = new MachineClocks(clock, bootClock);
  const names = await store.transact(readNames);
  const all: LedgerStatus[] = [];
  // A transaction for each, so that a run that sends waits for none of them long.
  for (const name of names.sort()) {
    const status = await store.transact((records) => {
      const ledger = readLedger(records, name);
      return ledger === null ? null : statusOf(name, ledger, readUse(records, name, ledger, clocks.read()));
    });
    if (status !== null) all.push(status);
  }
  return all;
}

/** The cap as a run would find it that takes `limit` less `reserve` to be its own. `store` null: there is no ledger. */
export async function capView(
  store: LedgerStore | null,
  clock: Clock,
  bootClock: BootClock,
  options: {
    readonly clientCode: string;
    readonly isLoopback: boolean;
    readonly limit: number;
    readonly reserve: number;
  },
): Promise<CapView> {
  const limit = Math.max(0, options.limit - options.reserve);
  const clocks = new MachineClocks(clock, bootClock);
  const name = ledgerName(options.clientCode, options.isLoopback);
  const use = await store?.transact((records) => {
    const ledger = readLedger(records, name);
    return ledger === null ? null : readUse(records, name, ledger, clocks.read());
  });
  const used = use?.usedUnits ?? 0;
  const left = grantable(used, limit);
  return { limit, used, left, nextFreeAtMs: left > 0 ? null : (use?.freedAtMs(used - limit + 1) ?? null) };
}

/** The buckets that count now, in the order in which they come free. */
class Use {
  readonly buckets: readonly SettledBucket[];
  readonly usedUnits: number;
  readonly #now: Anchor;

  constructor(buckets: readonly SettledBucket[], now: Anchor) {
    this.buckets = buckets;
    this.usedUnits = unitsOf(buckets);
    this.#now = now;
  }

  /** Wall time. */
  get nowMs(): number {
    return this.#now.machine.wallMs;
  }

  /** Wall time of a time of the ledger's. */
  wallMsOf(atMs: number): number {
    return Math.ceil(this.#now.machine.wallMs + atMs - ledgerMs(this.#now));
  }

  freedAtMs(units: number): number | null {
    const atMs = freedAtMs(this.buckets, Math.max(1, units));
    return atMs === null ? null : this.wallMsOf(atMs);
  }
}

function readUse(records: LedgerRecords, name: string, ledger: LedgerRecord, machine: MachineTime): Use {
  const now = readTime(records, machine);
  return new Use(heldAt({ settled: settledOf(records, name, ledger), open: ledger.open }, now), now);
}

function statusOf(name: string, { limit, reserve }: LedgerRecord, use: Use): LedgerStatus {
  const { usedUnits } = use;
  return {
    ...partsOfName(name),
    limit,
    reserve,
    used: usedUnits,
    left: grantable(usedUnits, limit - reserve),
    nextFreeAtMs: use.freedAtMs(1),
    next1000FreeAtMs: use.freedAtMs(Math.min(1_000, usedUnits)),
    allFreeAtMs: use.freedAtMs(usedUnits),
    hours: hoursOf(use),
  };
}

function hoursOf(use: Use): { readonly fromMs: number; readonly used: number }[] {
  const firstMs = use.nowMs - dayMs;
  const hours = Array.from({ length: hourCount }, (_, index) => ({ fromMs: firstMs + index * hourMs, used: 0 }));
  for (const bucket of use.buckets) {
    // Units count a little longer than a day: those stand in the first hour.
    const index = Math.floor((use.wallMsOf(bucket.usedAtMs) - firstMs) / hourMs);
    const hour = hours[Math.min(hourCount - 1, Math.max(0, index))];
    if (hour !== undefined) hour.used += bucket.units;
  }
  return hours;
}
