import type { LedgerRecords } from '../platform/ports.js';
import type { OpenBucket, SettledBucket } from './buckets.js';
import type { Anchor } from './ledger-time.js';

/**
 * The ledger as text under keys. What is read is looked at as closely as what a stranger would send: a ledger that is
 * misread breaks the cap.
 *
 *   format                 what wrote all this
 *   clock                  the ledger's time, and the machine's at the same instant
 *   moved                  where all of it went, once it is not used here any more
 *   ledgers                the names of all ledgers: `real/<client code>`, `loopback/<client code>`, `real-fetch/<client code>`, `real-delivery/<client code>` (in a shared state with `@<machine>`)
 *   ledger <name>          its totals and open buckets
 *   bucket <name> <index>  a settled bucket; indices run on from `firstIndex`, the next to come free, to `nextIndex`
 *   written                how many transactions have written, and the used units of each ledger after the last of them
 */
export interface LedgerRecord {
  /** --daily-cap and --reserve as the last run gave them: for people. */
  readonly limit: number;
  readonly reserve: number;
  /** The units of all its buckets, open and settled. */
  readonly usedUnits: number;
  readonly firstIndex: number;
  readonly nextIndex: number;
  readonly open: readonly OpenBucket[];
}

/** What was found instead of a record that this program writes. */
export class DamagedRecord extends Error {}
/** Whole, but of another version of the program. */
export class ForeignRecord extends Error {}

export const format = 2;

/** What a ledger counts: each has a cap of its own. */
export type LedgerKind = 'update' | 'fetch' | 'delivery';

const namedKinds: readonly LedgerKind[] = ['fetch', 'delivery'];

export function ledgerName(clientCode: string, isLoopback: boolean, kind: LedgerKind = 'update'): string {
  return `${isLoopback ? 'loopback' : 'real'}${kind === 'update' ? '' : `-${kind}`}/${clientCode.toLowerCase()}`;
}

export interface LedgerParts {
  readonly clientCode: string;
  readonly isLoopback: boolean;
  readonly kind: LedgerKind;
}

export function partsOfName(name: string): LedgerParts {
  const slash = name.indexOf('/');
  const [clientCode = ''] = name.slice(slash + 1).split('@');
  const [place, kindName] = name.slice(0, slash).split('-');
  const kind = namedKinds.find((one) => one === kindName) ?? 'update';
  return { clientCode, isLoopback: place === 'loopback', kind };
}

/** `false`: there is none yet, and so no ledger. */
export function checkFormat(records: LedgerRecords): boolean {
  const found = read(records, 'format');
  if (found === null) return false;
  if (found !== format) throw new ForeignRecord(`format ${JSON.stringify(found)} instead of ${format}`);
  return true;
}

export function writeFormat(records: LedgerRecords): void {
  write(records, 'format', format);
}

export function readClock(records: LedgerRecords): Anchor | null {
  const found = read(records, 'clock');
  if (found === null) return null;
  const [awakeMs, asleepMs, wallHighMs, wallMs, monotonicMs, uptimeMs, timeBase] = asList(found, 'clock', 7);
  return {
    awakeMs: asNumber(awakeMs, 'clock'),
    asleepMs: asNumber(asleepMs, 'clock'),
    wallHighMs: asNumber(wallHighMs, 'clock'),
    machine: {
      wallMs: asNumber(wallMs, 'clock'),
      monotonicMs: asNumber(monotonicMs, 'clock'),
      uptimeMs: asNumber(uptimeMs, 'clock'),
      timeBase: asText(timeBase, 'clock'),
    },
  };
}

export function writeClock(records: LedgerRecords, { awakeMs, asleepMs, wallHighMs, machine }: Anchor): void {
  const { wallMs, monotonicMs, uptimeMs, timeBase } = machine;
  write(records, 'clock', [awakeMs, asleepMs, wallHighMs, wallMs, monotonicMs, uptimeMs, timeBase]);
}

/** Where the ledgers of a folder went. From then on the folder is not used. */
export interface MovedRecord {
  /** Names this copy: it is added once. A UUID. */
  readonly source: string;
  /** Host and database. */
  readonly to: string;
}

export function readMoved(records: LedgerRecords): MovedRecord | null {
  const found = read(records, 'moved');
  if (found === null) return null;
  const [source, to] = asList(found, 'moved', 2);
  return { source: asText(source, 'moved'), to: asText(to, 'moved') };
}

export function writeMoved(records: LedgerRecords, { source, to }: MovedRecord): void {
  write(records, 'moved', [source, to]);
}

export function readNames(records: LedgerRecords): string[] {
  const found = read(records, 'ledgers');
  if (found === null) return [];
  return asList(found, 'ledgers').map((name) => asText(name, 'ledgers'));
}

export function writeNames(records: LedgerRecords, names: readonly string[]): void {
  write(records, 'ledgers', names);
}

export function readLedger(records: LedgerRecords, name: string): LedgerRecord | null {
  const key = `ledger ${name}`;
  const found = read(records, key);
  if (found === null) return null;
  const [limit, reserve, usedUnits, firstIndex, nextIndex, open] = asList(found, key, 6);
  return {
    limit: asNumber(limit, key),
    reserve: asNumber(reserve, key),
    usedUnits: asCount(usedUnits, key),
    firstIndex: asCount(firstIndex, key),
    nextIndex: asCount(nextIndex, key),
    open: asList(open, key).map((bucket) => {
      const [number, units, timeoutMs] = asList(bucket, key, 3);
      return { number: asCount(number, key), units: asCount(units, key), timeoutMs: asNumber(timeoutMs, key) };
    }),
  };
}

export function writeLedger(records: LedgerRecords, name: string, ledger: LedgerRecord): void {
  const { limit, reserve, usedUnits, firstIndex, nextIndex } = ledger;
  const open = ledger.open.map(({ number, units, timeoutMs }) => [number, units, timeoutMs]);
  write(records, `ledger ${name}`, [limit, reserve, usedUnits, firstIndex, nextIndex, open]);
}

/** A store as it was written last. */
export interface Written {
  /** Raised by each transaction that writes. */
  readonly version: number;
  /** By the name of the ledger. */
  readonly used: Readonly<Record<string, number>>;
}

export function readWritten(records: LedgerRecords): Written {
  const found = read(records, 'written');
  if (found === null) return { version: 0, used: {} };
  return asWritten(found, 'written');
}

export function writeWritten(records: LedgerRecords, { version, used }: Written): void {
  write(records, 'written', [version, Object.entries(used)]);
}

/** `key`: where it was found. @throws DamagedRecord */
export function asWritten(value: unknown, key: string): Written {
  const [version, used] = asList(value, key, 2);
  const units = asList(used, key).map((entry) => {
    const [name, count] = asList(entry, key, 2);
    return [asText(name, key), asCount(count, key)] as const;
  });
  return { version: asCount(version, key), used: Object.fromEntries(units) };
}

/** Where the ledger says that there is a bucket, there has to be one. */
export function readBucket(records: LedgerRecords, name: string, index: number): SettledBucket {
  const key = bucketKey(name, index);
  const [number, units, usedAtMs, freeAtMs] = asList(read(records, key), key, 4);
  return {
    number: asCount(number, key),
    units: asCount(units, key),
    usedAtMs: asNumber(usedAtMs, key),
    freeAtMs: asNumber(freeAtMs, key),
  };
}

export function writeBucket(records: LedgerRecords, name: string, index: number, bucket: SettledBucket): void {
  const { number, units, usedAtMs, freeAtMs } = bucket;
  write(records, bucketKey(name, index), [number, units, usedAtMs, freeAtMs]);
}

export function removeBucket(records: LedgerRecords, name: string, index: number): void {
  records.remove(bucketKey(name, index));
}

function bucketKey(name: string, index: number): string {
  return `bucket ${name} ${index}`;
}

/** The ledger whose totals stand under `key`; `null`: none's. */
export function ledgerOfKey(key: string): string | null {
  return key.startsWith('ledger ') ? key.slice('ledger '.length) : null;
}

function write(records: LedgerRecords, key: string, value: unknown): void {
  records.put(key, JSON.stringify(value));
}

/** `null`: there is no such record. */
function read(records: LedgerRecords, key: string): unknown {
  const text = records.get(key);
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    throw new DamagedRecord(`the record "${key}" is not JSON`);
  }
}

function asList(value: unknown, key: string, length?: number): unknown[] {
  const isIt = Array.isArray(value) && (length === undefined || value.length === length);
  if (!isIt) throw new DamagedRecord(`the record "${key}" has an invalid format`);
  return value;
}

function asNumber(value: unknown, key: string): number {
  if (typeof value !== 'number') throw new DamagedRecord(`the record "${key}" has a value that is not a number`);
  return value;
}

function asCount(value: unknown, key: string): number {
  const count = asNumber(value, key);
  if (!Number.isSafeInteger(count) || count < 0) throw new DamagedRecord(`the record "${key}" counts ${count}`);
  return count;
}

function asText(value: unknown, key: string): string {
  if (typeof value !== 'string') throw new DamagedRecord(`the record "${key}" has a value that is not a text`);
  return value;
}
