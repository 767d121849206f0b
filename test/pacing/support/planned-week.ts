import type { SettledBucket } from '../../../src/ledger/buckets.js';
import type { HomeTime } from '../../../src/ledger/home-time.js';
import { type Draw, draw } from '../../../src/ledger/ledger.js';
import { type Drawn, HomeAway } from '../../../src/ledger/ledger-home.js';
import type { LedgerRecord } from '../../../src/ledger/ledger-records.js';
import type { MachineTime } from '../../../src/ledger/ledger-time.js';
import { type Grant, Uptime } from '../../../src/pacing/grant.js';
import { type DrawReport, PacerState } from '../../../src/pacing/pacer-state.js';
import { type Plan, plan, planForAttempt } from '../../../src/pacing/plan.js';
import type { Instant } from '../../../src/platform/instant.js';

export const capLimit = 150;
const timeoutMs = 30_000;
const giveUpMs = 290_000;
const trouble = new HomeAway('state-unreachable', 'away');

/** Something that happens, so long after the one before. */
export interface Episode {
  readonly afterMs: number;
  readonly kind: 'asks' | 'gives back' | 'ends late' | 'neighbour draws' | 'neighbour returns' | 'goes away';
  readonly count: number;
}

/** A ledger's rules, without a store. */
class BareLedger {
  #record: LedgerRecord | null = null;
  readonly #buckets = new Map<number, SettledBucket>();

  transact(request: Draw, nowMs: number): Drawn {
    const time: HomeTime = { awakeMs: nowMs, asleepMs: 0, wallMs: nowMs, marginMs: 0, stampAheadMs: 0 };
    const bucket = (index: number): SettledBucket => {
      const found = this.#buckets.get(index);
      if (found === undefined) throw new Error(`no bucket ${index}`);
      return found;
    };
    const { change, answer } = draw(request)({ ledger: this.#record, bucket, lastDraw: null }, time);
    this.#record = change?.ledger ?? this.#record;
    for (const [index, settled] of change?.buckets ?? []) this.#buckets.set(index, settled);
    return answer.drawn;
  }
}

/**
 * A pacer's pure parts, run as the pacer runs them, and checked at every step: each wake lies ahead, nothing that the
 * ledger has to hear is left lying, an attempt that waits is waited for by a draw, a poll or a retry, and each unit is in
 * one place alone.
 */
export class PlannedWeek {
  readonly startsMs: number[] = [];
  drawCount = 0;
  hasGivenUp = false;
  wasAway = false;
  wasUsedUp = false;
  readonly #answerMs: number;
  readonly #ledger = new BareLedger();
  readonly #state: PacerState;
  #nowMs = 0;
  #awayUntilMs = 0;
  #draw: { readonly request: Draw; dueMs: number } | null = null;
  #wakeMs = Number.POSITIVE_INFINITY;
  #answeredMs = 0;
  #permits: Grant[] = [];
  #waitingCount = 0;
  #usedUnits = 0;
  #lateUnits = 0;
  #number = 0;
  /** As the ledger counts them. */
  #counted = { units: 0, lateUnits: 0 };
  #neighbours = new Map<number, number>();

  /** `answerMs`: a draw takes so long. */
  constructor(answerMs: number) {
    const uptime = new Uptime({ bootId: () => null, uptimeMs: () => this.#nowMs });
    this.#answerMs = answerMs;
    this.#state = new PacerState({ timeoutMs, giveUpMs, grantMinMs: 0, lateUnits: 0, uptime });
    this.#proceed();
  }

  /** Nothing is in hand, and nothing is to be told. */
  get isClean(): boolean {
    const { stock, lateUnits, isDrawing } = this.#state;
    return stock.unusedUnits + lateUnits === 0 && !isDrawing && this.#lateUnits === this.#counted.lateUnits;
  }

  happen({ afterMs, kind, count }: Episode): void {
    this.advance(afterMs);
    if (kind === 'asks') {
      this.#waitingCount = count;
      this.#askAll();
    }
    if (kind === 'gives back') this.giveBack(count);
    if (kind === 'ends late') this.#endLate();
    if (kind === 'neighbour draws') this.#neighbourDraws(count);
    if (kind === 'neighbour returns') this.#neighbourReturns();
    if (kind === 'goes away') this.#awayUntilMs = this.#nowMs + count * 5_000;
  }

  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    while (!this.hasGivenUp) {
      const drawMs = this.#draw?.dueMs ?? Number.POSITIVE_INFINITY;
      this.#nowMs = Math.min(drawMs, this.#wakeMs, endMs);
      if (drawMs <= this.#nowMs) this.#answer();
      else if (this.#wakeMs <= this.#nowMs) this.#proceed();
      else return;
    }
  }

  giveBack(count: number): void {
    for (const grant of this.#permits.splice(0, count)) {
      this.#usedUnits -= 1;
      this.#state.gaveBack(grant, this.#nowMs);
      this.#proceed();
    }
  }

  #askAll(): void {
    while (this.#waitingCount > 0 && this.#ask()) this.#waitingCount -= 1;
  }

  #ask(): boolean {
    const state = this.#state;
    const grant = state.stock.best(this.#instant());
    this.#follow(planForAttempt(state, this.#nowMs));
    if (grant !== null) {
      state.took(grant);
      this.#usedUnits += 1;
      // One in four is held for a while.
      if (this.#usedUnits % 4 === 0) this.#permits.push(grant);
      else this.startsMs.push(this.#nowMs);
      return true;
    }
    state.ranDry();
    this.wasUsedUp ||= state.usedUp !== null;
    const isUsedUp = state.usedUp !== null && state.usedUp.untilMs > this.#nowMs;
    if (!this.hasGivenUp) must(state.isDrawing || state.absence !== null || isUsedUp, 'an attempt waits in vain');
    return false;
  }

  /** Those that are held have started while it was time, and end now. */
  #endLate(): void {
    for (const grant of this.#permits.splice(0)) {
      if (!grant.isLate(this.#instant())) continue;
      this.#lateUnits += 1;
      this.#state.wasLate();
      this.#proceed();
    }
  }

  #proceed(): void {
    const state = this.#state;
    const isFirst = this.drawCount === 0;
    state.stock.best(this.#instant());
    this.#wakeMs = Number.POSITIVE_INFINITY;
    this.#follow(isFirst ? { kind: 'transact', wantedUnits: 0 } : plan(state, this.#nowMs));
    if (!this.hasGivenUp && !state.isDrawing) this.#check();
  }

  #follow(next: Plan): void {
    if (next.kind === 'transact') {
      must(!this.#state.isDrawing, 'two draws at once');
      if (this.#draw === null) this.#draw = { request: this.#request(next.wantedUnits, this.#state.drew()), dueMs: 0 };
      else this.#state.drewAgain();
      this.#draw.dueMs = this.#nowMs + this.#answerMs;
      this.drawCount += 1;
      must(this.drawCount < 100_000, 'draws without end');
    } else if (next.kind === 'wake') {
      must(next.atMs > this.#nowMs, 'a wake that is over');
      this.#wakeMs = next.atMs;
    } else if (next.kind === 'give-up') {
      must(this.#nowMs - (this.#state.absence?.sinceMs ?? this.#nowMs) >= giveUpMs, 'given up too early');
      this.hasGivenUp = true;
    }
  }

  #check(): void {
    const { stock, absence, usedUp, lateUnits } = this.#state;
    if (absence !== null) {
      must(this.#wakeMs - this.#nowMs <= 5_000, 'a home that is away is not asked again');
      return;
    }
    must(this.#usedUnits + stock.unusedUnits === this.#counted.units, 'a unit is lost, or there twice');
    must(lateUnits === 0, 'a late attempt is not counted again');
    must(this.#wakeMs <= (stock.returnedSinceMs ?? Number.POSITIVE_INFINITY) + 100, 'returned units stay');
    must(this.#wakeMs <= (stock.firstEndMs ?? Number.POSITIVE_INFINITY), 'units stay after their bucket');
    must(usedUp === null || this.#wakeMs - this.#answeredMs <= 60_000, 'nobody looks for units that come back');
  }

  #answer(): void {
    if (this.#draw === null) throw new Error('no draw');
    const { request } = this.#draw;
    if (this.#nowMs < this.#awayUntilMs) {
      this.wasAway = true;
      this.#draw.dueMs = Number.POSITIVE_INFINITY; // until it is made again
      this.#state.wentAway(trouble, this.#nowMs);
    } else {
      const drawn = this.#ledger.transact(request, this.#nowMs);
      this.#draw = null;
      this.#answeredMs = this.#nowMs;
      this.#counted.units += drawn.grantedUnits - sum(request.returned.values());
      this.#counted.lateUnits += request.lateUnits;
      this.#state.answered({ drawn, from: this.#machine(), askedUnits: request.wantedUnits }, this.#nowMs);
    }
    this.#proceed();
    this.#askAll();
  }

  #neighbourDraws(count: number): void {
    const { bucketNumber, grantedUnits } = this.#ledger.transact(this.#request(count), this.#nowMs);
    this.#neighbours.set(bucketNumber, (this.#neighbours.get(bucketNumber) ?? 0) + grantedUnits);
  }

  #neighbourReturns(): void {
    const returned = this.#neighbours;
    this.#neighbours = new Map();
    this.#ledger.transact(this.#request(0, { returned, lateUnits: 0 }), this.#nowMs);
  }

  #request(wantedUnits: number, report: DrawReport = { returned: new Map(), lateUnits: 0 }): Draw {
    this.#number += 1;
    return { name: 'acme', number: this.#number, limit: capLimit, reserve: 0, timeoutMs, wantedUnits, ...report };
  }

  #instant(): Instant {
    return { monotonicMs: this.#nowMs, wallMs: this.#nowMs };
  }

  #machine(): MachineTime {
    return { ...this.#instant(), uptimeMs: this.#nowMs, timeBase: '' };
  }
}

function must(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(what);
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
