import type { Prepared } from '../target/prepare.js';
import type { ReadRow } from './row-source.js';

/**
 * Rows on their way from one thread to another. To copy each row with its own strings costs as much as to make it, so
 * the ids travel as one string and the forms as another, and are cut where they arrive.
 */
export interface PackedRows {
  readonly count: number;
  readonly firstRowNumber: number;
  /** For each row its line, its byte, and where its id and its form end. */
  readonly places: Float64Array<ArrayBuffer>;
  readonly ids: string;
  readonly forms: string;
  /** Rows that are no requests, by their index, in rising order. */
  readonly others: readonly (readonly [number, Prepared])[];
}

const placesPerRow = 4;

/** `rows`: numbered one after the other. */
export function packRows(rows: readonly ReadRow[]): PackedRows {
  const places = new Float64Array(rows.length * placesPerRow);
  const others: [number, Prepared][] = [];
  let ids = '';
  let forms = '';
  for (const [index, { lineNumber, startByte, prepared }] of rows.entries()) {
    if (prepared.kind === 'request') {
      ids += prepared.id;
      forms += prepared.form;
    } else {
      others.push([index, prepared]);
    }
    places.set([lineNumber, startByte, ids.length, forms.length], index * placesPerRow);
  }
  return { count: rows.length, firstRowNumber: rows[0]?.rowNumber ?? 0, places, ids, forms, others };
}

export function unpackRows({ count, firstRowNumber, places, ids, forms, others }: PackedRows): ReadRow[] {
  const rows: ReadRow[] = [];
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
    rows.push({
      rowNumber: firstRowNumber + index,
      lineNumber: places[at] ?? 0,
      startByte: places[at + 1] ?? 0,
      prepared,
    });
    idAt = idEnd;
    formAt = formEnd;
  }
  return rows;
}
