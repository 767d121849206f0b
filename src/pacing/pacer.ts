import { dayMs, grantable } from '../ledger/buckets.js';
import { type Draw, type DrawEnd, draw, verify } from '../ledger/ledger.js';
import { heldLedger } from '../ledger/ledger-errors.js';
import { type Drawn, HomeAway, type LedgerHome, type Outcome } from '../ledger/ledger-home.js';
import type { LedgerKind } from '../ledger/ledger-records.js';
import type { MachineTime } from '../ledger/ledger-time.js';
import { sleep } from '../platform/clock.js';
import { type Instant, instantOf } from '../platform/instant.js';
import type { BootClock, Cancel, CapView, Clock } from '../platform/ports.js';
import { MachineError } from '../terms/errors.js';
import { Grant, Uptime, wantedUnits } from './grant.js';
import { GrantStock } from './grant-stock.js';
import { GrantPermit, type Permit } from './permit.js';
import { Rate } from './rate.js';

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
}

/** What an opening does while the ledger's home is away. */
export interface Patience {
  /** Called once, when it is first seen to be away. */
  readonly onAway: (trouble: HomeAway) => void;
  /** Ends the wait; its reason is thrown. */
  readonly signal: AbortSignal | undefined;
}

/** Another run's unused units come back unannounced: look for them this often while the cap is used up. */
const pollMs = 60_000;
/** A grant that ends sooner than this is followed by the next one, so that no attempt waits at the end of a bucket. */
const followMs = 500;
/** Single units that come back wait this long for others. */
const tidyMs = 100;
/** A transaction that takes longer than this, and then some more (it may be this process that stood still), is blocked. */
const heldMs = 60_000;
const heldAgainMs = 5_000;
/** A home that is away is asked again after a pause that doubles from the one to the other. */
const retryMsMin = 250;
const retryMsMax = 5_000;

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

/** The home is away. */
interface Absence {
  readonly trouble: HomeAway;
  readonly sinceMs: number;
  readonly retryMs: number;
}

/**
 * Units come from the ledger ahead of need, one transaction at a time, and go back to it when their bucket ends or the
 * pacer closes.
 *
 * Invariants: what is in a grant or under a permit is counted in the ledger, durably, in the bucket within which alone
 * it is good; while a transaction is in flight `#transaction` is set; a draw is in `#pending` until it is answered, and no
 * other one is made meanwhile; after a fault, or once closing, nothing starts.
 */
class LedgerPacer implements Pacer {
  onReady: (() => void) | null = null;

  readonly #home: LedgerHome;
  readonly #clock: Clock;
  readonly #uptime: Uptime;
  readonly #name: string;
  readonly #options: PacerOptions;
  readonly #limit: number;
  readonly #rate: Rate;
  readonly #stock = new GrantStock();

  /** Attempts that may have arrived late, to be counted again. */
  #lateUnits: number;
  #transaction: Promise<void> | null = null;
  #pending: PendingDraw | null = null;
  #absence: Absence | null = null;
  #isOpen = false;
  #fault: unknown = null;
  #closing: Promise<void> | null = null;
  #cancelPoll: Cancel | null = null;
  #cancelTidy: Cancel | null = null;
  #cancelRetry: Cancel | null = null;

  /** `take` said `fetching`, and `onReady` has not been called since. */
  #isAwaited = false;
  /** Since the last grant came: */
  #ranDry = false;
  #takenUnits = 0;
  #lastGrantMs = 0;
  #lastGrantedUnits = 0;
  /** As the last transaction found it, on monotonic time. */
  #usedUnits = 0;
  #nextFreeMs: number | null = null;
  /** Before it, asking for more is of no use. */
  #usedUpUntilMs = Number.NEGATIVE_INFINITY;

  constructor(home: LedgerHome, clock: Clock, bootClock: BootClock, options: PacerOptions) {
    this.#home = home;
    this.#clock = clock;
    this.#uptime = new Uptime(bootClock);
    this.#name = home.nameOf(options.clientCode, options.isLoopback, options.kind);
    this.#options = options;
    this.#lateUnits = options.lateUnits;
    this.#limit = Math.max(0, options.limit - options.reserve);
    this.#rate = new Rate({
      ratePerSecond: options.ratePerSecond,
      spreadGapMs: options.pace === 'spread' ? dayMs / Math.max(1, this.#limit) : 0,
    });
  }

  async open(patience: Patience): Promise<boolean> {
    const startMs = this.#clock.monotonicMs();
    let hasTold = false;
    for (let wasThere: boolean | null = null; ; ) {
      try {
        wasThere ??= await this.#home.read(this.#name, (state) => verify(state, this.#name));
        await this.#transact(0);
        if (this.#fault !== null) throw this.#fault;
        if (this.#absence === null) {
          this.#isOpen = true;
          this.#armTidy();
          return !wasThere;
        }
      } catch (error) {
        if (!(error instanceof HomeAway)) throw error;
        this.#absent(error);
      }
      const { trouble, retryMs } = this.#absence ?? this.#absent(new HomeAway('state-unreachable', 'no answer'));
      if (this.#clock.monotonicMs() - startMs >= this.#options.giveUpMs) throw this.#unreachable(trouble);
      if (!hasTold) patience.onAway(trouble);
      hasTold = true;
      await sleep(this.#clock, retryMs, patience.signal);
      patience.signal?.throwIfAborted();
    }
  }

  take(now = instantOf(this.#clock)): Take {
    if (this.#fault instanceof MachineError) return { kind: 'fault', error: this.#fault };
    if (this.#fault !== null) throw this.#fault;
    if (this.#closing !== null) throw new Error('asked for a permit after close');
    const nowMs = now.monotonicMs;
    const grant = this.#stock.best(now);
    this.#fetchAhead(nowMs);
    const startMs = this.#rate.nextStartMs(nowMs);
    if (startMs > nowMs) return { kind: 'wait', untilMonotonicMs: startMs };
    if (grant === null) return this.#withoutUnits(nowMs);
    grant.units -= 1;
    this.#takenUnits += 1;
    this.#rate.took(nowMs);
    return { kind: 'go', permit: new GrantPermit(grant, this.#mayStart) };
  }

  giveBack(permit: Permit): void {
    const { grant, hasStarted } = GrantPermit.resolve(permit);
    if (!hasStarted) this.#rate.gaveBack();
    this.#takenUnits -= 1;
    this.#stock.giveBack(grant);
    this.#armTidy();
  }

  ended(permit: Permit, now = instantOf(this.#clock)): void {
    const { grant, hasStarted } = GrantPermit.resolve(permit);
    if (!hasStarted) this.#rate.started(now.monotonicMs);
    if (!grant.isLate(now)) return;
    this.#lateUnits += 1;
    this.#transactSoon();
  }

  view(): CapView {
    const used = Math.max(0, this.#usedUnits - this.#stock.unusedUnits);
    const left = grantable(used, this.#limit);
    const toWallMs = this.#clock.wallMs() - this.#clock.monotonicMs();
    const nextFreeAtMs = left > 0 || this.#nextFreeMs === null ? null : Math.ceil(this.#nextFreeMs + toWallMs);
    return { limit: this.#limit, used, left, nextFreeAtMs };
  }

  trouble(): HomeAway | null {
    return this.#absence?.trouble ?? null;
  }

  lateUnits(): number {
    return this.#lateUnits + (this.#pending?.request.lateUnits ?? 0);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stopTimers();
    while (this.#transaction !== null) await this.#transaction;
    if (this.#pending !== null && this.#fault === null) await this.#transact(0);
    this.#stock.returnAll();
    if (this.#fault !== null || this.#pending !== null) return;
    if (!this.#stock.hasReturned && this.#lateUnits === 0) return;
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
    this.#ranDry = true;
    if (this.#absence !== null) {
      const { trouble, sinceMs } = this.#absence;
      return { kind: 'away', sinceMonotonicMs: sinceMs, trouble };
    }
    const isUsedUp = this.#transaction === null && this.#usedUpUntilMs > nowMs;
    if (isUsedUp) return { kind: 'cap-used', freeAtMonotonicMs: this.#usedUpUntilMs };
    this.#isAwaited = true;
    return { kind: 'fetching' };
  }

  #fetchAhead(nowMs: number): void {
    if (this.#transaction !== null || this.#absence !== null) return;
    // What goes back may be granted again.
    if (this.#usedUpUntilMs > nowMs && !this.#stock.hasReturned) return;
    const isLow = this.#stock.untakenUnits <= this.#lastGrantedUnits / 2;
    const endsSoon = (this.#stock.lastEndMs ?? nowMs) - nowMs < followMs;
    if (isLow || endsSoon) void this.#transact(this.#wantedUnits(nowMs));
  }

  #wantedUnits(nowMs: number): number {
    return wantedUnits({
      grantedUnits: this.#lastGrantedUnits,
      takenUnits: this.#takenUnits,
      elapsedMs: nowMs - this.#lastGrantMs,
      ranDry: this.#ranDry,
    });
  }

  /** Unless the home is away: then the retry does it. */
  #transactSoon(): void {
    if (this.#absence === null) void this.#transact(0);
  }

  /** One at a time; a fault is kept, never thrown. A draw that has no answer is repeated first. */
  #transact(units: number): Promise<void> {
    if (this.#transaction !== null) return this.#transaction;
    this.#pending ??= { request: this.#nextDraw(units), from: null };
    const pending = this.#pending;
    const cancelWatch = this.#watch();
    const transaction = this.#home.transact(this.#name, draw(pending.request)).then(
      (outcome) => {
        cancelWatch();
        if (this.#transaction === transaction) this.#came(pending, outcome);
      },
      (error: unknown) => {
        cancelWatch();
        if (this.#transaction === transaction) this.#fail(error);
      },
    );
    this.#transaction = transaction;
    return transaction;
  }

  #nextDraw(wantedUnits: number): Draw {
    const { limit, reserve, timeoutMs } = this.#options;
    const lateUnits = this.#lateUnits;
    this.#lateUnits = 0;
    const returned = this.#stock.takeReturned();
    const number = this.#home.nextDrawNumber();
    return { name: this.#name, number, limit, reserve, timeoutMs, wantedUnits, returned, lateUnits };
  }

  #came(pending: PendingDraw, outcome: Outcome<DrawEnd>): void {
    this.#transaction = null;
    if (outcome.kind !== 'committed') {
      if (outcome.kind === 'unknown') pending.from ??= outcome.from;
      this.#absent(outcome.trouble);
      if (this.#isOpen) this.#armRetry();
      if (this.#isAwaited) this.#wake();
      return;
    }
    this.#pending = null;
    const wasAway = this.#absence !== null;
    this.#absence = null;
    this.#cancelRetry?.();
    const { drawn, wasCommitted } = outcome.answer;
    // An earlier attempt's answer counts from that attempt on: the server read its clock then.
    const from = wasCommitted ? pending.from : outcome.from;
    if (from === null) this.#fail(new Error('a draw was answered before it was made'));
    else this.#arrived(drawn, from, pending.request.wantedUnits, wasAway);
  }

  #arrived(drawn: Drawn, from: MachineTime, askedUnits: number, wasAway: boolean): void {
    this.#usedUnits = drawn.usedUnits;
    this.#nextFreeMs = drawn.nextFreeInMs === null ? null : from.monotonicMs + drawn.nextFreeInMs;
    if (drawn.grantedUnits > 0) this.#addGrant(drawn, from);
    else if (askedUnits > 0 || (wasAway && this.#usedUpUntilMs > from.monotonicMs)) {
      this.#armPoll(this.#nextFreeMs ?? from.monotonicMs + pollMs);
    }
    if (this.#lateUnits > 0) void this.#transact(0);
    this.#armTidy();
    if (drawn.grantedUnits > 0 || this.#isAwaited || wasAway) this.#wake();
  }

  #absent(trouble: HomeAway): Absence {
    const before = this.#absence;
    this.#absence = {
      trouble,
      sinceMs: before?.sinceMs ?? this.#clock.monotonicMs(),
      retryMs: Math.min(retryMsMax, before === null ? retryMsMin : before.retryMs * 2),
    };
    return this.#absence;
  }

  #armRetry(): void {
    const absence = this.#absence;
    if (absence === null || this.#closing !== null || this.#fault !== null) return;
    const leftMs = absence.sinceMs + this.#options.giveUpMs - this.#clock.monotonicMs();
    if (leftMs <= 0) {
      this.#fail(this.#unreachable(absence.trouble));
      return;
    }
    this.#cancelRetry?.();
    this.#cancelRetry = this.#clock.schedule(Math.min(absence.retryMs, leftMs), () => void this.#transact(0));
  }

  #unreachable(trouble: HomeAway): MachineError {
    const code = trouble.code === 'state-clock' ? trouble.code : 'state-unreachable';
    const message = `the ledger of the cap could not be used for ${this.#options.giveUpMs / 1000} s (--give-up): ${trouble.message}`;
    return new MachineError(code, message, { cause: trouble });
  }

  #addGrant(drawn: Drawn, from: MachineTime): void {
    const grant = new Grant(drawn, from, this.#options.timeoutMs, this.#uptime);
    const isWorthIt = grant.endMs - this.#clock.monotonicMs() >= this.#home.grantMinMs;
    if (isWorthIt) this.#stock.add(grant);
    else this.#stock.return(grant);
    this.#lastGrantedUnits = drawn.grantedUnits;
    this.#lastGrantMs = from.monotonicMs;
    this.#takenUnits = 0;
    this.#ranDry = false;
    this.#usedUpUntilMs = Number.NEGATIVE_INFINITY;
    this.#cancelPoll?.();
  }

  #wake(): void {
    this.#isAwaited = false;
    if (this.#closing === null) this.onReady?.();
  }

  #fail(error: unknown): void {
    this.#transaction = null;
    this.#fault = error;
    this.#stopTimers();
    this.#wake();
  }

  #stopTimers(): void {
    this.#cancelPoll?.();
    this.#cancelTidy?.();
    this.#cancelRetry?.();
  }

  /** Gives up on a transaction that does not come back. */
  #watch(): Cancel {
    let cancel = this.#clock.schedule(heldMs, () => {
      cancel = this.#clock.schedule(heldAgainMs, () => this.#fail(heldLedger()));
    });
    return () => cancel();
  }

  /** The cap is used up until then: asks again at that time, and now and then before. */
  #armPoll(freeAtMs: number): void {
    this.#usedUpUntilMs = Math.floor(freeAtMs) + 1; // later for sure, whatever was rounded on the way
    if (this.#closing !== null) return;
    const delayMs = Math.max(1, this.#usedUpUntilMs - this.#clock.monotonicMs());
    this.#cancelPoll?.();
    this.#cancelPoll = this.#clock.schedule(Math.min(pollMs, delayMs), () => {
      if (this.#absence === null) void this.#transact(this.#wantedUnits(this.#clock.monotonicMs()));
    });
  }

  /** Ensures that unused units go back though nothing more is taken. A transaction in flight arms it when it is done. */
  #armTidy(): void {
    const isIdle = this.#isOpen && this.#transaction === null && this.#absence === null;
    if (!isIdle || this.#closing !== null || this.#fault !== null) return;
    const nowMs = this.#clock.monotonicMs();
    const dueMs = this.#stock.hasReturned ? nowMs + tidyMs : this.#stock.firstEndMs;
    this.#cancelTidy?.();
    if (dueMs === null) return;
    this.#cancelTidy = this.#clock.schedule(Math.max(0, Math.ceil(dueMs - nowMs)), () => {
      this.#stock.best(instantOf(this.#clock));
      if (this.#stock.hasReturned) this.#transactSoon();
      else this.#armTidy();
    });
  }
}
