import type { LedgerRecords } from '../platform/ports.js';
import {
  asSettled,
  endOf,
  freedAtMs,
  grantable,
  leaseUnits,
  type OpenBucket,
  type SettledBucket,
  settle,
  stampAt,
} from './buckets.js';
import {
  DamagedRecord,
  type LedgerRecord,
  readBucket,
  readClock,
  readLedger,
  readNames,
  removeBucket,
  writeBucket,
  writeClock,
  writeLedger,
  writeNames,
} from './ledger-records.js';
import { type Anchor, advance, ledgerMs, type MachineTime } from './ledger-time.js';

/**
 * What is done to a ledger in one transaction. Invariants: `usedUnits` is the sum of all buckets; open buckets stand in
 * rising order, settled ones (a queue under rising indices) before them; a bucket leaves the queue only at its head.
 */
export interface Draw {
  readonly name: string;
  readonly machine: MachineTime;
  readonly limit: number;
  readonly reserve: number;
  /** Of the run's tries: how long after its start one may arrive. */
  readonly timeoutMs: number;
  readonly wantedUnits: number;
  /** Units under which nothing was sent, by the number of their bucket. */
  readonly returned: ReadonlyMap<number, number>;
  /** Tries that may have arrived later than their bucket allows: they are counted once more, whatever is left. */
  readonly lateUnits: number;
}

export interface Drawn {
  readonly grantedUnits: number;
  /** The bucket that they are stamped with. */
  readonly bucketNumber: number;
  /** For how long from `Draw.machine` on, of monotonic time, a try may start under them. */
  readonly goodForMs: number;
  readonly usedUnits: number;
  /** Until a unit more may be granted than now, if the machine stays awake; `null`: no time will bring one. */
  readonly nextFreeInMs: number | null;
}

/** Takes back, counts again, and grants what it may of what is wanted. */
export function draw(records: LedgerRecords, request: Draw): Drawn {
  const { name, limit, reserve, timeoutMs } = request;
  const now = readTime(records, request.machine);
  const ledger = new OpenedLedger(records, name, now);
  for (const [bucketNumber, units] of request.returned) ledger.takeBack(bucketNumber, units);
  const bucketNumber = stampAt(now.awakeMs);
  ledger.count(bucketNumber, request.lateUnits, timeoutMs);
  const grantedUnits = leaseUnits(request.wantedUnits, grantable(ledger.usedUnits, limit - reserve));
  ledger.count(bucketNumber, grantedUnits, timeoutMs);
  ledger.save(limit, reserve);
  writeClock(records, now);
  return {
    grantedUnits,
    bucketNumber,
    goodForMs: endOf(bucketNumber) - now.awakeMs,
    usedUnits: ledger.usedUnits,
    nextFreeInMs: ledger.nextFreeInMs(limit - reserve),
  };
}

/** `false`: there was no ledger of this name. @throws DamagedRecord where its totals are not what its buckets say. */
export function verify(records: LedgerRecords, name: string): boolean {
  const ledger = readLedger(records, name);
  if (ledger === null) return false;
  let units = 0;
  let lastNumber = -1;
  for (const bucket of [...settledOf(records, name, ledger), ...ledger.open]) {
    if (bucket.number <= lastNumber) throw new DamagedRecord(`the buckets of "${name}" are out of order`);
    lastNumber = bucket.number;
    units += bucket.units;
  }
  if (units === ledger.usedUnits) return true;
  throw new DamagedRecord(`"${name}" says that ${ledger.usedUnits} units are used, and its buckets say ${units}`);
}

/** The settled buckets, the next to come free first. */
export function settledOf(records: LedgerRecords, name: string, ledger: LedgerRecord): SettledBucket[] {
  const settled: SettledBucket[] = [];
  for (let index = ledger.firstIndex; index < ledger.nextIndex; index += 1) {
    settled.push(readBucket(records, name, index));
  }
  return settled;
}

/** The ledger's time; nothing is written. */
export function readTime(records: LedgerRecords, machine: MachineTime): Anchor {
  const anchor = readClock(records);
  if (anchor === null && readNames(records).length > 0) throw new DamagedRecord('the record "clock" is missing');
  return advance(anchor, machine);
}

/** A ledger as of `now`, in memory until it is saved, its settled buckets but for those that this transaction changes. */
class OpenedLedger {
  readonly #records: LedgerRecords;
  readonly #name: string;
  readonly #now: Anchor;
  readonly #isNew: boolean;
  #open: readonly OpenBucket[];
  #firstIndex: number;
  #nextIndex: number;
  usedUnits: number;

  constructor(records: LedgerRecords, name: string, now: Anchor) {
    const found = readLedger(records, name);
    this.#records = records;
    this.#name = name;
    this.#now = now;
    this.#isNew = found === null;
    this.#open = found?.open ?? [];
    this.#firstIndex = found?.firstIndex ?? 0;
    this.#nextIndex = found?.nextIndex ?? 0;
    this.usedUnits = found?.usedUnits ?? 0;
    this.#settleOpen();
    this.#expireSettled();
  }

  #settleOpen(): void {
    for (const bucket of this.#open) {
      const settled = settle(bucket, this.#now);
      if (settled === null) return;
      this.#open = this.#open.slice(1);
      if (settled.units === 0) continue;
      writeBucket(this.#records, this.#name, this.#nextIndex, settled);
      this.#nextIndex += 1;
    }
  }

  #expireSettled(): void {
    const nowMs = ledgerMs(this.#now);
    while (this.#firstIndex < this.#nextIndex) {
      const bucket = readBucket(this.#records, this.#name, this.#firstIndex);
      if (bucket.freeAtMs > nowMs) return;
      removeBucket(this.#records, this.#name, this.#firstIndex);
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
      const bucket = readBucket(this.#records, this.#name, index);
      if (bucket.number < bucketNumber) return;
      if (bucket.number > bucketNumber) continue;
      writeBucket(this.#records, this.#name, index, { ...bucket, units: this.#without(bucket.units, units) });
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
    for (let index = this.#firstIndex; index < this.#nextIndex; index += 1) {
      yield readBucket(this.#records, this.#name, index);
    }
    for (const bucket of this.#open) yield asSettled(bucket, this.#now);
  }

  save(limit: number, reserve: number): void {
    writeLedger(this.#records, this.#name, {
      limit,
      reserve,
      usedUnits: this.usedUnits,
      firstIndex: this.#firstIndex,
      nextIndex: this.#nextIndex,
      open: this.#open,
    });
    if (this.#isNew) writeNames(this.#records, [...readNames(this.#records), this.#name]);
  }
}
