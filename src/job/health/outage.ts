import type { Random } from '../../platform/ports.js';
import type { Trouble, TryOutcome } from '../../terms/outcome.js';
import { probePauseMs } from './backoff.js';
import { outageStop, unresolvedStop } from './stops.js';
import {
  differentRowsMax,
  errorText,
  evidenceOf,
  type HealthRow,
  pass,
  type Seen,
  type Step,
  type Verdict,
} from './terms.js';

/**
 * The circuit breaker: whether it is the way to Target that fails, and not the rows.
 *
 * States:
 * - closed: attempts leave. It counts the attempts in a row that met trouble (network, 429, 5xx), and the different rows
 *   in a row whose answer was strange (404, or not understood).
 * - open (`probe` is set): an outage. One row at a time probes, each time another one, with growing pauses, and no
 *   attempt counts against a row's retries. It closes only when an answer comes, or the run stops after --give-up.
 *
 * What opens it: 50 attempts in a row that met trouble; after a row of the job was taken, trouble that can be about the
 * rows themselves (a firewall that cuts some of them off) must come from 20 different rows. Or strange answers to 20
 * different rows in a row, after a row of the job was taken (before, they stop the run: the first answers).
 */
export interface Outage {
  readonly troubleCount: number;
  /** Row numbers, each up to `differentRowsMax` of them. */
  readonly troubledRows: ReadonlySet<number>;
  readonly strangeRows: ReadonlySet<number>;
  /** Since when no good answer came. */
  readonly sinceMs: number;
  readonly lastError: string | null;
  readonly probe: Probe | null;
}

interface Probe {
  readonly atMs: number;
  readonly level: number;
  /** What the server asked to wait; it does not count for --give-up. */
  readonly askedMs: number;
}

const troubleCountMax = 50;
const none: ReadonlySet<number> = new Set();

export const noOutage: Outage = {
  troubleCount: 0,
  troubledRows: none,
  strangeRows: none,
  sinceMs: 0,
  lastError: null,
  probe: null,
};

export function outage<Row extends HealthRow>(state: Outage, seen: Seen<Row>, random: Random): Step<Outage, Row> {
  switch (evidenceOf(seen.outcome)) {
    case 'taken':
    case 'own':
    case 'slow':
      return { state: noOutage, verdict: pass, freed: [] };
    case 'question':
      return { state, verdict: pass, freed: [] };
    case 'strange':
      if (state.probe !== null) return probed(state, state.probe, seen, random);
      return strange(state, seen, random);
    case 'trouble':
      if (state.probe !== null) return probed(state, state.probe, seen, random);
      return troubled(counted(state, seen), seen, random);
  }
}

function troubled<Row extends HealthRow>(state: Outage, seen: Seen<Row>, random: Random): Step<Outage, Row> {
  const isOfRowsMaybe = seen.hasTaken && canBeOfRow(seen.outcome);
  const isOutage =
    state.troubleCount >= troubleCountMax && (!isOfRowsMaybe || state.troubledRows.size >= differentRowsMax);
  return isOutage ? opened(state, seen, random) : { state, verdict: pass, freed: [] };
}

function strange<Row extends HealthRow>(state: Outage, seen: Seen<Row>, random: Random): Step<Outage, Row> {
  const { row, outcome, nowMs, hasTaken } = seen;
  if (!hasTaken) return { state: noOutage, verdict: pass, freed: [] };
  const next: Outage = {
    ...noOutage,
    strangeRows: new Set([...state.strangeRows, row.rowNumber]),
    sinceMs: state.strangeRows.size === 0 ? nowMs : state.sinceMs,
    lastError: errorText(seen),
  };
  if (next.strangeRows.size >= differentRowsMax) return opened(next, seen, random);
  if (outcome.kind !== 'refused') return { state: next, verdict: pass, freed: [] };
  const ending = { status: 'refused', httpStatus: outcome.httpStatus, reason: outcome.reason } as const;
  return { state: next, verdict: { kind: 'await', ending, evidence: 'own-answer' }, freed: [] };
}

function counted<Row extends HealthRow>(state: Outage, seen: Seen<Row>): Outage {
  const { row, nowMs } = seen;
  const isFull = state.troubledRows.size >= differentRowsMax;
  return {
    ...state,
    troubleCount: state.troubleCount + 1,
    troubledRows: isFull ? state.troubledRows : new Set([...state.troubledRows, row.rowNumber]),
    sinceMs: state.troubleCount === 0 && state.strangeRows.size === 0 ? nowMs : state.sinceMs,
    lastError: errorText(seen),
  };
}

function opened<Row extends HealthRow>(state: Outage, seen: Seen<Row>, random: Random): Step<Outage, Row> {
  return probed(state, { atMs: seen.nowMs, level: 0, askedMs: 0 }, seen, random);
}

/** An attempt that did not get through while the breaker is open. */
function probed<Row extends HealthRow>(
  state: Outage,
  probe: Probe,
  seen: Seen<Row>,
  random: Random,
): Step<Outage, Row> {
  const { row, outcome, nowMs, hasTaken, options } = seen;
  const lastError = errorText(seen);
  const stopped = (verdict: Extract<Verdict<Row>, { kind: 'stop' }>) => ({ state, verdict, freed: [] });
  // A name that never resolved is more likely mistyped than out of order.
  if (outcome.kind === 'retry' && outcome.trouble === 'dns' && !hasTaken && probe.level > options.retries) {
    return stopped({ kind: 'stop', stop: unresolvedStop(outcome.reason, lastError) });
  }
  const again: Verdict<Row> = { kind: 'move', move: { kind: 'again', row, place: 'last' } };
  const isLate = nowMs < probe.atMs; // the answer to an attempt that left before the breaker opened: nothing new
  const askedMs = outcome.kind === 'retry' ? (outcome.retryAfterMs ?? 0) : 0;
  const giveUpAtMs = state.sinceMs + options.giveUpMs + probe.askedMs;
  if (nowMs >= giveUpAtMs) return stopped({ kind: 'stop', stop: outageStop(nowMs - state.sinceMs, lastError) });
  if (isLate) return { state, verdict: again, freed: [] };
  const pauseMs = Math.min(probePauseMs(probe.level, random), giveUpAtMs - nowMs);
  const next = { atMs: nowMs + Math.max(pauseMs, askedMs), level: probe.level + 1, askedMs: probe.askedMs + askedMs };
  return { state: { ...state, lastError, probe: next }, verdict: again, freed: [] };
}

const ofRowsMaybe: ReadonlySet<Trouble> = new Set<Trouble>(['reset', 'silence', 'server']);

/** Whether such trouble can come of what is in the row: a firewall resets, or swallows, what it does not like. */
function canBeOfRow(outcome: TryOutcome): boolean {
  return outcome.kind === 'retry' && ofRowsMaybe.has(outcome.trouble);
}
