import type { MarkedRow } from '../../hints/hint-tally.js';
import type { Prepared } from '../../target-api/prepare.js';
import type { ReadRow, ReadRows } from './row-source.js';

/**
 * Rows on their way from one thread to another. To copy each row with its own strings costs as much as to make it, so
 * the ids travel as one string and the forms as another, and are cut where they arrive.
 */
export interface PackedRows {
  readonly count: number;
  readonly firstRowNumber: number;
  /** For each row its line, its byte, where its id and its form end, its marks and what else hints want to know. */
  readonly places: Float64Array<ArrayBuffer>;
  readonly ids: string;
  readonly forms: string;
  /** Rows that are not requests, by their index, in rising order. */
  readonly others: readonly (readonly [number, Prepared])[];
}

const placesPerRow = 6;

/** `rows`: numbered one after the other. */
export function packRows(rows: Iterable<ReadRow> & { readonly length: number }): PackedRows {
  const places = new Float64Array(rows.length * placesPerRow);
  const others: [number, Prepared][] = [];
  let ids = '';
  let forms = '';
  let firstRowNumber = 0;
  let index = 0;
  for (const { rowNumber, lineNumber, startByte, prepared, marks, details } of rows) {
    if (index === 0) firstRowNumber = rowNumber;
    if (prepared.kind === 'request') {
      ids += prepared.id;
      forms += prepared.form;
    } else {
      others.push([index, prepared]);
    }
    places.set([lineNumber, startByte, ids.length, forms.length, marks, details], index * placesPerRow);
    index += 1;
  }
  return { count: rows.length, firstRowNumber, places, ids, forms, others };
}

/**
 * Each row is made when it is its turn: rows that wait for theirs, some 400 in a block, would outlive collections of
 * young garbage.
 */
export function unpackRows(packed: PackedRows): ReadRows {
  return {
    length: packed.count,
    [Symbol.iterator]: () => unpacked(packed),
    marked: () => markedRows(packed),
  };
}

function* markedRows({ count, firstRowNumber, places }: PackedRows): Generator<MarkedRow, void, void> {
  for (let index = 0; index < count; index += 1) {
    const at = index * placesPerRow;
    const marks = places[at + 4] ?? 0;
    const details = places[at + 5] ?? 0;
    if (marks === 0 && details === 0 && index + 1 < count) continue;
    yield { rowNumber: firstRowNumber + index, lineNumber: places[at] ?? 0, marks, details };
  }
}

function* unpacked({ count, firstRowNumber, places, ids, forms, others }: PackedRows): Generator<ReadRow, void, void> {
  let otherAt = 0;
  let idAt = 0;
  let formAt = 0;
  for (let index = 0; index < count; index += 1) {
    const at = index * placesPerRow;
    const idEnd = places[at + 2] ?? 0;
    const formEnd = places[at + 3] ?? 0;
    const other = others[otherAt];
    let prepared: Prepared;
    if (other?.[0] === index) {
      prepared = other[1];
      otherAt += 1;
    } else {
      prepared = { kind: 'request', id: ids.slice(idAt, idEnd), form: forms.slice(formAt, formEnd) };
    }
    yield {
      rowNumber: firstRowNumber + index,
      lineNumber: places[at] ?? 0,
      startByte: places[at + 1] ?? 0,
      prepared,
      marks: places[at + 4] ?? 0,
      details: places[at + 5] ?? 0,
    };
    idAt = idEnd;
    formAt = formEnd;
  }
}
