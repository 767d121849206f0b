import type { HomeAway } from '../ledger/ledger-home.js';
import { type Consumption, wantedUnits } from './grant.js';

/** What a pacer does next. Pure: of what it knows and of the time, all in monotonic milliseconds. */
export type Plan =
  /** Draws from the ledger: gives back and counts again what there is, and asks for `wantedUnits` units. */
  | { readonly kind: 'transact'; readonly wantedUnits: number }
  /** Nothing is to be done until then. */
  | { readonly kind: 'wake'; readonly atMs: number }
  /** The ledger's home was away for as long as --give-up allows. */
  | { readonly kind: 'give-up' }
  /** Nothing is to be done until something happens. */
  | { readonly kind: 'idle' };

/** The ledger's home is away. */
export interface Absence {
  readonly trouble: HomeAway;
  readonly sinceMs: number;
  /** When it was last found to be away, and for how long nobody asks again. */
  readonly failedAtMs: number;
  readonly retryMs: number;
}

/** The last draw that asked for units got none. */
export interface UsedUp {
  /** Until then asking is of no use, unless another run gives units back. */
  readonly untilMs: number;
  readonly pollAtMs: number;
}

/** What a plan is made of. Grants that have ended are discarded before. */
export interface PlanState {
  /** A draw has no answer yet. */
  readonly isDrawing: boolean;
  readonly giveUpMs: number;
  readonly absence: Absence | null;
  readonly usedUp: UsedUp | null;
  /** Attempts that may have arrived late, to be counted again. */
  readonly lateUnits: number;
  readonly stock: {
    /** Units in grants. */
    readonly untakenUnits: number;
    readonly firstEndMs: number | null;
    readonly lastEndMs: number | null;
    /** Since when there are units to give back; `null`: there are none. */
    readonly returnedSinceMs: number | null;
  };
  /** What has become of the last grant. */
  readonly consumption: Consumption;
}

/** A grant that ends sooner than this is followed by the next one, so that no attempt waits at the end of a bucket. */
const followMs = 500;
/** Single units that come back wait this long for others. */
const tidyMs = 100;

const idle: Plan = { kind: 'idle' };
const giveUp: Plan = { kind: 'give-up' };
const reportOnly: Plan = { kind: 'transact', wantedUnits: 0 };

/** After each thing that happened, and when it is time. */
export function plan(state: PlanState, nowMs: number): Plan {
  if (state.isDrawing) return idle; // its answer leads to the next plan
  if (state.absence !== null) return planAway(state.absence, state.giveUpMs, nowMs);
  if (state.usedUp !== null && nowMs >= state.usedUp.pollAtMs) return fetchUnits(state, nowMs);
  const atMs = reportDueMs(state, nowMs);
  if (atMs <= nowMs) return reportOnly;
  const wakeMs = Math.min(atMs, state.usedUp?.pollAtMs ?? atMs, state.stock.firstEndMs ?? atMs);
  return wakeMs === Number.POSITIVE_INFINITY ? idle : { kind: 'wake', atMs: wakeMs };
}

/**
 * When an attempt asks for a unit: units are fetched ahead of need, but only while attempts ask. Where nothing is
 * fetched, what was planned before stands.
 */
export function planForAttempt(state: PlanState, nowMs: number): Plan {
  const canDraw = !state.isDrawing && state.absence === null;
  return canDraw && needsMore(state, nowMs) ? fetchUnits(state, nowMs) : idle;
}

function fetchUnits({ consumption }: PlanState, nowMs: number): Plan {
  return { kind: 'transact', wantedUnits: wantedUnits(consumption, nowMs) };
}

/** It is asked a last time when --give-up ends. */
function planAway({ sinceMs, failedAtMs, retryMs }: Absence, giveUpMs: number, nowMs: number): Plan {
  const endMs = sinceMs + giveUpMs;
  if (failedAtMs >= endMs) return giveUp;
  const atMs = Math.min(failedAtMs + retryMs, endMs);
  return nowMs >= atMs ? reportOnly : { kind: 'wake', atMs };
}

function needsMore({ usedUp, stock, consumption }: PlanState, nowMs: number): boolean {
  // What goes back may be granted again.
  if (usedUp !== null && usedUp.untilMs > nowMs && stock.returnedSinceMs === null) return false;
  const isLow = stock.untakenUnits <= consumption.grantedUnits / 2;
  return isLow || (stock.lastEndMs ?? nowMs) - nowMs < followMs;
}

/** When the ledger has to hear of units that are not used, or of attempts that were late. */
function reportDueMs({ lateUnits, stock }: PlanState, nowMs: number): number {
  if (lateUnits > 0) return nowMs;
  return stock.returnedSinceMs === null ? Number.POSITIVE_INFINITY : stock.returnedSinceMs + tidyMs;
}
