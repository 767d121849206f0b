import { holdMs, restMs } from '../job/health/backoff.js';
import type { Lock } from '../job/lock/lock.js';
import type { TokenSource } from '../job/loop/token.js';
import { endpointStop, faultStop, lostJobStop, type Stop } from '../job/terms/stops.js';
import type { Pacer, Permit } from '../pacing/pacer.js';
import { instantOf } from '../platform/instant.js';
import type { Cancel, CapView, Clock, Random, Reply, Transport } from '../platform/ports.js';
import { type FetchOptions, type FetchOutcome, fetchRequest, judgeFetch } from '../target-api/fetch-profile.js';
import { machineFault } from '../target-api/network/machine-fault.js';
import { exitStatus } from '../terms/exit-status.js';
import { type TryCode, tryCodes } from '../terms/outcome.js';
import type { Expected } from './visitor-draw.js';

export interface AskerPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: Transport;
  readonly pacer: Pacer;
  readonly lock: Lock;
  readonly token: TokenSource;
}

export interface AskerOptions extends FetchOptions {
  readonly concurrency: number;
  readonly retries: number;
  readonly giveUpMs: number;
  readonly graceMs: number;
}

type Good = Extract<FetchOutcome, { kind: 'profile' | 'not-found' }>;
type Bad = Exclude<FetchOutcome, Good>;

/** The answer about a visitor, after all retries. */
export type Answer = Good | { readonly kind: 'unreadable'; readonly code: TryCode };

/** With the stop that it is, if no later answer shows that it is the visitor's own. */
type Asked = Good | (Extract<Answer, { kind: 'unreadable' }> & { readonly stop: Stop | null });

interface Suspect {
  readonly expected: Expected;
  readonly code: TryCode;
  readonly stop: Stop | null;
}

/** If this many visitors in a row have no good answer, the endpoint is at fault, not the visitors. */
const unreadableInRowMax = 20;

/**
 * Asks Target about visitors: some at once, paced, each again after a pause where there was no good answer.
 *
 * Invariants: no request leaves after a stop, without a permit, or while the lock is in doubt; a visitor without a good
 * answer is handed out only once a later good answer shows that it is the visitor's own, or nothing is left to ask. With
 * a stop it is never handed out, and the next run asks again.
 */
export class Asker {
  readonly #ports: AskerPorts;
  readonly #options: AskerOptions;
  readonly #wakers = new Set<() => void>();
  #stop: Stop | null = null;
  #hasGood = false;
  #suspects: Suspect[] = [];
  /** Nothing leaves before it; monotonic. */
  #holdUntilMs = 0;
  #holdLevel = 0;
  /** Since when no answer was good; monotonic. */
  #badSinceMs: number | null = null;
  #rereading: Promise<void> | null = null;
  #cancelGrace: Cancel = () => {};

  constructor(ports: AskerPorts, options: AskerOptions) {
    this.#ports = ports;
    this.#options = options;
    ports.pacer.onReady = () => this.#wake();
  }

  get stopped(): Stop | null {
    return this.#stop;
  }

  /** The first stop is kept. */
  stop(stop: Stop): void {
    if (this.#stop !== null) return;
    this.#stop = stop;
    const { clock, transport } = this.#ports;
    if (stop.patience === 'none') transport.abortAll();
    else if (stop.patience === 'grace') {
      this.#cancelGrace = clock.schedule(this.#options.graceMs, () => transport.abortAll());
    }
    this.#wake();
  }

  /** Resolves when every one has its answer, or a stop has come and nothing is in flight. */
  async askAll(visitors: readonly Expected[], onAnswer: (expected: Expected, answer: Answer) => void): Promise<void> {
    const left = visitors.values();
    const work = async () => {
      for (const expected of left) {
        if (this.#stop !== null) return;
        const answer = await this.#ask(expected);
        if (answer === null) return;
        if (answer.kind === 'unreadable') this.#suspect({ expected, code: answer.code, stop: answer.stop });
        else {
          this.#clear(onAnswer);
          onAnswer(expected, answer);
        }
      }
    };
    await Promise.all(Array.from({ length: this.#options.concurrency }, work));
    if (this.#stop !== null || this.#suspects.length === 0) return;
    if (this.#hasGood) this.#clear(onAnswer);
    else this.stop(noAnswerStop(this.#suspects));
  }

  /** Nothing is in flight any more. */
  close(): void {
    this.#cancelGrace();
  }

  /** Resolves after this time, or at a stop. */
  async wait(waitMs: number): Promise<void> {
    const untilMs = this.#ports.clock.monotonicMs() + waitMs;
    while (this.#stop === null && this.#ports.clock.monotonicMs() < untilMs) await this.#pause(untilMs);
  }

  #suspect(suspect: Suspect): void {
    this.#suspects.push(suspect);
    if (this.#suspects.length >= unreadableInRowMax) this.stop(noAnswerStop(this.#suspects));
  }

  #clear(onAnswer: (expected: Expected, answer: Answer) => void): void {
    this.#hasGood = true;
    this.#holdLevel = 0;
    this.#badSinceMs = null;
    for (const { expected, code } of this.#suspects.splice(0)) onAnswer(expected, { kind: 'unreadable', code });
  }

  /** `null`: a stop. */
  async #ask(expected: Expected): Promise<Asked | null> {
    for (let attempt = 1; ; ) {
      const permit = await this.#acquire();
      if (permit === null) return null;
      const authorization = this.#ports.token.authorization;
      const reply = await this.#send(expected, permit, authorization);
      if (reply.kind === 'not-started') continue;
      if (reply.kind === 'aborted') return null;
      const fault = machineFault(reply);
      if (fault !== null) {
        this.stop(faultStop(fault));
        return null;
      }
      const outcome = judgeFetch(reply, this.#ports.clock.wallMs());
      if (outcome.kind === 'profile' || outcome.kind === 'not-found') return outcome;
      const isSettled = await this.#isSettled(outcome, authorization);
      if (this.#stop !== null) return null;
      if (isSettled || attempt > this.#options.retries) {
        return { kind: 'unreadable', code: tryCode(outcome.reason.code), stop: stopOf(outcome) };
      }
      await this.wait(restMs(attempt, this.#ports.random));
      attempt += 1;
    }
  }

  /** Whether a bad answer is not worth another attempt. 401, 403 and redirects may be this visitor's own: others are asked. */
  async #isSettled(outcome: Bad, authorization: string | null): Promise<boolean> {
    const { token } = this.#ports;
    if (outcome.kind === 'retry') {
      this.#hold(outcome);
      return false;
    }
    if (outcome.kind === 'refused') return true;
    if (outcome.cause === 'certificate' || outcome.cause === 'proxy') this.stop(wayStop(outcome));
    if (outcome.cause !== 'unauthorized' && outcome.cause !== 'forbidden') return true;
    if (this.#hasGood) return true;
    this.#rereading ??= token.reread();
    await this.#rereading;
    return token.authorization === authorization;
  }

  #hold({ trouble, retryAfterMs }: Extract<Bad, { kind: 'retry' }>): void {
    const { clock, random } = this.#ports;
    const nowMs = clock.monotonicMs();
    this.#badSinceMs ??= nowMs;
    if (trouble === 'throttled') {
      const pauseMs = Math.max(retryAfterMs ?? 0, holdMs(this.#holdLevel, random));
      this.#holdLevel += 1;
      this.#holdUntilMs = Math.max(this.#holdUntilMs, nowMs + pauseMs);
    }
    if (nowMs - this.#badSinceMs > this.#options.giveUpMs) this.stop(outageStop(nowMs - this.#badSinceMs));
  }

  async #acquire(): Promise<Permit | null> {
    const { pacer, clock, lock } = this.#ports;
    while (this.#stop === null) {
      const now = instantOf(clock);
      if (now.monotonicMs < this.#holdUntilMs) {
        await this.#pause(this.#holdUntilMs);
        continue;
      }
      if (!lock.isHeld(now)) {
        const isOurs = await lock.confirm().catch((error: unknown) => this.stop(faultStop(error)));
        if (isOurs === false) this.stop(lostJobStop);
        continue;
      }
      const take = pacer.take(now);
      if (take.kind === 'go') return take.permit;
      if (take.kind === 'wait') await this.#pause(take.untilMonotonicMs);
      else if (take.kind === 'fetching' || take.kind === 'away') await this.#pause(null);
      else if (take.kind === 'cap-used') this.stop(fetchCapStop(pacer.view()));
      else this.stop(faultStop(take.error));
    }
    return null;
  }

  #send(expected: Expected, permit: Permit, authorization: string | null): Promise<Reply> {
    const { transport, pacer, clock, lock } = this.#ports;
    return new Promise((resolve) => {
      let hasLeft = false;
      transport.send(fetchRequest(expected.id, authorization, this.#options), {
        mayStart: () => {
          const now = instantOf(clock);
          hasLeft = this.#stop === null && lock.isHeld(now) && permit.isValid(now);
          return hasLeft;
        },
        settled: (reply) => {
          if (hasLeft) pacer.ended(permit, instantOf(clock));
          else pacer.giveBack(permit);
          resolve(reply);
        },
      });
    });
  }

  /** Until a time (monotonic), a wake or a stop. */
  #pause(untilMs: number | null): Promise<void> {
    const { clock } = this.#ports;
    return new Promise((resolve) => {
      let cancel = () => {};
      const wake = () => {
        cancel();
        this.#wakers.delete(wake);
        resolve();
      };
      this.#wakers.add(wake);
      if (untilMs !== null) cancel = clock.schedule(Math.max(0, untilMs - clock.monotonicMs()), wake);
      if (this.#stop !== null) wake();
    });
  }

  #wake(): void {
    for (const wake of [...this.#wakers]) wake();
  }
}

function tryCode(code: Bad['reason']['code']): TryCode {
  return isTryCode(code) ? code : 'not-understood';
}

function isTryCode(code: string): code is TryCode {
  return Object.hasOwn(tryCodes, code);
}

function fetchCapStop({ used, limit, nextFreeAtMs }: CapView): Stop {
  const when = nextFreeAtMs === null ? '' : `; more come free from ${new Date(nextFreeAtMs).toISOString()} on`;
  const message = `the cap of fetches is used up: ${used} of ${limit} in the last 24 hours${when}`;
  return { exitStatus: exitStatus.cap, code: 'cap-used', message, patience: 'reply' };
}

function unauthorizedStop(httpStatus: number | null): Stop {
  return endpointStop(
    'unauthorized',
    `the endpoint does not let profiles be read (HTTP ${httpStatus ?? 'without a status'}). Check the token (--token-file or PROFILE_DRIP_TOKEN) and whether it has expired, the client code and the endpoint`,
    `HTTP ${httpStatus ?? ''}`,
  );
}

function wayStop({ cause, httpStatus }: Extract<FetchOutcome, { kind: 'stop' }>): Stop {
  const lastError = `HTTP ${httpStatus ?? 'without a status'}`;
  if (cause === 'certificate') {
    const advice = 'If this network has a certificate authority of its own: NODE_EXTRA_CA_CERTS=/path/to/ca.pem';
    return endpointStop(
      'certificate',
      `the certificate of the endpoint, or of a proxy, is not trusted. ${advice}`,
      cause,
    );
  }
  if (cause === 'proxy') {
    return endpointStop('proxy-refused', 'the proxy refuses the connection: check HTTPS_PROXY, or NO_PROXY', lastError);
  }
  const message = `the endpoint answers with a redirect (${lastError}); redirects are not followed. Check --endpoint and --client-code`;
  return endpointStop('redirected', message, lastError);
}

function outageStop(lastedMs: number): Stop {
  const message = `no visitor could be read for ${Math.round(lastedMs / 1000)} s (--give-up)`;
  return endpointStop('outage', message, message);
}

/** The stop of an answer that no visitor's own answer disproves. */
function stopOf(outcome: Bad): Stop | null {
  if (outcome.kind !== 'stop') return null;
  const isTokens = outcome.cause === 'unauthorized' || outcome.cause === 'forbidden';
  return isTokens ? unauthorizedStop(outcome.httpStatus) : wayStop(outcome);
}

/** If all of them met the same kind of answer, its stop says more. */
function noAnswerStop(suspects: readonly Suspect[]): Stop {
  const last = suspects.at(-1)?.code ?? 'not-understood';
  const own = suspects.at(-1)?.stop ?? null;
  if (own !== null && suspects.every(({ stop }) => stop?.code === own.code)) return own;
  return endpointStop(
    'endpoint-suspect',
    `${suspects.length} visitors in a row had no answer that could be read (the last one: ${last}, ${tryCodes[last]}): check --endpoint, --client-code and the network. They have no verdict yet`,
    last,
  );
}
