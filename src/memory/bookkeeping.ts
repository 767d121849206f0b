import type { MemoryState, MemoryView, VisitorKey, Written } from './memory-home.js';
import {
  type AttributeState,
  doubted,
  lastSentAtMs,
  marked,
  noToken,
  settled,
  type Token,
} from './record/attribute-state.js';
import type { Freshness } from './record/freshness.js';
import type { RowHashes } from './record/row-hashes.js';
import { type AttributeEntry, decodeRecord, encodeRecord, isUnchanged } from './record/visitor-record.js';

/** The memory's work in its home, as pure functions of what the home holds. */

/** A row to be judged, and to be marked if it must be sent. */
export interface RowToMark {
  readonly hashes: RowHashes;
  readonly token: Token;
  /** Of the same row's mark before this one. */
  readonly earlierToken: Token | null;
  /** `lastSentAtMs` of that mark: what it stands over is not seen any more. */
  readonly earlierSentAtMs: number | null;
  /** Judged unchanged, it is not marked; `false`: it is sent in any case. */
  readonly mayBeUnchanged: boolean;
}

/** A row that Target took. */
export interface RowToSettle {
  readonly hashes: RowHashes;
  readonly token: Token;
  readonly setAtMinutes: number;
  readonly wasOnlyAttempt: boolean;
}

/** Which of `rows` are as the records say; the rows' keys by index. */
export function unchangedRows(view: MemoryView, rows: readonly RowHashes[], freshness: Freshness): boolean[] {
  if (!view.state.isMade) return rows.map(() => false);
  return rows.map((hashes, index) => {
    const record = view.record(index);
    return record !== null && isUnchanged(record, hashes, freshness);
  });
}

/** The records that a transaction changes, each read once and written once, however many rows are its visitor's. */
export class OpenRecords {
  readonly #view: MemoryView;
  readonly #keys: readonly VisitorKey[];
  readonly #open = new Map<number, AttributeEntry[]>();
  readonly #changed = new Set<number>();

  constructor(view: MemoryView, keys: readonly VisitorKey[]) {
    this.#view = view;
    this.#keys = keys;
  }

  settle(index: number, { hashes, token, setAtMinutes, wasOnlyAttempt }: RowToSettle): void {
    hashes.names.forEach((name, at) => {
      const value = valueAt(hashes.valueWords, at);
      this.#change(index, name, (state) => settled(state, token, { value, setAtMinutes, wasOnlyAttempt }));
    });
  }

  mark(index: number, { hashes, token, earlierToken }: RowToMark, untilMs: number): void {
    const nowMs = this.#view.time.ms;
    for (const name of hashes.names) {
      this.#change(index, name, (state) => marked(state, { token, earlierToken, untilMs }, nowMs));
    }
  }

  /** When the visitor's last attempt was made, or may have been, but for the row's own; `null`: none is recorded. */
  lastSentAtMs(index: number, own: Token | null): number | null {
    let lastMs: number | null = null;
    for (const { state } of this.#entries(index)) {
      const sentAtMs = lastSentAtMs(state, own, this.#view.time);
      if (sentAtMs !== null) lastMs = Math.max(lastMs ?? sentAtMs, sentAtMs);
    }
    return lastMs;
  }

  /** Nothing is known of the visitor any more; what may still arrive is reckoned with as before. */
  doubt(index: number): void {
    for (const { name } of this.#entries(index)) this.#change(index, name, doubted);
  }

  /** Whether every attribute of the row is known, equal and fresh, with all changes so far. */
  isUnchanged(index: number, hashes: RowHashes, freshness: Freshness): boolean {
    if (this.#changed.has(index)) {
      const record = encodeRecord(hashes.visitor, this.#entries(index));
      return isUnchanged(new DataView(record.buffer, record.byteOffset, record.length), hashes, freshness);
    }
    const record = this.#view.record(index);
    return record !== null && isUnchanged(record, hashes, freshness);
  }

  written<T>(answer: T, state: MemoryState | null): Written<T> {
    const records = new Map<number, Uint8Array>();
    for (const index of this.#changed) records.set(index, encodeRecord(this.#keyAt(index), this.#entries(index)));
    return { answer, state, records };
  }

  #entries(index: number): AttributeEntry[] {
    let entries = this.#open.get(index);
    if (entries === undefined) {
      const record = this.#view.record(index);
      entries = record === null ? [] : decodeRecord(this.#keyAt(index), record);
      this.#open.set(index, entries);
    }
    return entries;
  }

  #change(index: number, name: number, next: (state: AttributeState) => AttributeState): void {
    const entries = this.#entries(index);
    const at = entries.findIndex((entry) => entry.name === name);
    const before = entries[at]?.state ?? unrecorded(this.#view.state);
    const state = next(before);
    if (state === before) return;
    this.#changed.add(index);
    if (at < 0) entries.push({ name, state });
    else entries[at] = { name, state };
  }

  #keyAt(index: number): VisitorKey {
    const key = this.#keys[index];
    if (key === undefined) throw new RangeError('a record without its key');
    return key;
  }
}

/** An attribute without a record: attempts may be in flight that the memory does not know. */
function unrecorded({ allUntilMs }: MemoryState): AttributeState {
  return { kind: 'uncertain', token: noToken, untilMs: allUntilMs, othersUntilMs: 0 };
}

const words = new Int32Array(2);
const value = new BigInt64Array(words.buffer);

function valueAt(valueWords: readonly number[], at: number): bigint {
  words[0] = valueWords[2 * at] ?? 0;
  words[1] = valueWords[2 * at + 1] ?? 0;
  return value[0] ?? 0n;
}
