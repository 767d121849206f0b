import type { DatabaseClock } from '../../ledger/postgres/database-time.js';
import { count, type Row, text } from '../../ledger/postgres/rows.js';
import type { MemoryState, VisitorKey } from '../memory-home.js';

/** What the database gives of a memory, read as closely as what a stranger would send. */

export interface FoundMemory {
  readonly id: string;
  readonly version: number;
  readonly server: string;
  readonly timeline: string;
  readonly number: number;
  /** `null`: the secret of the hashes is in a file of the user's. */
  readonly secret: Uint8Array | null;
  /** Of the secret that the hashes were made with; `null`: there are none yet, or none any more. */
  readonly keyCheck: string | null;
  /** `null`: nothing was ever written. */
  readonly clock: DatabaseClock | null;
  readonly state: MemoryState;
}

/** `null`: the memory does not exist. @throws DamagedRecord */
export function readMemory(row: Row): FoundMemory | null {
  if (row.id === null || row.id === undefined) return null;
  return {
    id: row.id,
    version: count(row, 'version'),
    server: text(row, 'row_server'),
    timeline: text(row, 'row_timeline'),
    number: count(row, 'number'),
    secret: typeof row.secret === 'string' ? Buffer.from(row.secret, 'hex') : null,
    keyCheck: row.key_check ?? null,
    clock:
      row.home_ms === null
        ? null
        : {
            ledgerMs: count(row, 'home_ms'),
            countedToMs: count(row, 'counted_to_ms'),
            highMs: count(row, 'high_ms'),
          },
    state: {
      isMade: text(row, 'is_made') === 'true',
      allUntilMs: count(row, 'all_until_ms'),
      latestUntilMs: count(row, 'latest_until_ms'),
    },
  };
}

/** The records of a read by the indexes of its keys: hexadecimal digits, or nothing if there is no record. */
export function readRecords(row: Row): (index: number) => DataView | null {
  const digits = row.records?.split(',') ?? [];
  return (index) => {
    const found = digits[index] ?? '';
    if (found === '') return null;
    const bytes = Buffer.from(found, 'hex');
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  };
}

/** An array of `bytea`, as PostgreSQL reads one. */
export function byteArrays(all: readonly Uint8Array[]): string {
  return `{${all.map((bytes) => `"\\\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}"`).join(',')}}`;
}

/** In the order of the table's index: each page is touched once, and two writers never wait for each other in a circle. */
export function inKeyOrder(keys: readonly VisitorKey[], records: ReadonlyMap<number, Uint8Array>) {
  return [...records]
    .map(([index, record]) => ({ key: keys[index] ?? missingKey(), record }))
    .sort((one, other) => Buffer.compare(one.key, other.key));
}

function missingKey(): never {
  throw new RangeError('a record without its key');
}
