import type { Reason, TryOutcome } from '../../terms/outcome.js';
import {
  certificateStop,
  deliveryHostStop,
  deliveryPropertyStop,
  proxyStop,
  redirectStop,
  unauthorizedStop,
} from './stops.js';
import {
  differentRowsMax,
  type Ending,
  errorText,
  evidenceOf,
  type HealthOptions,
  type HealthRow,
  type Move,
  pass,
  type Seen,
  type Step,
  type Verdict,
} from './terms.js';

/**
 * What is the cause of an answer 401, 403 or 3xx: the token, the endpoint or the row?
 *
 * Phases, with one attempt in flight at a time:
 * - `token` (401, 403): the token is read again.
 * - `same-row`: the row is sent again, with that token. The same answer again: before a row of the job has been taken
 *   the run stops; after it, → `other-row`.
 * - `other-row` (where 3xx begins): other rows, which have not got this answer, are sent. One is taken: the answer was
 *   the row's own, and it is refused. One gets the same answer: the next one is sent, until there are 20 different rows,
 *   and the run stops. None is left: → `last-look`.
 * - `last-look`: each row that got this answer is sent again, and the answer is its own.
 *
 * Invariants: the row that asks and the rows that got the same answer meanwhile (`others`) wait here, in no other place;
 * none of them speaks for or against another.
 */
export type Question<Row> = OpenQuestion<Row> | null;

interface OpenQuestion<Row> {
  readonly row: Row;
  readonly phase: 'token' | 'same-row' | 'other-row' | 'last-look';
  readonly outcome: StopOutcome;
  readonly others: readonly Row[];
  readonly sinceMs: number;
  readonly lastError: string;
}

type StopOutcome = Extract<TryOutcome, { kind: 'stop' }>;
type Stepped<Row> = Step<Question<Row>, Row>;

export function question<Row extends HealthRow>(state: Question<Row>, seen: Seen<Row>): Stepped<Row> {
  const { row, outcome } = seen;
  if (outcome.kind === 'stop') return stopping(state, seen, outcome);
  const unchanged: Stepped<Row> = { state, verdict: pass, freed: [] };
  if (state === null) return unchanged;
  const evidence = evidenceOf(outcome);
  if (isAsked(state, row)) {
    // Whatever it says of the row, the way is open.
    return evidence === 'trouble' || evidence === 'strange' ? unchanged : closed(state, []);
  }
  if (state.phase !== 'other-row' || evidence !== 'taken') return unchanged;
  return closed(state, [{ kind: 'end', row: state.row, ending: ownEnding(state.outcome) }]);
}

/** Whether the run waits for this row's answer: those of rows that left earlier say nothing of the new token. */
export function isAsked<Row>(state: Question<Row>, row: Row): boolean {
  return state !== null && state.row === row && (state.phase === 'same-row' || state.phase === 'last-look');
}

/** The token has been read again. */
export function tokenWasReread<Row>(state: Question<Row>): Stepped<Row> {
  if (state?.phase !== 'token') return { state, verdict: pass, freed: [] };
  return { state: { ...state, phase: 'same-row' }, verdict: pass, freed: [first(state.row)] };
}

/** No other row is left, and none can come. */
export function noRowLeft<Row extends HealthRow>(state: Question<Row>, options: HealthOptions): Stepped<Row> {
  if (state?.phase !== 'other-row') return { state, verdict: pass, freed: [] };
  if (isOfAll(state)) {
    return { state, verdict: { kind: 'stop', stop: stopOf(state, options) }, freed: [] };
  }
  return { state: { ...state, phase: 'last-look' }, verdict: pass, freed: [first(state.row)] };
}

/** The row that asks has ended in another way. */
export function withdrawn<Row>(state: Question<Row>): Stepped<Row> {
  return state === null ? { state, verdict: pass, freed: [] } : closed(state, []);
}

function stopping<Row extends HealthRow>(state: Question<Row>, seen: Seen<Row>, outcome: StopOutcome): Stepped<Row> {
  const { row, nowMs, hasTaken } = seen;
  const lastError = errorText(seen);
  const stop = (verdict: Extract<Verdict<Row>, { kind: 'stop' }>): Stepped<Row> => ({ state, verdict, freed: [] });
  if (outcome.cause === 'certificate') {
    return stop({ kind: 'stop', stop: certificateStop(outcome.reason.text, lastError) });
  }
  if (outcome.cause === 'proxy') return stop({ kind: 'stop', stop: proxyStop(outcome.httpStatus, lastError) });
  if (outcome.cause === 'delivery-host') return stop({ kind: 'stop', stop: deliveryHostStop(lastError) });
  if (outcome.cause === 'delivery-property') return stop({ kind: 'stop', stop: deliveryPropertyStop(lastError) });
  const keep: Verdict<Row> = { kind: 'move', move: { kind: 'keep', row } };
  if (state === null) {
    const isRedirect = outcome.cause === 'redirect';
    if (isRedirect && !hasTaken) return stop({ kind: 'stop', stop: redirectStop(outcome.httpStatus, lastError) });
    const phase = isRedirect ? 'other-row' : 'token';
    const asked = { row, phase, outcome, others: [], sinceMs: nowMs, lastError } as const;
    return { state: asked, verdict: keep, freed: [] };
  }
  if (state.row !== row) {
    const next: OpenQuestion<Row> = { ...state, others: [...state.others, row], lastError };
    // Rows that were in flight before the question have no say: they may be neighbours, or have left with an old token.
    if (state.phase === 'other-row' && isOfAll(next)) return stop({ kind: 'stop', stop: stopOf(next, seen.options) });
    return { state: next, verdict: keep, freed: [] };
  }
  if (state.phase === 'last-look') {
    return nextLook(state, { kind: 'end', row, ending: ownEnding(outcome) });
  }
  const next: OpenQuestion<Row> = { ...state, phase: 'other-row', outcome, lastError };
  if (!hasTaken) return stop({ kind: 'stop', stop: stopOf(next, seen.options) });
  return { state: next, verdict: keep, freed: [] };
}

/** When this many different rows are refused, the rows are not the cause. A firewall refuses some that are alike. */
function isOfAll<Row>({ others }: OpenQuestion<Row>): boolean {
  return 1 + others.length >= differentRowsMax;
}

/** One row has had its last look; the next one gets its own. */
function nextLook<Row extends HealthRow>(state: OpenQuestion<Row>, move: Move<Row>): Stepped<Row> {
  const [row, ...others] = state.others;
  const verdict: Verdict<Row> = { kind: 'move', move };
  if (row === undefined) return { state: null, verdict, freed: [] };
  return { state: { ...state, row, others }, verdict, freed: [first(row)] };
}

function closed<Row>({ others }: OpenQuestion<Row>, moves: readonly Move<Row>[]): Stepped<Row> {
  return { state: null, verdict: pass, freed: [...moves, ...others.map(first)] };
}

function first<Row>(row: Row): Move<Row> {
  return { kind: 'again', row, place: 'first' };
}

function ownEnding({ httpStatus, cause, reason }: StopOutcome): Ending {
  const own: Reason = cause === 'forbidden' ? { code: 'http-403', text: reason.text } : reason;
  return { status: 'refused', httpStatus, reason: own };
}

function stopOf<Row extends HealthRow>(
  { row, outcome, others, lastError }: OpenQuestion<Row>,
  { hasToken }: HealthOptions,
) {
  if (outcome.cause === 'redirect') return redirectStop(outcome.httpStatus, lastError);
  return unauthorizedStop(row, lastError, others.length, hasToken);
}
