import { crc32 } from 'node:zlib';
import type { AttributeState } from './attribute-state.js';
import { type Freshness, isFresh } from './freshness.js';
import type { RowHashes } from './row-hashes.js';

/**
 * A visitor's record, little-endian: version 4 · checksum 4, then one entry for each attribute.
 *
 * | entry             | bytes | layout                                                                             |
 * |-------------------|-------|------------------------------------------------------------------------------------|
 * | known             | 16    | name 4 · kind and set-at minutes 4 · value 8                                       |
 * | known, still open | 20    | the same · open until 4                                                            |
 * | uncertain         | 28    | name 4 · kind 4 · until 4 · others until 4 · token: run 8, sequence 4              |
 *
 * The kind is the two highest bits of the second word; 30 bits of minutes since 1970 last until the year 4011. Times of
 * the home are whole seconds, rounded up: a doubt never ends early. The checksum is CRC-32 over the visitor's key and
 * the entries, so that neither a damaged bit nor a record in another's place is taken for what was known. At rest five
 * attributes take 88 bytes.
 */

export interface AttributeEntry {
  /** 32 bits of the hash of the attribute's name. */
  readonly name: number;
  readonly state: AttributeState;
}

const recordVersion = 1;
const headBytes = 8;

const kindKnown = 0;
const kindKnownOpen = 1;
const kindUncertain = 2;

/** By kind. */
const entryBytes = [16, 20, 28] as const;
const entryBytesMax = 28;

const lowBitsMask = 0x3fffffff;
const secondMs = 1_000;

/** @throws RangeError for an unknown kind. */
function kindOf(word: number): 0 | 1 | 2 {
  const kind = word >>> 30;
  if (kind === kindKnown) return kindKnown;
  if (kind === kindKnownOpen) return kindKnownOpen;
  if (kind === kindUncertain) return kindUncertain;
  throw new RangeError('a record with an entry of an unknown kind');
}

/** @throws RangeError for a record that this version did not write, or that was damaged since. */
function checkRecord(visitor: Uint8Array, record: DataView): void {
  if (record.byteLength < headBytes || record.getUint32(0, true) !== recordVersion) {
    throw new RangeError('a record of another version');
  }
  if (record.getUint32(4, true) !== checksum(visitor, record)) throw new RangeError('a record with a wrong checksum');
}

function checksum(visitor: Uint8Array, record: DataView): number {
  const entries = new Uint8Array(record.buffer, record.byteOffset + headBytes, record.byteLength - headBytes);
  return crc32(entries, crc32(visitor));
}

/**
 * Whether every attribute of the row is known, equal and fresh. Allocates next to nothing: it is asked for every row.
 * @throws RangeError for a damaged record.
 */
export function isUnchanged(record: DataView, row: RowHashes, freshness: Freshness): boolean {
  checkRecord(row.visitor, record);
  const { names, valueWords, share } = row;
  let offset = headBytes;
  for (let index = 0; index < names.length; index += 1) {
    const found = findEntry(record, names[index] ?? 0, offset);
    if (found < 0) return false;
    const word = record.getUint32(found + 4, true);
    const kind = kindOf(word);
    if (kind === kindUncertain) return false;
    if (record.getInt32(found + 8, true) !== valueWords[2 * index]) return false;
    if (record.getInt32(found + 12, true) !== valueWords[2 * index + 1]) return false;
    if (!isFresh(word & lowBitsMask, share, freshness)) return false;
    offset = found + entryBytes[kind];
  }
  return true;
}

/** Where the entry of `name` begins, or -1; looked for from `start` on and then from the beginning. */
function findEntry(record: DataView, name: number, start: number): number {
  const found = findBetween(record, name, start, record.byteLength);
  return found < 0 && start > headBytes ? findBetween(record, name, headBytes, start) : found;
}

function findBetween(record: DataView, name: number, start: number, end: number): number {
  let offset = start;
  while (offset < end) {
    if (record.getInt32(offset, true) === name) return offset;
    offset += entryBytes[kindOf(record.getUint32(offset + 4, true))];
  }
  return -1;
}

/** @throws RangeError for a record that this version did not write, or that was damaged since. */
export function decodeRecord(visitor: Uint8Array, record: DataView): AttributeEntry[] {
  checkRecord(visitor, record);
  const entries: AttributeEntry[] = [];
  let offset = headBytes;
  while (offset < record.byteLength) {
    const word = record.getUint32(offset + 4, true);
    entries.push({ name: record.getInt32(offset, true), state: decodeState(record, offset, word) });
    offset += entryBytes[kindOf(word)];
  }
  return entries;
}

function decodeState(record: DataView, offset: number, word: number): AttributeState {
  const kind = kindOf(word);
  const timeMs = (at: number) => record.getUint32(offset + at, true) * secondMs;
  if (kind === kindUncertain) {
    const token = { run: record.getBigUint64(offset + 16, true), sequence: record.getUint32(offset + 24, true) };
    return { kind: 'uncertain', token, untilMs: timeMs(8), othersUntilMs: timeMs(12) };
  }
  const value = record.getBigInt64(offset + 8, true);
  const openUntilMs = kind === kindKnownOpen ? timeMs(16) : 0;
  return { kind: 'known', value, setAtMinutes: word & lowBitsMask, openUntilMs };
}

/** The bytes of a visitor's record. */
export function encodeRecord(visitor: Uint8Array, entries: readonly AttributeEntry[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(headBytes + entries.length * entryBytesMax);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let offset = headBytes;
  for (const { name, state } of entries) offset += encodeEntry(view, offset, name, state);
  const record = new DataView(bytes.buffer, bytes.byteOffset, offset);
  record.setUint32(0, recordVersion, true);
  record.setUint32(4, checksum(visitor, record), true);
  return bytes.subarray(0, offset);
}

function encodeEntry(view: DataView, offset: number, name: number, state: AttributeState): number {
  const head = (kind: 0 | 1 | 2, low: number) => {
    view.setInt32(offset, name, true);
    view.setUint32(offset + 4, ((kind << 30) | low) >>> 0, true);
    return entryBytes[kind];
  };
  const time = (at: number, ms: number) => view.setUint32(offset + at, Math.ceil(ms / secondMs), true);
  if (state.kind === 'uncertain') {
    time(8, state.untilMs);
    time(12, state.othersUntilMs);
    view.setBigUint64(offset + 16, state.token.run, true);
    view.setUint32(offset + 24, state.token.sequence, true);
    return head(kindUncertain, 0);
  }
  view.setBigInt64(offset + 8, state.value, true);
  if (state.openUntilMs === 0) return head(kindKnown, state.setAtMinutes);
  time(16, state.openUntilMs);
  return head(kindKnownOpen, state.setAtMinutes);
}
