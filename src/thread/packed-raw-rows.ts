import type { RawRow } from '../batch/batch.js';

/** Raw rows, without their bytes, on their way from one thread to another: all cells in one string. */
export interface PackedRawRows {
  readonly count: number;
  readonly firstRowNumber: number;
  /** For each row its line, where its bytes begin and end, how many cells there are up to its last, and its classes. */
  readonly places: Float64Array<ArrayBuffer>;
  readonly cellEnds: Uint32Array<ArrayBuffer>;
  readonly text: string;
  /** Rows whose bytes are not UTF-8, by their index, in rising order. */
  readonly notUtf8: readonly number[];
}

const placesPerRow = 5;

/** `rows`: numbered one after the other. */
export function packRawRows(rows: readonly RawRow[]): PackedRawRows {
  const places = new Float64Array(rows.length * placesPerRow);
  const cellEnds: number[] = [];
  const notUtf8: number[] = [];
  let text = '';
  let index = 0;
  for (const { lineNumber, startByte, endByte, cells, isUtf8, classes } of rows) {
    for (const cell of cells) {
      text += cell;
      cellEnds.push(text.length);
    }
    if (!isUtf8) notUtf8.push(index);
    const at = index * placesPerRow;
    places[at] = lineNumber;
    places[at + 1] = startByte;
    places[at + 2] = endByte;
    places[at + 3] = cellEnds.length;
    places[at + 4] = classes;
    index += 1;
  }
  const firstRowNumber = rows[0]?.rowNumber ?? 0;
  return { count: rows.length, firstRowNumber, places, cellEnds: Uint32Array.from(cellEnds), text, notUtf8 };
}

export function unpackRawRows(packed: PackedRawRows): RawRow[] {
  const { count, firstRowNumber, places, cellEnds, text } = packed;
  const notUtf8 = new Set(packed.notUtf8);
  const rows: RawRow[] = [];
  let cellAt = 0;
  let textAt = 0;
  for (let index = 0; index < count; index += 1) {
    const at = index * placesPerRow;
    const cellsEnd = places[at + 3] ?? 0;
    const cells: string[] = [];
    for (; cellAt < cellsEnd; cellAt += 1) {
      const end = cellEnds[cellAt] ?? 0;
      cells.push(text.slice(textAt, end));
      textAt = end;
    }
    rows.push({
      rowNumber: firstRowNumber + index,
      lineNumber: places[at] ?? 0,
      startByte: places[at + 1] ?? 0,
      endByte: places[at + 2] ?? 0,
      cells,
      isUtf8: !notUtf8.has(index),
      classes: places[at + 4] ?? 0,
      bytes: null,
    });
  }
  return rows;
}
