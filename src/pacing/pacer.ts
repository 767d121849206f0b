import { dayMs, grantable } from '../ledger/buckets.js';
import { type Draw, type DrawEnd, draw, verify } from '../ledger/ledger.js';
import { HomeAway, type LedgerHome, type Outcome } from '../ledger/ledger-home.js';
import type { LedgerKind } from '../ledger/ledger-records.js';
import type { MachineTime } from '../ledger/ledger-time.js';
import { sleep } from '../platform/clock.js';
import { type Instant, instantOf } from '../platform/instant.js';
import type { BootClock, CapView, Clock } from '../platform/ports.js';
import { MachineError } from '../terms/errors.js';
import { Uptime } from './grant.js';
import { orHeld } from './or-held.js';
import { PacerState } from './pacer-state.js';
import { GrantPermit, type Permit } from './permit.js';
import { type Absence, type Plan, plan, planForAttempt } from './plan.js';
import { Rate } from './rate.js';
import { WakeTimer } from './wake-timer.js';

export type { Permit } from './permit.js';

export type Take =
  | { readonly kind: 'go'; readonly permit: Permit }
  /** The rate, or --pace spread. */
  | { readonly kind: 'wait'; readonly untilMonotonicMs: number }
  /** Units are on their way: `onReady` is called. */
  | { readonly kind: 'fetching' }
  /** None is left. They come free at that time, or sooner if another run gives some back: then `onReady` is called. */
  | { readonly kind: 'cap-used'; readonly freeAtMonotonicMs: number }
  /** The ledger's home is away, and nothing is granted any more. When it is back, `onReady` is called. */
  | { readonly kind: 'away'; readonly sinceMonotonicMs: number; readonly trouble: HomeAway }
  /** Nothing goes out any more. */
  | { readonly kind: 'fault'; readonly error: MachineError };

/** When attempts may leave. For each permit that `take` gives, `giveBack` or `ended` is called once. */
export interface Pacer {
  /** Costs a microsecond at most, and never waits for the disk. `now`, here and below: read in this step; where it is left out, the clocks are read. */
  take(now?: Instant): Take;
  /** Nothing was sent under it. */
  giveBack(permit: Permit): void;
  /** Its attempt has ended, in whatever way. */
  ended(permit: Permit, now?: Instant): void;
  /** As last known here; after `close`, as it stood then. */
  view(): CapView;
  /** Why the ledger's home is away; `null`: it is not. */
  trouble(): HomeAway | null;
  /** Attempts that may have arrived late, and that the ledger does not know of: for the next pacer of this job. */
  lateUnits(): number;
  /** Called when `take` is worth asking again. Set by who asks. */
  onReady: (() => void) | null;
  /** Gives back what was not used. Nothing may start after it. A second call changes nothing. */
  close(): Promise<void>;
}

export interface PacerOptions {
  readonly clientCode: string;
  readonly isLoopback: boolean;
  /** Whose ledger. Default: updates. */
  readonly kind?: LedgerKind;
  /** --daily-cap, units in any rolling 24 hours, the reserve included. */
  readonly limit: number;
  /** --reserve: units of them that this run leaves alone. */
  readonly reserve: number;
  /** Attempts a second; 0: no limit. */
  readonly ratePerSecond: number;
  readonly pace: 'burst' | 'spread';
  /** An attempt arrives at most this long after it started. */
  readonly timeoutMs: number;
  /** --give-up: the ledger's home may be away this long. */
  readonly giveUpMs: number;
  /** What the pacer before had for the next one. */
  readonly lateUnits: number;
  /** Shared with another pacer: their attempts count together. Default: one of its own. */
  readonly rate?: Rate;
}

/** What an opening does while the ledger's home is away. */
export interface Patience {
  /** Called once, when it is first seen to be away. */
  readonly onAway: (trouble: HomeAway) => void;
  /** Ends the wait; its reason is thrown. */
  readonly signal: AbortSignal | undefined;
}

/**
 * `isNew`: there was no ledger for this client code. Rejects with a MachineError for a ledger that cannot be used, or
 * whose home stays away for longer than --give-up. The home stays open when the pacer is closed.
 */
export async function openPacer(
  home: LedgerHome,
  clock: Clock,
  bootClock: BootClock,
  options: PacerOptions,
  patience: Patience = { onAway: () => {}, signal: undefined },
): Promise<{ readonly pacer: Pacer; readonly isNew: boolean }> {
  const pacer = new LedgerPacer(home, clock, bootClock, options);
  const isNew = await pacer.open(patience);
  return { pacer, isNew };
}

/** A draw that has no answer yet. It is repeated as it is: under its number it counts once. */
interface PendingDraw {
  readonly request: Draw;
  /** Where its end was not known: from when its first attempt counts. */
  from: MachineTime | null;
}

/**
 * Runs the plan: one draw at a time, one timer, and the plan again after each thing that happens.
 *
 * Invariants: what is in a grant or under a permit is counted in the ledger, durably, in the bucket within which alone
 * it is good; while a draw is in flight `#transaction` is set; a draw is in `#pending` until it is answered, and no other
 * one is made meanwhile; after a fault, or once closing, nothing starts.
 */
class LedgerPacer implements Pacer {
  onReady: (() => void) | null = null;

  readonly #home: LedgerHome;
  readonly #clock: Clock;
  readonly #name: string;
  readonly #options: PacerOptions;
  readonly #limit: number;
  readonly #rate: Rate;
  readonly #state: PacerState;
  readonly #timer: WakeTimer;

  #transaction: Promise<void> | null = null;
  #pending: PendingDraw | null = null;
  #isOpen = false;
  #fault: unknown = null;
  #closing: Promise<void> | null = null;
  /** `take` said `fetching`, and `onReady` has not been called since. */
  #isAwaited = false;

  constructor(home: LedgerHome, clock: Clock, bootClock: BootClock, options: PacerOptions) {
    const { timeoutMs, giveUpMs, lateUnits } = options;
    const uptime = new Uptime(bootClock);
    this.#home = home;
    this.#clock = clock;
    this.#name = home.nameOf(options.clientCode, options.isLoopback, options.kind);
    this.#options = options;
    this.#limit = Math.max(0, options.limit - options.reserve);
    const spreadGapMs = options.pace === 'spread' ? dayMs / Math.max(1, this.#limit) : 0;
    this.#rate = options.rate ?? new Rate({ ratePerSecond: options.ratePerSecond, spreadGapMs });
    this.#state = new PacerState({ timeoutMs, giveUpMs, grantMinMs: home.grantMinMs, lateUnits, uptime });
    this.#timer = new WakeTimer(clock, () => this.#proceed());
  }

  async open(patience: Patience): Promise<boolean> {
    const startMs = this.#clock.monotonicMs();
    let hasTold = false;
    for (let wasThere: boolean | null = null; ; ) {
      let absence: Absence | null;
      try {
        wasThere ??= await this.#home.read(this.#name, (state) => verify(state, this.#name));
        await this.#transact(0);
        if (this.#fault !== null) throw this.#fault;
        absence = this.#state.absence;
        if (absence === null) {
          this.#isOpen = true;
          this.#proceed();
          return !wasThere;
        }
      } catch (error) {
        if (!(error instanceof HomeAway)) throw error;
        absence = this.#state.wentAway(error, this.#clock.monotonicMs());
      }
      if (this.#clock.monotonicMs() - startMs >= this.#options.giveUpMs) throw this.#unreachable(absence.trouble);
      if (!hasTold) patience.onAway(absence.trouble);
      hasTold = true;
      await sleep(this.#clock, absence.retryMs, patience.signal);
      patience.signal?.throwIfAborted();
    }
  }

  take(now = instantOf(this.#clock)): Take {
    if (this.#fault instanceof MachineError) return { kind: 'fault', error: this.#fault };
    if (this.#fault !== null) throw this.#fault;
    if (this.#closing !== null) throw new Error('asked for a permit after close');
    const nowMs = now.monotonicMs;
    const grant = this.#state.stock.best(now);
    this.#follow(planForAttempt(this.#state, nowMs), nowMs);
    const startMs = this.#rate.nextStartMs(nowMs);
    if (startMs > nowMs) return { kind: 'wait', untilMonotonicMs: startMs };
    if (grant === null) return this.#withoutUnits(nowMs);
    this.#state.took(grant);
    this.#rate.took(nowMs);
    return { kind: 'go', permit: new GrantPermit(grant, this.#mayStart) };
  }

  giveBack(permit: Permit): void {
    const { grant, hasStarted } = GrantPermit.resolve(permit);
    if (!hasStarted) this.#rate.gaveBack();
    this.#state.gaveBack(grant, this.#clock.monotonicMs());
    this.#proceed();
  }

  ended(permit: Permit, now = instantOf(this.#clock)): void {
    const { grant, hasStarted } = GrantPermit.resolve(permit);
    if (!hasStarted) this.#rate.started(now.monotonicMs);
    if (!grant.isLate(now)) return;
    this.#state.wasLate();
    this.#proceed();
  }

  view(): CapView {
    const { usedUnits, nextFreeMs, stock } = this.#state;
    const used = Math.max(0, usedUnits - stock.unusedUnits);
    const left = grantable(used, this.#limit);
    const toWallMs = this.#clock.wallMs() - this.#clock.monotonicMs();
    const nextFreeAtMs = left > 0 || nextFreeMs === null ? null : Math.ceil(nextFreeMs + toWallMs);
    return { limit: this.#limit, used, left, nextFreeAtMs };
  }

  trouble(): HomeAway | null {
    return this.#state.absence?.trouble ?? null;
  }

  lateUnits(): number {
    return this.#state.lateUnits + (this.#pending?.request.lateUnits ?? 0);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#timer.stop();
    while (this.#transaction !== null) await this.#transaction;
    if (this.#pending !== null && this.#fault === null) await this.#transact(0);
    const { stock } = this.#state;
    stock.returnAll(this.#clock.monotonicMs());
    if (this.#fault !== null || this.#pending !== null) return;
    if (stock.returnedSinceMs === null && this.#state.lateUnits === 0) return;
    await this.#transact(0); // where it fails, the units stay counted until they come free: no harm to the rule
  }

  /** Asked for a permit that is about to be used. */
  readonly #mayStart = (permit: GrantPermit, now = instantOf(this.#clock)): boolean => {
    if (this.#fault !== null || this.#closing !== null || !permit.grant.isGood(now)) return false;
    if (!permit.hasStarted) this.#rate.started(now.monotonicMs);
    permit.hasStarted = true;
    return true;
  };

  #withoutUnits(nowMs: number): Take {
    const { absence, usedUp, isDrawing } = this.#state;
    this.#state.ranDry();
    if (absence !== null) return { kind: 'away', sinceMonotonicMs: absence.sinceMs, trouble: absence.trouble };
    if (usedUp !== null && !isDrawing && usedUp.untilMs > nowMs) {
      return { kind: 'cap-used', freeAtMonotonicMs: usedUp.untilMs };
    }
    this.#isAwaited = true;
    return { kind: 'fetching' };
  }

  /** Something happened, or it is time. */
  #proceed(): void {
    if (!this.#isOpen || this.#closing !== null || this.#fault !== null) return;
    const now = instantOf(this.#clock);
    this.#state.stock.best(now);
    this.#follow(plan(this.#state, now.monotonicMs), now.monotonicMs);
  }

  #follow(next: Plan, nowMs: number): void {
    if (next.kind === 'transact') void this.#transact(next.wantedUnits);
    else if (next.kind === 'wake') this.#timer.wakeAt(next.atMs, nowMs);
    else if (next.kind === 'give-up' && this.#state.absence !== null) {
      this.#fail(this.#unreachable(this.#state.absence.trouble));
    }
  }

  /** One at a time; a fault is kept, never thrown. A draw that has no answer is repeated first. */
  #transact(wantedUnits: number): Promise<void> {
    if (this.#transaction !== null) return this.#transaction;
    if (this.#pending === null) this.#pending = { request: this.#nextDraw(wantedUnits), from: null };
    else this.#state.drewAgain();
    const pending = this.#pending;
    this.#transaction = orHeld(this.#clock, this.#home.transact(this.#name, draw(pending.request))).then(
      (outcome) => this.#came(pending, outcome),
      (error: unknown) => this.#fail(error),
    );
    return this.#transaction;
  }

  #nextDraw(wantedUnits: number): Draw {
    const { limit, reserve, timeoutMs } = this.#options;
    const number = this.#home.nextDrawNumber();
    return { name: this.#name, number, limit, reserve, timeoutMs, wantedUnits, ...this.#state.drew() };
  }

  #came(pending: PendingDraw, outcome: Outcome<DrawEnd>): void {
    this.#transaction = null;
    const wasAway = this.#state.absence !== null;
    if (outcome.kind !== 'committed') {
      if (outcome.kind === 'unknown') pending.from ??= outcome.from;
      this.#state.wentAway(outcome.trouble, this.#clock.monotonicMs());
      this.#proceed();
      if (this.#isAwaited) this.#wake();
      return;
    }
    this.#pending = null;
    const { drawn, wasCommitted } = outcome.answer;
    // An earlier attempt's answer counts from that attempt on: the server read its clock then.
    const from = wasCommitted ? pending.from : outcome.from;
    if (from === null) {
      this.#fail(new Error('a draw was answered before it was made'));
      return;
    }
    this.#state.answered({ drawn, from, askedUnits: pending.request.wantedUnits }, this.#clock.monotonicMs());
    this.#proceed();
    if (drawn.grantedUnits > 0 || this.#isAwaited || wasAway) this.#wake();
  }

  #unreachable(trouble: HomeAway): MachineError {
    const code = trouble.code === 'state-clock' ? trouble.code : 'state-unreachable';
    const message = `the ledger of the cap could not be used for ${this.#options.giveUpMs / 1000} s (--give-up): ${trouble.message}`;
    return new MachineError(code, message, { cause: trouble });
  }

  #wake(): void {
    this.#isAwaited = false;
    if (this.#closing === null) this.onReady?.();
  }

  #fail(error: unknown): void {
    this.#transaction = null;
    this.#fault = error;
    this.#timer.stop();
    this.#wake();
  }
}
