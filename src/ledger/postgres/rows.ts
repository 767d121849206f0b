import type { OpenBucket, SettledBucket } from '../buckets.js';
import type { CommittedDraw, Drawn } from '../ledger-home.js';
import { DamagedRecord, type LedgerRecord } from '../ledger-records.js';
import type { DatabaseClock } from './database-time.js';

/** What the database gives, read as closely as what a stranger would send. Numbers come as text: int8 is larger than a number. */
export type Row = Readonly<Record<string, string | null>>;

/** What one read finds. */
export interface Found {
  /** Of the database, now. */
  readonly nowMs: number;
  readonly server: string;
  readonly timeline: string;
  readonly row: FoundLedger | null;
  readonly lastDraw: CommittedDraw | null;
  readonly buckets: ReadonlyMap<number, SettledBucket>;
}

export interface FoundLedger {
  readonly id: string;
  readonly version: number;
  readonly server: string;
  readonly timeline: string;
  /** `null`: nothing was ever drawn. */
  readonly clock: DatabaseClock | null;
  readonly ledger: LedgerRecord | null;
}

export function readFound(row: Row): Found {
  return {
    nowMs: count(row, 'clock_ms'),
    server: text(row, 'server'),
    timeline: text(row, 'timeline'),
    row: row.id === null || row.id === undefined ? null : readRow(row),
    lastDraw: row.draw_number === null || row.draw_number === undefined ? null : readDraw(row),
    buckets: readBucketList(row.buckets ?? null),
  };
}

function readRow(row: Row): FoundLedger {
  const isUnused = row.used === null;
  return {
    id: text(row, 'id'),
    version: count(row, 'version'),
    server: text(row, 'row_server'),
    timeline: text(row, 'row_timeline'),
    clock: isUnused
      ? null
      : {
          ledgerMs: count(row, 'ledger_ms'),
          countedToMs: count(row, 'counted_to_ms'),
          highMs: count(row, 'high_ms'),
        },
    ledger: isUnused
      ? null
      : {
          limit: count(row, 'cap_limit'),
          reserve: count(row, 'reserve'),
          usedUnits: count(row, 'used'),
          firstIndex: count(row, 'first_index'),
          nextIndex: count(row, 'next_index'),
          open: readOpen(text(row, 'open')),
        },
  };
}

export function writeOpen(open: readonly OpenBucket[]): string {
  return JSON.stringify(open.map(({ number, units, timeoutMs }) => [number, units, timeoutMs]));
}

function readOpen(json: string): OpenBucket[] {
  return list(parse(json, 'open'), 'open').map((entry) => {
    const [number, units, timeoutMs] = list(entry, 'open', 3);
    return { number: whole(number, 'open'), units: whole(units, 'open'), timeoutMs: whole(timeoutMs, 'open') };
  });
}

export function writeBucketList(buckets: ReadonlyMap<number, SettledBucket>): string {
  const entries = [...buckets].map(([index, { number, units, usedAtMs, freeAtMs }]) => {
    return [index, number, units, usedAtMs, freeAtMs];
  });
  return JSON.stringify(entries);
}

export function readBucketList(json: string | null): Map<number, SettledBucket> {
  if (json === null) return new Map();
  return new Map(
    list(parse(json, 'bucket'), 'bucket').map((entry) => {
      const [index, number, units, usedAtMs, freeAtMs] = list(entry, 'bucket', 5).map((one) => whole(one, 'bucket'));
      if (index === undefined || number === undefined || units === undefined) throw new DamagedRecord('bucket');
      if (usedAtMs === undefined || freeAtMs === undefined) throw new DamagedRecord('bucket');
      return [index, { number, units, usedAtMs, freeAtMs }] as const;
    }),
  );
}

export function writeAnswer(drawn: Drawn): string {
  const { grantedUnits, bucketNumber, goodForMs, usedUnits, nextFreeInMs } = drawn;
  return JSON.stringify([grantedUnits, bucketNumber, goodForMs, usedUnits, nextFreeInMs]);
}

function readDraw(row: Row): CommittedDraw {
  const [grantedUnits, bucketNumber, goodForMs, usedUnits, nextFreeInMs] = list(
    parse(text(row, 'draw_answer'), 'draw'),
    'draw',
    5,
  );
  return {
    number: count(row, 'draw_number'),
    answer: {
      grantedUnits: whole(grantedUnits, 'draw'),
      bucketNumber: whole(bucketNumber, 'draw'),
      goodForMs: whole(goodForMs, 'draw'),
      usedUnits: whole(usedUnits, 'draw'),
      nextFreeInMs: nextFreeInMs === null ? null : signed(nextFreeInMs, 'draw'),
    },
  };
}

function parse(json: string, what: string): unknown {
  try {
    const value: unknown = JSON.parse(json);
    return value;
  } catch {
    throw new DamagedRecord(`"${what}" is not JSON`);
  }
}

function list(value: unknown, what: string, length?: number): unknown[] {
  const isIt = Array.isArray(value) && (length === undefined || value.length === length);
  if (!isIt) throw new DamagedRecord(`"${what}" has an invalid format`);
  return value;
}

function signed(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new DamagedRecord(`"${what}" has no number`);
  return value;
}

function whole(value: unknown, what: string): number {
  const number = signed(value, what);
  if (number < 0) throw new DamagedRecord(`"${what}" counts ${number}`);
  return number;
}

/** Up to 15 digits are exact. */
export function count(row: Row, column: string): number {
  const found = text(row, column);
  if (!/^[0-9]{1,15}$/.test(found)) throw new DamagedRecord(`"${column}" is not a count`);
  return Number(found);
}

export function text(row: Row, column: string): string {
  const found = row[column];
  if (typeof found !== 'string') throw new DamagedRecord(`"${column}" is missing`);
  return found;
}
