import { type AttributeState, type Marker, marked, type Submitted, settled } from './attribute-state.js';
import type { Company } from './run-registry.js';
import type { Records } from './store.js';
import { type AttributeEntry, decodeRecord, encodeRecord } from './visitor-record.js';

/** A visitor's attributes with their values, by the hashes that the memory knows them by. */
export interface PrintedRow {
  /** The key of the visitor's record. */
  readonly visitor: Uint8Array;
  readonly names: readonly number[];
  readonly values: readonly bigint[];
}

/** The row is to be sent: all of its attributes are marked. `record` is the visitor's, as just read. */
export function markRow(
  records: Records,
  record: DataView | null,
  row: PrintedRow,
  marker: Marker,
  company: Company,
): void {
  const entries = record === null ? [] : decodeRecord(record);
  row.names.forEach((name, index) => {
    const value = row.values[index] ?? 0n;
    change(entries, name, company, (state) => marked(state, value, marker, company.presence));
  });
  records.put(row.visitor, encodeRecord(entries));
}

/** The row was taken by Target: each of its attributes is known again, unless there is a doubt. */
export function settleRow(
  records: Records,
  row: PrintedRow,
  marker: Marker,
  submitted: Omit<Submitted, 'value'>,
  company: Company,
): void {
  const record = records.get(row.visitor);
  if (record === null) return; // forgotten meanwhile
  const entries = decodeRecord(record);
  row.names.forEach((name, index) => {
    const value = row.values[index] ?? 0n;
    change(entries, name, company, (state) => settled(state, marker, { ...submitted, value }));
  });
  records.put(row.visitor, encodeRecord(entries));
}

function change(
  entries: AttributeEntry[],
  name: number,
  { forgottenThrough }: Company,
  next: (state: AttributeState) => AttributeState,
): void {
  const index = entries.findIndex((entry) => entry.name === name);
  const state = entries[index]?.state ?? { kind: 'contested', through: forgottenThrough };
  const entry = { name, state: next(state) };
  if (index < 0) entries.push(entry);
  else entries[index] = entry;
}
