import { dayMs, grantable } from '../ledger/buckets.js';
import { type Drawn, draw, verify } from '../ledger/ledger.js';
import { heldLedger } from '../ledger/ledger-errors.js';
import { ledgerName } from '../ledger/ledger-records.js';
import type { MachineTime } from '../ledger/ledger-time.js';
import { MachineClocks } from '../ledger/machine-time.js';
import { type Instant, instantOf } from '../platform/instant.js';
import type { BootClock, Cancel, CapView, Clock, LedgerStore } from '../platform/ports.js';
import { MachineError } from '../terms/errors.js';
import { Lease, wantedUnits } from './grant.js';
import { LeaseStock } from './grant-stock.js';
import { LeasePermit, type Permit } from './permit.js';
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
  /** Nothing goes out any more. */
  | { readonly kind: 'fault'; readonly error: MachineError };

/** When tries may go. For each permit that `take` gives, `giveBack` or `ended` is called once. */
export interface Pacer {
  /** Costs a microsecond at most, and never waits for the disk. `now`, here and below: read in this step; where it is left out, the clocks are read. */
  take(now?: Instant): Take;
  /** Nothing was sent under it. */
  giveBack(permit: Permit): void;
  /** Its try has ended, in whatever way. */
  ended(permit: Permit, now?: Instant): void;
  /** As last known here; after `close`, as it stood then. */
  view(): CapView;
  /** Called when `take` is worth asking again. Set by who asks. */
  onReady: (() => void) | null;
  /** Gives back what was not used. Nothing may start after it. A second call changes nothing. */
  close(): Promise<void>;
}

export interface PacerOptions {
  readonly clientCode: string;
  readonly isLoopback: boolean;
  /** --daily-cap, units in any rolling 24 hours, the reserve included. */
  readonly limit: number;
  /** --reserve: units of them that this run leaves alone. */
  readonly reserve: number;
  /** Tries a second; 0: no limit. */
  readonly ratePerSecond: number;
  readonly pace: 'burst' | 'spread';
  /** A try arrives at most this long after it started. */
  readonly timeoutMs: number;
}

/** Another run's unused units come back unannounced: look for them this often while the cap is used up. */
const pollMs = 60_000;
/** A lease that ends sooner than this is followed by the next one, so that no try waits at the end of a bucket. */
const followMs = 500;
/** Single units that come back wait this long for others. */
const tidyMs = 100;
/** A transaction that takes longer than this, and then some more (it may be this process that stood still), is blocked. */
const heldMs = 60_000;
const heldAgainMs = 5_000;

/**
 * `isNew`: there was no ledger for this client code. Rejects with a MachineError for a ledger that cannot be used.
 * The store stays open when the pacer is closed.
 */
export async function openPacer(
  store: LedgerStore,
  clock: Clock,
  bootClock: BootClock,
  options: PacerOptions,
): Promise<{ readonly pacer: Pacer; readonly isNew: boolean }> {
  const pacer = new LedgerPacer(store, clock, bootClock, options);
  const isNew = await pacer.open();
  return { pacer, isNew };
}

/**
 * Units come from the ledger ahead of need, one transaction at a time, and go back to it when their bucket ends or the
 * pacer closes.
 *
 * Invariants: what is in a lease or under a permit is counted in the ledger, durably, in the bucket within which alone
 * it is good; while a transaction is under way `#transaction` is set; after a fault, or once closing, nothing starts.
 */
class LedgerPacer implements Pacer {
  onReady: (() => void) | null = null;

  readonly #store: LedgerStore;
  readonly #clock: Clock;
  readonly #clocks: MachineClocks;
  readonly #name: string;
  readonly #options: PacerOptions;
  readonly #limit: number;
  readonly #rate: Rate;
  readonly #stock = new LeaseStock();

  /** Tries that may have arrived late, to be counted once more. */
  #lateUnits = 0;
  #transaction: Promise<void> | null = null;
  #fault: unknown = null;
  #closing: Promise<void> | null = null;
  #cancelPoll: Cancel | null = null;
  #cancelTidy: Cancel | null = null;

  /** `take` said `fetching`, and nobody has been told more yet. */
  #isAwaited = false;
  /** Since the last lease came: */
  #ranDry = false;
  #takenUnits = 0;
  #lastGrantMs = 0;
  #lastGrantedUnits = 0;
  /** As the last transaction found it, on monotonic time. */
  #usedUnits = 0;
  #nextFreeMs: number | null = null;
  /** Before it, asking for more is no use. */
  #usedUpUntilMs = Number.NEGATIVE_INFINITY;

  constructor(store: LedgerStore, clock: Clock, bootClock: BootClock, options: PacerOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#clocks = new MachineClocks(clock, bootClock);
    this.#name = ledgerName(options.clientCode, options.isLoopback);
    this.#options = options;
    this.#limit = Math.max(0, options.limit - options.reserve);
    this.#rate = new Rate({
      ratePerSecond: options.ratePerSecond,
      spreadGapMs: options.pace === 'spread' ? dayMs / Math.max(1, this.#limit) : 0,
    });
  }

  async open(): Promise<boolean> {
    const wasThere = await this.#store.transact((records) => verify(records, this.#name));
    await this.#transact(0);
    if (this.#fault !== null) throw this.#fault;
    return !wasThere;
  }

  take(now = instantOf(this.#clock)): Take {
    if (this.#fault instanceof MachineError) return { kind: 'fault', error: this.#fault };
    if (this.#fault !== null) throw this.#fault;
    if (this.#closing !== null) throw new Error('asked for a permit after close');
    const nowMs = now.monotonicMs;
    const lease = this.#stock.best(now);
    this.#fetchAhead(nowMs);
    const startMs = this.#rate.nextStartMs(nowMs);
    if (startMs > nowMs) return { kind: 'wait', untilMonotonicMs: startMs };
    if (lease === null) return this.#withoutUnits(nowMs);
    lease.units -= 1;
    this.#takenUnits += 1;
    this.#rate.took(nowMs);
    return { kind: 'go', permit: new LeasePermit(lease, this.#mayStart) };
  }

  giveBack(permit: Permit): void {
    const { lease, hasStarted } = LeasePermit.resolve(permit);
    if (!hasStarted) this.#rate.gaveBack();
    this.#takenUnits -= 1;
    this.#stock.giveBack(lease);
    this.#armTidy();
  }

  ended(permit: Permit, now = instantOf(this.#clock)): void {
    const { lease, hasStarted } = LeasePermit.resolve(permit);
    if (!hasStarted) this.#rate.started(now.monotonicMs);
    if (!lease.isLate(now)) return;
    this.#lateUnits += 1;
    void this.#transact(0);
  }

  view(): CapView {
    const used = Math.max(0, this.#usedUnits - this.#stock.unusedUnits);
    const left = grantable(used, this.#limit);
    const toWallMs = this.#clock.wallMs() - this.#clock.monotonicMs();
    const nextFreeAtMs = left > 0 || this.#nextFreeMs === null ? null : Math.ceil(this.#nextFreeMs + toWallMs);
    return { limit: this.#limit, used, left, nextFreeAtMs };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stopTimers();
    while (this.#transaction !== null) await this.#transaction;
    this.#stock.returnAll();
    if (this.#fault !== null || !this.#stock.hasReturned) return;
    await this.#transact(0); // where it fails, the units stay counted until they come free: no harm to the rule
  }

  /** Asked for a permit that is about to be used. */
  readonly #mayStart = (permit: LeasePermit, now = instantOf(this.#clock)): boolean => {
    if (this.#fault !== null || this.#closing !== null || !permit.lease.isGood(now)) return false;
    if (!permit.hasStarted) this.#rate.started(now.monotonicMs);
    permit.hasStarted = true;
    return true;
  };

  #withoutUnits(nowMs: number): Take {
    this.#ranDry = true;
    const isUsedUp = this.#transaction === null && this.#usedUpUntilMs > nowMs;
    if (isUsedUp) return { kind: 'cap-used', freeAtMonotonicMs: this.#usedUpUntilMs };
    this.#isAwaited = true;
    return { kind: 'fetching' };
  }

  #fetchAhead(nowMs: number): void {
    if (this.#transaction !== null) return;
    // What goes back may be granted again.
    if (this.#usedUpUntilMs > nowMs && !this.#stock.hasReturned) return;
    const isLow = this.#stock.leasedUnits <= this.#lastGrantedUnits / 2;
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

  /** One at a time; a fault is kept, never thrown. */
  #transact(units: number): Promise<void> {
    if (this.#transaction !== null) return this.#transaction;
    const { limit, reserve, timeoutMs } = this.#options;
    const returned = this.#stock.takeReturned();
    const lateUnits = this.#lateUnits;
    this.#lateUnits = 0;
    const cancelWatch = this.#watch();
    const answer = this.#store.transact((records) => {
      const machine = this.#clocks.read(); // read with the ledger locked: no other process's time comes between
      const request = { name: this.#name, machine, limit, reserve, timeoutMs, wantedUnits: units, returned, lateUnits };
      return { drawn: draw(records, request), machine };
    });
    const transaction = answer.then(
      ({ drawn, machine }) => {
        cancelWatch();
        if (this.#transaction === transaction) this.#arrived(drawn, machine, units);
      },
      (error: unknown) => {
        cancelWatch();
        if (this.#transaction === transaction) this.#fail(error);
      },
    );
    this.#transaction = transaction;
    return transaction;
  }

  #arrived(drawn: Drawn, machine: MachineTime, askedUnits: number): void {
    this.#transaction = null;
    this.#usedUnits = drawn.usedUnits;
    this.#nextFreeMs = drawn.nextFreeInMs === null ? null : machine.monotonicMs + drawn.nextFreeInMs;
    if (drawn.grantedUnits > 0) this.#addLease(drawn, machine);
    else if (askedUnits > 0) this.#armPoll(this.#nextFreeMs ?? machine.monotonicMs + pollMs);
    if (this.#lateUnits > 0) void this.#transact(0);
    this.#armTidy();
    if (drawn.grantedUnits > 0 || this.#isAwaited) this.#wake();
  }

  #addLease(drawn: Drawn, machine: MachineTime): void {
    this.#stock.add(new Lease(drawn, machine, this.#options.timeoutMs));
    this.#lastGrantedUnits = drawn.grantedUnits;
    this.#lastGrantMs = machine.monotonicMs;
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
      void this.#transact(this.#wantedUnits(this.#clock.monotonicMs()));
    });
  }

  /** Sees to it that unused units go back though nothing more is taken. A transaction under way arms it when it is done. */
  #armTidy(): void {
    if (this.#transaction !== null || this.#closing !== null || this.#fault !== null) return;
    const nowMs = this.#clock.monotonicMs();
    const dueMs = this.#stock.hasReturned ? nowMs + tidyMs : this.#stock.firstEndMs;
    this.#cancelTidy?.();
    if (dueMs === null) return;
    this.#cancelTidy = this.#clock.schedule(Math.max(0, Math.ceil(dueMs - nowMs)), () => {
      this.#stock.best(instantOf(this.#clock));
      if (this.#stock.hasReturned) void this.#transact(0);
      else this.#armTidy();
    });
  }
}
