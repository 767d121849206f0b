import type { Drawn, HomeAway } from '../ledger/ledger-home.js';
import type { MachineTime } from '../ledger/ledger-time.js';
import { type Consumption, Grant, type Uptime } from './grant.js';
import { GrantStock } from './grant-stock.js';
import type { Absence, PlanState, UsedUp } from './plan.js';

/** Another run's unused units come back unannounced: look for them this often while the cap is used up. */
const pollMs = 60_000;
/** A home that is away is asked again after a pause that doubles from the one to the other. */
const retryMsMin = 250;
const retryMsMax = 5_000;

export interface PacerStateOptions {
  readonly timeoutMs: number;
  readonly giveUpMs: number;
  /** A grant that is good for less than this is given back at once. */
  readonly grantMinMs: number;
  readonly lateUnits: number;
  readonly uptime: Uptime;
}

/** An answered draw. */
export interface Answer {
  readonly drawn: Drawn;
  /** The instant from which a grant counts. */
  readonly from: MachineTime;
  readonly askedUnits: number;
}

/** What a draw reports to the ledger. */
export interface DrawReport {
  readonly returned: ReadonlyMap<number, number>;
  readonly lateUnits: number;
}

/**
 * What a pacer knows. It changes by what happens (`took`, `gaveBack`, `wasLate`, `drew`, and then `answered` or
 * `wentAway`), and reads no clock.
 *
 * Invariants: what is in the stock is counted in the ledger; what a draw reports is the draw's, and no longer here; a
 * draw is made only while none is open.
 */
export class PacerState implements PlanState {
  readonly stock = new GrantStock();
  readonly giveUpMs: number;
  readonly #options: PacerStateOptions;
  readonly #consumption: { -readonly [Key in keyof Consumption]: Consumption[Key] };
  isDrawing = false;
  absence: Absence | null = null;
  usedUp: UsedUp | null = null;
  lateUnits: number;
  /** As the last answer said. */
  usedUnits = 0;
  nextFreeMs: number | null = null;

  constructor(options: PacerStateOptions) {
    this.#options = options;
    this.giveUpMs = options.giveUpMs;
    this.lateUnits = options.lateUnits;
    this.#consumption = { grantedUnits: 0, grantedAtMs: 0, takenUnits: 0, ranDry: false };
  }

  get consumption(): Consumption {
    return this.#consumption;
  }

  /** A unit of `grant` is under a permit. */
  took(grant: Grant): void {
    grant.units -= 1;
    this.#consumption.takenUnits += 1;
  }

  /** It was not used. */
  gaveBack(grant: Grant, nowMs: number): void {
    this.#consumption.takenUnits -= 1;
    this.stock.giveBack(grant, nowMs);
  }

  /** An attempt has to wait for units. */
  ranDry(): void {
    this.#consumption.ranDry = true;
  }

  /** An attempt ended so late that it may have arrived late. */
  wasLate(): void {
    this.lateUnits += 1;
  }

  /** A draw is made. */
  drew(): DrawReport {
    this.isDrawing = true;
    const report = { returned: this.stock.takeReturned(), lateUnits: this.lateUnits };
    this.lateUnits = 0;
    return report;
  }

  /** The draw that has no answer is made again as it is. */
  drewAgain(): void {
    this.isDrawing = true;
  }

  answered({ drawn, from, askedUnits }: Answer, nowMs: number): void {
    this.isDrawing = false;
    this.absence = null;
    this.usedUnits = drawn.usedUnits;
    this.nextFreeMs = drawn.nextFreeInMs === null ? null : from.monotonicMs + drawn.nextFreeInMs;
    if (drawn.grantedUnits > 0) this.#add(drawn, from, nowMs);
    else if (askedUnits > 0) this.#gotNone(this.nextFreeMs ?? from.monotonicMs + pollMs, nowMs);
  }

  /** `trouble`: why the draw has no answer. */
  wentAway(trouble: HomeAway, nowMs: number): Absence {
    const before = this.absence;
    this.isDrawing = false;
    this.absence = {
      trouble,
      sinceMs: before?.sinceMs ?? nowMs,
      failedAtMs: nowMs,
      retryMs: Math.min(retryMsMax, before === null ? retryMsMin : before.retryMs * 2),
    };
    return this.absence;
  }

  #add(drawn: Drawn, from: MachineTime, nowMs: number): void {
    const { timeoutMs, grantMinMs, uptime } = this.#options;
    const grant = new Grant(drawn, from, timeoutMs, uptime);
    if (grant.endMs - nowMs >= grantMinMs) this.stock.add(grant);
    else this.stock.return(grant, nowMs);
    const consumption = this.#consumption;
    consumption.grantedUnits = drawn.grantedUnits;
    consumption.grantedAtMs = from.monotonicMs;
    consumption.takenUnits = 0;
    consumption.ranDry = false;
    this.usedUp = null;
  }

  #gotNone(freeAtMs: number, nowMs: number): void {
    const untilMs = Math.floor(freeAtMs) + 1; // later for sure, whatever was rounded on the way
    this.usedUp = { untilMs, pollAtMs: Math.max(nowMs + 1, Math.min(nowMs + pollMs, untilMs)) };
  }
}
