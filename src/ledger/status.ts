import type { CapView } from '../platform/ports.js';
import { dayMs, freedAtMs, grantable, heldAt, type SettledBucket, unitsOf } from './buckets.js';
import type { HomeTime } from './home-time.js';
import { settledOf } from './ledger.js';
import type { LedgerHome, LedgerState } from './ledger-home.js';
import { type LedgerKind, type LedgerRecord, partsOfName } from './ledger-records.js';
import { ledgerMs } from './ledger-time.js';

/** How much of a cap is used: what `status` and `check` show. All of it is read, and nothing written. */
export interface LedgerStatus {
  /** In lower case, as it is counted. */
  readonly clientCode: string;
  readonly isLoopback: boolean;
  readonly kind: LedgerKind;
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

/** `home` null: there is no ledger. */
export async function ledgerStatus(home: LedgerHome | null): Promise<LedgerStatus[]> {
  if (home === null) return [];
  const all: LedgerStatus[] = [];
  // A transaction for each, so that a run that sends waits for none of them long.
  for (const name of (await home.names()).sort()) {
    const status = await home.read(name, (state, time) =>
      state.ledger === null ? null : statusOf(name, state.ledger, useOf(state, time)),
    );
    if (status !== null) all.push(status);
  }
  return all;
}

/** The cap as a run would find it that takes `limit` less `reserve` to be its own. `home` null: there is no ledger. */
export async function capView(
  home: LedgerHome | null,
  options: {
    readonly clientCode: string;
    readonly isLoopback: boolean;
    /** Default: updates. */
    readonly kind?: LedgerKind;
    readonly limit: number;
    readonly reserve: number;
  },
): Promise<CapView> {
  const limit = Math.max(0, options.limit - options.reserve);
  const name = home?.nameOf(options.clientCode, options.isLoopback, options.kind) ?? '';
  const use = await home?.read(name, (state, time) => (state.ledger === null ? null : useOf(state, time)));
  const used = use?.usedUnits ?? 0;
  const left = grantable(used, limit);
  return { limit, used, left, nextFreeAtMs: left > 0 ? null : (use?.freedAtMs(used - limit + 1) ?? null) };
}

/** The buckets that count now, in the order in which they come free. */
class Use {
  readonly buckets: readonly SettledBucket[];
  readonly usedUnits: number;
  readonly #now: HomeTime;

  constructor(buckets: readonly SettledBucket[], now: HomeTime) {
    this.buckets = buckets;
    this.usedUnits = unitsOf(buckets);
    this.#now = now;
  }

  /** Wall time. */
  get nowMs(): number {
    return this.#now.wallMs;
  }

  /** Wall time of a time of the ledger's. */
  wallMsOf(atMs: number): number {
    return Math.ceil(this.#now.wallMs + atMs - ledgerMs(this.#now));
  }

  freedAtMs(units: number): number | null {
    const atMs = freedAtMs(this.buckets, Math.max(1, units));
    return atMs === null ? null : this.wallMsOf(atMs);
  }
}

function useOf(state: LedgerState, now: HomeTime): Use {
  return new Use(heldAt({ settled: settledOf(state), open: state.ledger?.open ?? [] }, now), now);
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
