import type { Random } from '../../platform/ports.js';
import type { TryOutcome } from '../../terms/outcome.js';
import type { Stop } from '../terms/stops.js';
import { firstAnswers, noFirstAnswers } from './endpoint.js';
import { noOutage, outage } from './outage.js';
import { isAsked, noRowLeft, type Question, question, tokenWasReread, withdrawn } from './question.js';
import { retry } from './retry.js';
import { noneTakenStop } from './stops.js';
import {
  type AwaitedEvidence,
  type Ending,
  errorText,
  evidenceOf,
  type Gate,
  type HealthOptions,
  type HealthRow,
  type Move,
  type Seen,
  type Step,
  type Verdict,
} from './terms.js';
import { noThrottle, throttle } from './throttle.js';

export type { Ending, Gate, HealthOptions, Move } from './terms.js';

/** What an outcome comes to: a stop, which ends no row, or what becomes of rows. */
export type Judgement<Row> =
  | { readonly kind: 'stop'; readonly stop: Stop }
  | { readonly kind: 'continue'; readonly moves: readonly Move<Row>[]; readonly rereadsToken: boolean };

/**
 * What an attempt's outcome means for its row and for the whole run. Touches no clock, disk or socket: it gets the
 * time and answers with what to do.
 *
 * Every part (health-question, -throttle, -endpoint, -outage) is a reducer: it sees every outcome, keeps its own state
 * and says what it makes of it. The first verdict that is not `pass` decides about the row; where all pass, the outcome
 * speaks for itself, and one that is to be retried goes by the row's own retries (health-retry).
 *
 * Invariants: a row that waits here has not ended and keeps its visitor's later rows waiting; every row handed to
 * `judge` comes back in exactly one move other than `keep`, at once or later; a stop ends no row.
 */
export class Health<Row extends HealthRow> {
  readonly #options: HealthOptions;
  readonly #random: Random;
  #hasTaken: boolean;
  #question: Question<Row> = null;
  #throttle = noThrottle;
  #firstAnswers = noFirstAnswers;
  #outage = noOutage;
  #waiting: {
    readonly row: Row;
    readonly ending: Ending;
    readonly evidence: AwaitedEvidence;
    readonly lastError: string;
  }[] = [];

  /** `hasTaken`: a row of the job was taken in an earlier run. */
  constructor(options: HealthOptions, random: Random, hasTaken: boolean) {
    this.#options = options;
    this.#random = random;
    this.#hasTaken = hasTaken;
  }

  get hasTaken(): boolean {
    return this.#hasTaken;
  }

  /** Whether, and how, an attempt may leave now. */
  gate(nowMs: number): Gate {
    const current = this.#question;
    if (current?.phase === 'token') {
      const { sinceMs, lastError } = current;
      return { kind: 'closed', row: 'next', cause: 'token', sinceMs, untilMs: null, lastError };
    }
    if (nowMs < this.#throttle.untilMs) return { kind: 'closed', row: 'next', cause: 'throttled', ...this.#throttle };
    const { probe, sinceMs, lastError } = this.#outage;
    if (probe !== null && nowMs < probe.atMs) {
      return { kind: 'closed', row: 'next', cause: 'outage', sinceMs, untilMs: probe.atMs, lastError };
    }
    if (current?.phase === 'other-row') return farOneAtATime;
    return current === null && probe === null ? open : oneAtATime;
  }

  judge(row: Row, outcome: TryOutcome, nowMs: number): Judgement<Row> {
    const seen: Seen<Row> = { row, outcome, nowMs, hasTaken: this.#hasTaken, options: this.#options };
    const asked = question(this.#question, seen);
    const throttled = throttle(this.#throttle, seen, this.#random);
    const answered = firstAnswers(this.#firstAnswers, seen);
    const broken = outage(this.#outage, seen, this.#random);
    const opensOutage = this.#outage.probe === null && broken.state.probe !== null;
    const rereadsToken = this.#question?.phase !== 'token' && asked.state?.phase === 'token';
    this.#question = asked.state;
    this.#throttle = throttled.state;
    this.#firstAnswers = answered.state;
    this.#outage = broken.state;
    if (outcome.kind === 'submitted') this.#hasTaken = true;

    const parts: readonly Step<unknown, Row>[] = [asked, throttled, answered, broken];
    const decided = parts.find(({ verdict }) => verdict.kind !== 'pass')?.verdict ?? this.#ownVerdict(seen);
    if (decided.kind === 'stop') return decided;
    const moves: Move<Row>[] = decided.kind === 'move' ? [decided.move] : [];
    for (const part of parts) moves.push(...part.freed);
    moves.push(...(opensOutage ? this.#startOver() : this.#endWaiting(outcome)));
    if (decided.kind === 'await') this.#waiting.push({ row, ...decided, lastError: errorText(seen) });
    if (leavesHealth(decided) && isAsked(this.#question, row)) moves.push(...this.#withdraw());
    return { kind: 'continue', moves, rereadsToken };
  }

  /** The token has been read again: the row that raised the question gets its one attempt. */
  tokenReread(): readonly Move<Row>[] {
    const { state, freed } = tokenWasReread(this.#question);
    this.#question = state;
    return freed;
  }

  /**
   * Nothing is in flight and nothing else can start: a question that needs another row is answered without one, and rows
   * that wait for evidence end without it. No moves: there was nothing to settle. `isAtLimit`: other rows are there, and
   * --limit keeps them back; where none was taken, that is no evidence against the rows.
   */
  settle(isAtLimit = false): Judgement<Row> & { readonly endsWithoutEvidence?: boolean } {
    const { state, verdict, freed } = noRowLeft(this.#question, this.#options);
    this.#question = state;
    if (verdict.kind === 'stop') return verdict;
    if (freed.length > 0) return { kind: 'continue', moves: freed, rereadsToken: false };
    const last = this.#waiting.at(-1);
    if (isAtLimit && last !== undefined && !this.#hasTaken && this.#options.guardsFirstAnswers) {
      return { kind: 'stop', stop: noneTakenStop(this.#waiting.length, last.lastError) };
    }
    const waiting = this.#waiting.splice(0);
    const endsWithoutEvidence = waiting.some(({ ending }) => !this.#hasTaken || ending.status === 'failed');
    return { kind: 'continue', moves: waiting.map(ended), rereadsToken: false, endsWithoutEvidence };
  }

  /** Of a row about which no part of health says more than its answer does. */
  #ownVerdict(seen: Seen<Row>): Verdict<Row> {
    const { row, outcome, hasTaken } = seen;
    switch (outcome.kind) {
      case 'submitted':
        return end(row, { status: 'submitted', httpStatus: outcome.httpStatus, reason: null });
      case 'refused':
        return end(row, { status: 'refused', httpStatus: outcome.httpStatus, reason: outcome.reason });
      case 'retry': {
        const mustAnswer = !hasTaken && isAsked(this.#question, row);
        const { state, verdict } = retry(row.countedTries, { ...seen, outcome }, mustAnswer, this.#random);
        row.countedTries = state;
        return verdict;
      }
      case 'stop':
        throw new Error('an answer that may stop the run was passed over');
    }
  }

  /** The rows do not cause an outage: those that wait for their end get all their attempts back. */
  #startOver(): Move<Row>[] {
    return this.#waiting.splice(0).map(({ row }) => {
      row.countedTries = 0;
      return { kind: 'again', row, place: 'first' };
    });
  }

  #endWaiting(outcome: TryOutcome): Move<Row>[] {
    if (this.#waiting.length === 0) return [];
    const evidence = evidenceOf(outcome);
    const isOwn = evidence === 'taken' || (evidence === 'own' && this.#hasTaken);
    const isAnswer = isOwn || evidence === 'own' || evidence === 'slow' || evidence === 'strange';
    if (!isAnswer || this.#outage.probe !== null) return [];
    const moves: Move<Row>[] = [];
    const waiting = this.#waiting.splice(0);
    for (const one of waiting) {
      if (isOwn || one.evidence === 'answer') moves.push(ended(one));
      else this.#waiting.push(one);
    }
    return moves;
  }

  #withdraw(): readonly Move<Row>[] {
    const { state, freed } = withdrawn(this.#question);
    this.#question = state;
    return freed;
  }
}

const open: Gate = { kind: 'open', row: 'next' };
const oneAtATime: Gate = { kind: 'one-at-a-time', row: 'next' };
const farOneAtATime: Gate = { kind: 'one-at-a-time', row: 'far' };

function end<Row>(row: Row, ending: Ending): Verdict<Row> {
  return { kind: 'move', move: { kind: 'end', row, ending } };
}

function ended<Row>({ row, ending }: { readonly row: Row; readonly ending: Ending }): Move<Row> {
  return { kind: 'end', row, ending };
}

function leavesHealth<Row>(verdict: Exclude<Verdict<Row>, { kind: 'stop' }>): boolean {
  return verdict.kind === 'await' || (verdict.kind === 'move' && verdict.move.kind === 'end');
}
