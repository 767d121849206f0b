import type { AttributeState } from './attribute-state.js';
import { type Freshness, isFresh } from './freshness.js';
import type { RowPrint } from './row-hashes.js';

/**
 * A visitor's record: one entry after another for the attributes that the memory knows of, little-endian.
 *
 * | entry             | bytes | layout                                                                                   |
 * |-------------------|-------|------------------------------------------------------------------------------------------|
 * | known             | 16    | name 4 · kind and set-at minutes 4 · value 8                                             |
 * | known, with echo  | 20    | the same · echo 4                                                                        |
 * | pending           | 28    | name 4 · kind and earlier open rows 4 · value 8 · run 4 · sequence 4 · echo 4            |
 * | contested         | 12    | name 4 · kind 4 · through 4                                                              |
 *
 * The kind is the two highest bits of the second word; 30 bits of minutes since 1970 last until the year 4011. At rest
 * five attributes take 80 bytes, and with key and page overhead about 150 bytes a visitor on disk.
 */

export interface AttributeEntry {
  /** 32 bits of the hash of the attribute's name. */
  readonly name: number;
  readonly state: AttributeState;
}

const kindKnown = 0;
const kindKnownEcho = 1;
const kindPending = 2;
const kindContested = 3;

/** By kind. */
const entryBytes = [16, 20, 28, 12] as const;
const entryBytesMax = 28;

const lowBitsMask = 0x3fffffff;

function kindOf(word: number): 0 | 1 | 2 | 3 {
  const kind = word >>> 30;
  return kind === kindKnown ? 0 : kind === kindKnownEcho ? 1 : kind === kindPending ? 2 : 3;
}

/** Whether every attribute of the row is known, equal and fresh. Allocates nothing: it is asked for every row. */
export function isUnchanged(record: DataView, print: RowPrint, freshness: Freshness): boolean {
  const { attributeCount, names, valueWords, share } = print;
  let offset = 0;
  for (let index = 0; index < attributeCount; index += 1) {
    const found = findEntry(record, names[index] ?? 0, offset);
    if (found < 0) return false;
    const word = record.getUint32(found + 4, true);
    const kind = kindOf(word);
    if (kind !== kindKnown && kind !== kindKnownEcho) return false;
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
  return found < 0 && start > 0 ? findBetween(record, name, 0, start) : found;
}

function findBetween(record: DataView, name: number, start: number, end: number): number {
  let offset = start;
  while (offset < end) {
    if (record.getInt32(offset, true) === name) return offset;
    offset += entryBytes[kindOf(record.getUint32(offset + 4, true))];
  }
  return -1;
}

/** @throws RangeError where the record ends in the middle of an entry: it was not written by this program. */
export function decodeRecord(record: DataView): AttributeEntry[] {
  const entries: AttributeEntry[] = [];
  let offset = 0;
  while (offset < record.byteLength) {
    const word = record.getUint32(offset + 4, true);
    entries.push({ name: record.getInt32(offset, true), state: decodeState(record, offset, word) });
    offset += entryBytes[kindOf(word)];
  }
  return entries;
}

function decodeState(record: DataView, offset: number, word: number): AttributeState {
  const low = word & lowBitsMask;
  const value = () => record.getBigInt64(offset + 8, true);
  switch (kindOf(word)) {
    case kindKnown:
      return { kind: 'known', value: value(), setAtMinutes: low, echo: 0 };
    case kindKnownEcho:
      return { kind: 'known', value: value(), setAtMinutes: low, echo: record.getUint32(offset + 16, true) };
    case kindPending:
      return {
        kind: 'pending',
        value: value(),
        run: record.getUint32(offset + 16, true),
        sequence: record.getUint32(offset + 20, true),
        earlierOpen: low,
        echo: record.getUint32(offset + 24, true),
      };
    case kindContested:
      return { kind: 'contested', through: record.getUint32(offset + 8, true) };
  }
}

let scratch = new DataView(new ArrayBuffer(4096));

/** The bytes of a visitor's record, valid until the next call. */
export function encodeRecord(entries: readonly AttributeEntry[]): Uint8Array {
  const neededBytes = entries.length * entryBytesMax;
  if (neededBytes > scratch.byteLength) scratch = new DataView(new ArrayBuffer(2 * neededBytes));
  let offset = 0;
  for (const { name, state } of entries) offset += encodeEntry(scratch, offset, name, state);
  return new Uint8Array(scratch.buffer, 0, offset);
}

function encodeEntry(view: DataView, offset: number, name: number, state: AttributeState): number {
  const head = (kind: 0 | 1 | 2 | 3, low: number) => {
    view.setInt32(offset, name, true);
    view.setUint32(offset + 4, ((kind << 30) | low) >>> 0, true);
    return entryBytes[kind];
  };
  switch (state.kind) {
    case 'known':
      view.setBigInt64(offset + 8, state.value, true);
      if (state.echo === 0) return head(kindKnown, state.setAtMinutes);
      view.setUint32(offset + 16, state.echo, true);
      return head(kindKnownEcho, state.setAtMinutes);
    case 'pending':
      view.setBigInt64(offset + 8, state.value, true);
      view.setUint32(offset + 16, state.run, true);
      view.setUint32(offset + 20, state.sequence, true);
      view.setUint32(offset + 24, state.echo, true);
      return head(kindPending, state.earlierOpen);
    case 'contested':
      view.setUint32(offset + 8, state.through, true);
      return head(kindContested, 0);
  }
}
