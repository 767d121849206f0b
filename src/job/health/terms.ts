import { type Reason, type RouteName, type TryOutcome, tryCodes } from '../../terms/outcome.js';
import type { HoldCause } from '../terms/events.js';
import type { Stop } from '../terms/stops.js';

/** The words that the parts of a run's health share. Pure. */

/** What health knows of a row. */
export interface HealthRow {
  readonly rowNumber: number;
  readonly lineNumber: number;
  /** Of its last attempt. */
  readonly route: RouteName | null;
  /** Attempts that count against --retries. */
  countedTries: number;
}

export interface HealthOptions {
  /** Further attempts of one row, 0 or more. */
  readonly retries: number;
  readonly giveUpMs: number;
  /** Off where --max-failures was given, which takes its place. */
  readonly guardsFirstAnswers: boolean;
  /** Whether a token is sent. */
  readonly hasToken: boolean;
  /** --on-cap stop: a wait of over a minute that the server asks for ends the run (4). */
  readonly stopsAtLongWaits: boolean;
}

/** One outcome, as every part of health sees it. */
export interface Seen<Row> {
  readonly row: Row;
  readonly outcome: TryOutcome;
  readonly nowMs: number;
  /** Whether a row of the job had been taken before this outcome, in this run or an earlier one. */
  readonly hasTaken: boolean;
  readonly options: HealthOptions;
}

export interface Ending {
  readonly status: 'submitted' | 'refused' | 'failed';
  readonly httpStatus: number | null;
  readonly reason: Reason | null;
}

/** What becomes of a row. */
export type Move<Row> =
  | { readonly kind: 'end'; readonly row: Row; readonly ending: Ending }
  /** Ready again after `restMs`. */
  | { readonly kind: 'rest'; readonly row: Row; readonly restMs: number }
  /** Ready again at once, before all others or after them. */
  | { readonly kind: 'again'; readonly row: Row; readonly place: 'first' | 'last' }
  /** It waits with health, and comes back in a later move. */
  | { readonly kind: 'keep'; readonly row: Row };

/** What one part of health says of an outcome. `pass`: the next part decides. A stop ends no row. */
export type Verdict<Row> =
  | { readonly kind: 'pass' }
  | { readonly kind: 'stop'; readonly stop: Stop }
  | { readonly kind: 'move'; readonly move: Move<Row> }
  /** The row ends in this way as soon as there is `evidence`, or none can come any more. */
  | { readonly kind: 'await'; readonly ending: Ending; readonly evidence: AwaitedEvidence };

export type AwaitedEvidence =
  /** Any answer at all: it was no outage. */
  | 'answer'
  /** A row is taken, or (once the job has a row that was taken) refused by Target explicitly. */
  | 'own-answer';

export interface Step<State, Row> {
  readonly state: State;
  readonly verdict: Verdict<Row>;
  /** What this outcome decides for rows that had waited. */
  readonly freed: readonly Move<Row>[];
}

export const pass: Verdict<never> = { kind: 'pass' };

/**
 * Rows, all different and one after the other, that make it a matter of the endpoint and no longer of the rows: the
 * first answers, answers that are strange, answers that ask for a token.
 */
export const differentRowsMax = 20;

/**
 * What an outcome says of the way to Target.
 * - `taken`: it is open. - `own`: Target's own answer about this row. - `slow`: 408, 420, an answer all the same.
 * - `strange`: 404, no reply of this API, or one that leaves a part out: the row is the cause, or a gateway stands in between.
 * - `trouble`: no answer, or an answer that says "later". - `question`: 401, 403, 407, 3xx, certificate, an option.
 */
export type Evidence = 'taken' | 'own' | 'slow' | 'strange' | 'trouble' | 'question';

export function evidenceOf(outcome: TryOutcome): Evidence {
  switch (outcome.kind) {
    case 'submitted':
      return 'taken';
    case 'refused':
      return outcome.httpStatus === 404 ? 'strange' : 'own';
    case 'stop':
      return 'question';
    case 'retry':
      if (outcome.trouble === 'not-understood') return 'strange';
      return outcome.trouble === 'request-timeout' || outcome.trouble === 'session-busy' ? 'slow' : 'trouble';
  }
}

/** Whether, and how, an attempt may leave. */
export type Gate =
  | { readonly kind: 'open'; readonly row: 'next' }
  /** One attempt, when none is in flight. `far`: with a row from the far end, because neighbours are often alike. */
  | { readonly kind: 'one-at-a-time'; readonly row: 'next' | 'far' }
  /** `untilMs` and `sinceMs` on the monotonic clock; `null`: until told. */
  | {
      readonly kind: 'closed';
      readonly row: 'next';
      readonly cause: Extract<HoldCause, 'throttled' | 'outage' | 'token'>;
      readonly sinceMs: number;
      readonly untilMs: number | null;
      readonly lastError: string | null;
    };

const shownCharactersMax = 120;

/** How an attempt ended, for a message: `HTTP 502 (Bad Gateway), row 7 (line 8)`. Its text has been redacted. */
export function errorText({ row, outcome }: Pick<Seen<HealthRow>, 'row' | 'outcome'>): string {
  return `${outcomeText(outcome)}, ${rowText(row)}`;
}

export function rowText({ rowNumber, lineNumber }: Pick<HealthRow, 'rowNumber' | 'lineNumber'>): string {
  return `row ${rowNumber} (line ${lineNumber})`;
}

function outcomeText(outcome: TryOutcome): string {
  if (outcome.kind === 'submitted') return 'none';
  const { code, text } = outcome.reason;
  const shown = text === null ? null : shortened(text);
  if (outcome.httpStatus === null) return shown ?? attemptText(code);
  return shown === null ? `HTTP ${outcome.httpStatus}` : `HTTP ${outcome.httpStatus} (${shown})`;
}

function attemptText(code: Reason['code']): string {
  return code in tryCodes ? (Object.entries(tryCodes).find(([each]) => each === code)?.[1] ?? code) : code;
}

function shortened(text: string): string {
  return text.length <= shownCharactersMax ? text : `${text.slice(0, shownCharactersMax - 1).replace(/\p{Cs}$/u, '')}…`;
}
