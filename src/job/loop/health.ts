import type { Random } from '../../platform/ports.js';
import { exitStatus } from '../../terms/exit-status.js';
import type { Reason, TryOutcome } from '../../terms/outcome.js';
import { endpointStop, type Stop } from '../terms/stops.js';
import { holdMs, probePauseMs, restMs } from './backoff.js';

/**
 * What a try's outcome means for its row and for the whole run. Touches no clock, disk or socket: it is told the
 * time and answers with what to do.
 *
 * States:
 * - `open`: rows go out.
 * - `throttled`: the server said later (429, 503): nothing goes out until then. Enters from `open`; leaves by time.
 * - `outage`: nothing has succeeded and the last 50 tries all met the network, 429 or 5xx. One row at a time probes,
 *   with growing pauses, and no try counts against a row's retries. Leaves when an answer comes that is none of these,
 *   or by a stop after --give-up.
 * - `question`: an answer 401, 403 or 407 may be the token's fault, the endpoint's or the row's. Nothing goes out but
 *   one try at a time: first the same row with the token read again, then, where there was a success, another row.
 *
 * Invariants: a row that is held back has not ended and keeps its visitor's later rows waiting; every row handed to
 * `judge` comes back in exactly one action, at once or later; an answer that stops the run ends no row.
 */
export class Health<Row extends { countedTries: number }> {
  readonly #options: HealthOptions;
  readonly #random: Random;
  #hasSucceeded = false;
  /** Refused or not understood, before the first success. */
  #wrongAnswerCount = 0;
  /** Tries in a row that met the network, 429 or 5xx. */
  #troubleCount = 0;
  #troubleSinceMs = 0;
  #holdUntilMs = 0;
  #holdSinceMs = 0;
  #holdLevel = 0;
  #outage: { probeAtMs: number; probeLevel: number; askedMs: number } | null = null;
  #question: {
    readonly row: Row;
    phase: 'token' | 'same-row' | 'other-row';
    httpStatus: number | null;
    reason: Reason;
  } | null = null;
  #suspects: Row[] = [];
  #heldBack: { readonly row: Row; readonly ending: Ending }[] = [];

  constructor(options: HealthOptions, random: Random) {
    this.#options = options;
    this.#random = random;
  }

  get hasSucceeded(): boolean {
    return this.#hasSucceeded;
  }

  /** Whether, and how, a try may start now. */
  gate(nowMs: number): Gate {
    if (this.#question?.phase === 'token') return { kind: 'closed', cause: 'token', untilMs: null };
    if (nowMs < this.#holdUntilMs) return { kind: 'closed', cause: 'throttled', untilMs: this.#holdUntilMs };
    if (this.#outage !== null) {
      return nowMs < this.#outage.probeAtMs
        ? { kind: 'closed', cause: 'outage', untilMs: this.#outage.probeAtMs }
        : oneAtATime;
    }
    return this.#question === null ? open : oneAtATime;
  }

  judge(row: Row, outcome: TryOutcome, nowMs: number): Action<Row>[] {
    switch (outcome.kind) {
      case 'submitted':
        return this.#succeeded(row, outcome.httpStatus);
      case 'refused':
        return this.#refused(row, { status: 'refused', httpStatus: outcome.httpStatus, reason: outcome.reason });
      case 'retry':
        return this.#troubled(row, outcome, nowMs);
      case 'stop':
        return this.#stopping(row, outcome);
    }
  }

  /** The token has been read again: the row that raised the question gets its one try. */
  tokenReread(): Action<Row>[] {
    if (this.#question?.phase !== 'token') return [];
    this.#question.phase = 'same-row';
    return [{ kind: 'again', row: this.#question.row }];
  }

  /**
   * Nothing is under way and nothing else can start: rows that were held back for want of evidence get their end, and
   * a question that needs another row is answered without one. An empty answer: there was nothing to settle.
   */
  settle(): Action<Row>[] {
    if (this.#question?.phase === 'other-row') {
      const other = this.#suspects.shift();
      if (other !== undefined) return [{ kind: 'again', row: other }];
      return [{ kind: 'stop', stop: unauthorizedStop(this.#question.httpStatus) }];
    }
    return this.#endHeldBack();
  }

  get heldBackCount(): number {
    return this.#heldBack.length;
  }

  #succeeded(row: Row, httpStatus: number): Action<Row>[] {
    this.#hasSucceeded = true;
    this.#wrongAnswerCount = 0;
    this.#holdLevel = 0;
    const actions: Action<Row>[] = [{ kind: 'end', row, ending: { status: 'submitted', httpStatus, reason: null } }];
    this.#troubleEnds(actions);
    if (this.#heldBack.length > 0) actions.push(...this.#endHeldBack());
    if (this.#question?.phase === 'other-row') {
      const reason: Reason = { code: 'http-403', text: this.#question.reason.text };
      actions.push({ kind: 'end', row: this.#question.row, ending: { status: 'refused', httpStatus: 403, reason } });
      this.#closeQuestion(actions);
    } else if (this.#asks(row)) {
      this.#closeQuestion(actions);
    }
    return actions;
  }

  #refused(row: Row, ending: Ending): Action<Row>[] {
    const actions: Action<Row>[] = [];
    if (this.#asks(row)) this.#closeQuestion(actions); // whatever it says of the row, the token was let through
    this.#troubleEnds(actions);
    if (this.#hasSucceeded || !this.#options.guardsFirstAnswers) {
      actions.push({ kind: 'end', row, ending });
      return actions;
    }
    this.#heldBack.push({ row, ending });
    this.#wrongAnswer(actions);
    return actions;
  }

  #troubled(row: Row, outcome: Extract<TryOutcome, { kind: 'retry' }>, nowMs: number): Action<Row>[] {
    const actions: Action<Row>[] = [];
    row.countedTries += 1;
    const isAnswer = outcome.trouble === 'not-understood' || outcome.trouble === 'request-timeout';
    if (isAnswer) {
      this.#troubleEnds(actions);
      if (outcome.trouble === 'not-understood' && !this.#hasSucceeded && this.#options.guardsFirstAnswers) {
        this.#wrongAnswer(actions);
        if (actions.some((action) => action.kind === 'stop')) return actions;
      }
    } else {
      if (this.#troubleCount === 0) this.#troubleSinceMs = nowMs;
      this.#troubleCount += 1;
    }
    const serverAskedMs = outcome.retryAfterMs ?? 0;
    if (outcome.trouble === 'throttled') {
      if (this.#options.stopsAtLongWaits && serverAskedMs > 60_000) {
        return [{ kind: 'stop', stop: serverWaitStop(outcome.httpStatus, serverAskedMs) }];
      }
      this.#throttle(nowMs, serverAskedMs);
    }
    if (this.#outage === null && this.#troubleCount >= outageTryCount) {
      this.#outage = { probeAtMs: nowMs, probeLevel: 0, askedMs: 0 };
      // An outage is not the rows' fault: those that used up their tries in it get them back.
      for (const { row: held } of this.#heldBack.splice(0)) {
        held.countedTries = 0;
        actions.push({ kind: 'again', row: held });
      }
    }
    if (this.#outage !== null && !isAnswer) {
      // A name that never resolved is more likely mistyped than out of order.
      if (outcome.trouble === 'dns' && !this.#hasSucceeded && this.#outage.probeLevel > this.#options.retries) {
        return [{ kind: 'stop', stop: unresolvedStop() }];
      }
      row.countedTries = Math.max(0, row.countedTries - 1);
      this.#probeLater(this.#outage, nowMs, serverAskedMs, actions);
      if (!actions.some((action) => action.kind === 'stop')) actions.push({ kind: 'again', row });
      return actions;
    }
    // A row that asks about the token asks until it has an answer.
    if (row.countedTries > this.#options.retries && !this.#asks(row)) {
      actions.push(...this.#exhausted(row, outcome));
      return actions;
    }
    actions.push({ kind: 'rest', row, restMs: Math.max(serverAskedMs, restMs(row.countedTries, this.#random)) });
    return actions;
  }

  /** All its tries used. Without evidence that it is the row's fault, its end waits. */
  #exhausted(row: Row, outcome: Extract<TryOutcome, { kind: 'retry' }>): Action<Row>[] {
    if (outcome.trouble === 'dns') {
      return [{ kind: 'stop', stop: unresolvedStop() }];
    }
    const ending: Ending = { status: 'failed', httpStatus: outcome.httpStatus, reason: outcome.reason };
    const isEvidenceOpen =
      outcome.trouble === 'not-understood'
        ? !this.#hasSucceeded && this.#options.guardsFirstAnswers
        : this.#troubleCount > 0;
    if (!isEvidenceOpen) return [{ kind: 'end', row, ending }];
    this.#heldBack.push({ row, ending });
    return [];
  }

  #stopping(row: Row, outcome: Extract<TryOutcome, { kind: 'stop' }>): Action<Row>[] {
    const { httpStatus, reason } = outcome;
    if (outcome.cause === 'redirect') {
      return [
        {
          kind: 'stop',
          stop: endpointStop(
            'redirected',
            `the endpoint answers ${httpStatus}, a redirect; redirects are not followed. Check --endpoint and --client-code`,
          ),
        },
      ];
    }
    if (outcome.cause === 'certificate') {
      return [
        {
          kind: 'stop',
          stop: endpointStop(
            'certificate',
            `${reason.text?.startsWith('the proxy') ? 'the certificate of the proxy' : 'the certificate of the endpoint, or of a proxy that decrypts the traffic,'} is not trusted (${reason.text ?? 'no detail'}). If this network has a certificate authority of its own, name its file: NODE_EXTRA_CA_CERTS=/path/to/ca.pem`,
          ),
        },
      ];
    }
    const question = this.#question;
    if (question === null) {
      this.#question = { row, phase: 'token', httpStatus, reason };
      return [{ kind: 'reread-token' }];
    }
    if (question.phase !== 'other-row' && question.row !== row) {
      this.#suspects.push(row);
      return [];
    }
    if (question.phase === 'same-row' && outcome.cause === 'forbidden' && this.#hasSucceeded) {
      question.phase = 'other-row';
      question.reason = reason;
      return [];
    }
    return [{ kind: 'stop', stop: unauthorizedStop(httpStatus) }];
  }

  /** Whether `row`'s answer is the one that was waited for: those of rows that left earlier say nothing of the new token. */
  #asks(row: Row): boolean {
    return this.#question?.phase === 'same-row' && this.#question.row === row;
  }

  #closeQuestion(actions: Action<Row>[]): void {
    this.#question = null;
    for (const suspect of this.#suspects.splice(0)) actions.push({ kind: 'again', row: suspect });
  }

  #throttle(nowMs: number, serverAskedMs: number): void {
    const wasHeld = nowMs < this.#holdUntilMs;
    // Answers to tries that left before the hold began say nothing new: only a hold after a hold grows.
    const pauseMs = wasHeld ? 0 : holdMs(this.#holdLevel, this.#random);
    if (!wasHeld) {
      this.#holdSinceMs = nowMs;
      this.#holdLevel += 1;
    }
    this.#holdUntilMs = Math.max(this.#holdUntilMs, nowMs + Math.max(pauseMs, serverAskedMs));
  }

  get holdSinceMs(): number {
    return this.#outage === null ? this.#holdSinceMs : this.#troubleSinceMs;
  }

  #probeLater(
    outage: { probeAtMs: number; probeLevel: number; askedMs: number },
    nowMs: number,
    serverAskedMs: number,
    actions: Action<Row>[],
  ): void {
    // What the server asked for is waited out and is no part of --give-up.
    const giveUpAtMs = this.#troubleSinceMs + this.#options.giveUpMs + outage.askedMs;
    if (nowMs >= giveUpAtMs) {
      actions.push({ kind: 'stop', stop: outageStop(nowMs - this.#troubleSinceMs) });
      return;
    }
    if (nowMs < outage.probeAtMs) return; // an answer to a try that left before the outage was seen
    const pauseMs = Math.min(probePauseMs(outage.probeLevel, this.#random), giveUpAtMs - nowMs);
    outage.probeLevel += 1;
    outage.askedMs += serverAskedMs;
    outage.probeAtMs = nowMs + Math.max(pauseMs, serverAskedMs);
  }

  #troubleEnds(actions: Action<Row>[]): void {
    this.#outage = null;
    if (this.#troubleCount === 0) return;
    this.#troubleCount = 0;
    // An answer came: it was no outage, and those that used up their tries in it have failed.
    const stillHeld = [];
    for (const held of this.#heldBack) {
      if (held.ending.status === 'failed' && held.ending.reason?.code !== 'not-understood') {
        actions.push({ kind: 'end', row: held.row, ending: held.ending });
      } else {
        stillHeld.push(held);
      }
    }
    this.#heldBack = stillHeld;
  }

  #endHeldBack(): Action<Row>[] {
    return this.#heldBack.splice(0).map(({ row, ending }) => ({ kind: 'end', row, ending }));
  }

  #wrongAnswer(actions: Action<Row>[]): void {
    this.#wrongAnswerCount += 1;
    if (this.#wrongAnswerCount >= wrongAnswerCountMax) actions.push({ kind: 'stop', stop: wrongEndpointStop() });
  }
}

/** So many tries in a row without an answer of substance make an outage. */
const outageTryCount = 50;
/** So many first answers, all refused or not understood, say that the endpoint or the client code is wrong. */
const wrongAnswerCountMax = 20;

export interface HealthOptions {
  /** Further tries of one row, 0 or more. */
  readonly retries: number;
  readonly giveUpMs: number;
  /** Off where --max-failures was given, which takes its place. */
  readonly guardsFirstAnswers: boolean;
  /** --on-cap stop: a wait of over a minute that the server asks for ends the run (4). */
  readonly stopsAtLongWaits: boolean;
}

export interface Ending {
  readonly status: 'submitted' | 'refused' | 'failed';
  readonly httpStatus: number | null;
  readonly reason: Reason | null;
}

export type Action<Row> =
  | { readonly kind: 'end'; readonly row: Row; readonly ending: Ending }
  /** Ready again after `restMs`. */
  | { readonly kind: 'rest'; readonly row: Row; readonly restMs: number }
  /** Ready again at once, before others. */
  | { readonly kind: 'again'; readonly row: Row }
  | { readonly kind: 'reread-token' }
  | { readonly kind: 'stop'; readonly stop: Stop };

export type Gate =
  | { readonly kind: 'open' }
  /** One try, when nothing is under way. */
  | { readonly kind: 'one-at-a-time' }
  /** `untilMs` on the monotonic clock; `null`: until told. */
  | { readonly kind: 'closed'; readonly cause: 'throttled' | 'outage' | 'token'; readonly untilMs: number | null };

const open: Gate = { kind: 'open' };
const oneAtATime: Gate = { kind: 'one-at-a-time' };

function unauthorizedStop(httpStatus: number | null): Stop {
  return endpointStop(
    'unauthorized',
    `the endpoint answers ${httpStatus ?? 'that a token is needed'}, with the token read anew too: check the token (--token-file or PROFILE_DRIP_TOKEN) and whether it has expired, the client code and the endpoint`,
  );
}

function unresolvedStop(): Stop {
  return endpointStop(
    'endpoint-unresolved',
    'the name of the endpoint does not resolve: check --client-code and --endpoint, and the name service of this machine',
  );
}

function wrongEndpointStop(): Stop {
  return endpointStop(
    'endpoint-suspect',
    `the first ${wrongAnswerCountMax} answers were all refusals or not understood: the endpoint or the client code is probably not what it should be. No row was ended; --max-failures takes the place of this check`,
  );
}

function outageStop(lastedMs: number): Stop {
  return endpointStop('outage', `nothing got through for ${Math.round(lastedMs / 1000)} s (--give-up)`);
}

function serverWaitStop(httpStatus: number | null, askedMs: number): Stop {
  return {
    exitStatus: exitStatus.cap,
    code: 'server-wait',
    message: `the server answers ${httpStatus ?? 'later'} and asks for a wait of ${Math.ceil(askedMs / 1000)} s (--on-cap stop)`,
    patience: 'reply',
  };
}
