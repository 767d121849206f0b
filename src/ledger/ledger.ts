import {
  asSettled,
  endOf,
  freedAtMs,
  grantable,
  type OpenBucket,
  type SettledBucket,
  settle,
  stampAt,
  unitsOfGrant,
} from './buckets.js';
import type { HomeTime } from './home-time.js';
import type { CommittedDraw, Drawn, LedgerChange, LedgerState, LedgerWork } from './ledger-home.js';
import { DamagedRecord, type LedgerRecord } from './ledger-records.js';
import { ledgerMs } from './ledger-time.js';

/**
 * What is done to a ledger in one transaction: pure, and the same wherever the ledger is kept. Invariants: `usedUnits` is
 * the sum of all buckets; open buckets stand in rising order, settled ones (a queue under rising indices) before them; a
 * bucket leaves the queue only at its head; a draw changes something once, however often it is repeated.
 */
export interface Draw {
  readonly name: string;
  /** Higher than that of the draw before, of the same user of the home; the same if it is repeated. */
  readonly number: number;
  readonly limit: number;
  readonly reserve: number;
  /** Of the run's attempts: how long after its start one may arrive. */
  readonly timeoutMs: number;
  readonly wantedUnits: number;
  /** Units under which nothing was sent, by the number of their bucket. */
  readonly returned: ReadonlyMap<number, number>;
  /** Attempts that may have arrived later than their bucket allows: they are counted again, whatever is left. */
  readonly lateUnits: number;
}

/** What a draw came to. */
export interface DrawEnd {
  readonly drawn: Drawn;
  /** An earlier attempt of this draw had been committed: this is its answer, and counts from when it was made. */
  readonly wasCommitted: boolean;
}

/** Takes back, counts again, and grants what it may of what is wanted. */
export function draw(request: Draw): LedgerWork<DrawEnd> {
  return (state, time) => {
    const { lastDraw } = state;
    if (lastDraw !== null && request.number <= lastDraw.number) {
      return { change: null, answer: { drawn: lastDraw.answer, wasCommitted: true } };
    }
    const { name, limit, reserve, timeoutMs } = request;
    const ledger = new OpenedLedger(state, name, time);
    for (const [bucketNumber, units] of request.returned) ledger.takeBack(bucketNumber, units);
    const bucketNumber = stampAt(time);
    ledger.count(bucketNumber, request.lateUnits, timeoutMs);
    const grantedUnits = unitsOfGrant(request.wantedUnits, grantable(ledger.usedUnits, limit - reserve));
    ledger.count(bucketNumber, grantedUnits, timeoutMs);
    const drawn: Drawn = {
      grantedUnits,
      bucketNumber,
      goodForMs: endOf(bucketNumber) - time.awakeMs,
      usedUnits: ledger.usedUnits,
      nextFreeInMs: ledger.nextFreeInMs(limit - reserve),
    };
    const change = ledger.change(limit, reserve, { number: request.number, answer: drawn });
    return { change, answer: { drawn, wasCommitted: false } };
  };
}

/** `false`: there was no ledger of this name. @throws DamagedRecord where its totals are not what its buckets say. */
export function verify(state: LedgerState, name: string): boolean {
  const { ledger } = state;
  if (ledger === null) return false;
  let units = 0;
  let lastNumber = -1;
  for (const bucket of [...settledOf(state), ...ledger.open]) {
    if (bucket.number <= lastNumber) throw new DamagedRecord(`the buckets of "${name}" are out of order`);
    lastNumber = bucket.number;
    units += bucket.units;
  }
  if (units === ledger.usedUnits) return true;
  throw new DamagedRecord(`"${name}" says that ${ledger.usedUnits} units are used, and its buckets say ${units}`);
}

/** The settled buckets, the next to come free first. */
export function settledOf({ ledger, bucket }: LedgerState): SettledBucket[] {
  const settled: SettledBucket[] = [];
  if (ledger === null) return settled;
  for (let index = ledger.firstIndex; index < ledger.nextIndex; index += 1) settled.push(bucket(index));
  return settled;
}

/** A ledger as of `now`, in memory, its settled buckets but for those that this transaction changes. */
class OpenedLedger {
  readonly #state: LedgerState;
  readonly #name: string;
  readonly #now: HomeTime;
  /** By index: new, or changed. */
  readonly #changed = new Map<number, SettledBucket>();
  #open: readonly OpenBucket[];
  #firstIndex: number;
  #nextIndex: number;
  usedUnits: number;

  constructor(state: LedgerState, name: string, now: HomeTime) {
    const found = state.ledger;
    this.#state = state;
    this.#name = name;
    this.#now = now;
    this.#open = found?.open ?? [];
    this.#firstIndex = found?.firstIndex ?? 0;
    this.#nextIndex = found?.nextIndex ?? 0;
    this.usedUnits = found?.usedUnits ?? 0;
    this.#settleOpen();
    this.#expireSettled();
  }

  #bucket(index: number): SettledBucket {
    return this.#changed.get(index) ?? this.#state.bucket(index);
  }

  #settleOpen(): void {
    for (const bucket of this.#open) {
      const settled = settle(bucket, this.#now);
      if (settled === null) return;
      this.#open = this.#open.slice(1);
      if (settled.units === 0) continue;
      this.#changed.set(this.#nextIndex, settled);
      this.#nextIndex += 1;
    }
  }

  #expireSettled(): void {
    const nowMs = ledgerMs(this.#now);
    while (this.#firstIndex < this.#nextIndex) {
      const bucket = this.#bucket(this.#firstIndex);
      if (bucket.freeAtMs > nowMs) return;
      this.#changed.delete(this.#firstIndex);
      this.#firstIndex += 1;
      this.#use(-bucket.units);
    }
  }

  /** Units of a bucket that has come free are forgotten: they count no more. */
  takeBack(bucketNumber: number, units: number): void {
    this.#open = this.#open.map((bucket) => {
      if (bucket.number !== bucketNumber) return bucket;
      return { ...bucket, units: this.#without(bucket.units, units) };
    });
    for (let index = this.#nextIndex - 1; index >= this.#firstIndex; index -= 1) {
      const bucket = this.#bucket(index);
      if (bucket.number < bucketNumber) return;
      if (bucket.number > bucketNumber) continue;
      this.#changed.set(index, { ...bucket, units: this.#without(bucket.units, units) });
    }
  }

  #without(bucketUnits: number, units: number): number {
    if (units > bucketUnits) throw new DamagedRecord(`${units} units come back to a bucket of ${bucketUnits}`);
    this.#use(-units);
    return bucketUnits - units;
  }

  count(bucketNumber: number, units: number, timeoutMs: number): void {
    if (units === 0) return;
    this.#use(units);
    const last = this.#open.at(-1);
    if (last?.number !== bucketNumber) {
      this.#open = [...this.#open, { number: bucketNumber, units, timeoutMs }];
      return;
    }
    const grown = { ...last, units: last.units + units, timeoutMs: Math.max(last.timeoutMs, timeoutMs) };
    this.#open = [...this.#open.slice(0, -1), grown];
  }

  #use(units: number): void {
    this.usedUnits += units;
    if (this.usedUnits < 0) throw new DamagedRecord(`"${this.#name}" counts fewer units than its buckets hold`);
  }

  /** Where the limit has been lowered below what is used, more than one unit has to come free first. */
  nextFreeInMs(limit: number): number | null {
    const neededUnits = Math.max(1, this.usedUnits - limit + 1);
    const atMs = freedAtMs(this.#buckets(), neededUnits);
    return atMs === null ? null : atMs - ledgerMs(this.#now);
  }

  *#buckets(): Generator<SettledBucket> {
    for (let index = this.#firstIndex; index < this.#nextIndex; index += 1) yield this.#bucket(index);
    for (const bucket of this.#open) yield asSettled(bucket, this.#now);
  }

  change(limit: number, reserve: number, lastDraw: CommittedDraw): LedgerChange {
    const ledger: LedgerRecord = {
      limit,
      reserve,
      usedUnits: this.usedUnits,
      firstIndex: this.#firstIndex,
      nextIndex: this.#nextIndex,
      open: this.#open,
    };
    return { ledger, buckets: this.#changed, lastDraw };
  }
}
