import type { Format, Position, RawRow, Reader, RowSource, Taken } from '../../batch/open.js';
import { RowReader } from '../../batch/row-reader.js';
import type { MarkedRow } from '../../hints/hint-tally.js';
import { Marker } from '../../hints/marker.js';
import type { Columns } from '../../target-api/columns.js';
import { makePreparer, type Prepared, type PrepareOptions, type Preparer } from '../../target-api/prepare.js';

/** A data row as the loop takes it: where it stands in FILE, and what it comes to. */
export interface ReadRow {
  readonly rowNumber: number;
  readonly lineNumber: number;
  readonly startByte: number;
  readonly prepared: Prepared;
  /** What a hint speaks of (hints/marker.ts). */
  readonly marks: number;
  readonly details: number;
}

/** Data rows in their order; those that came packed are made again each time they are iterated. */
export interface ReadRows extends Iterable<ReadRow> {
  readonly length: number;
  /** Those that a hint may speak of, and the last one: without what they come to, which costs more to make. */
  marked(): Iterable<MarkedRow>;
}

/** All that says how a file's content becomes rows: plain data, which can go to another thread. */
export interface RowRequest {
  /** For messages. */
  readonly path: string;
  readonly batch: Pick<Format, 'delimiter' | 'values'>;
  readonly columns: Columns;
  readonly prepare: PrepareOptions;
}

/** Makes rows in this thread. */
export function rowSource(request: RowRequest): RowSource<ReadRows> {
  return {
    readerFrom: (from) => new PreparingReader(request, from),
    close: async () => {},
  };
}

class PreparingReader implements Reader<ReadRows> {
  readonly aheadCount = 0;
  readonly #reader: Reader<readonly RawRow[]>;
  readonly #prepare: Preparer;
  readonly #marker: Marker;

  constructor({ path, batch, columns, prepare }: RowRequest, from: Position) {
    this.#reader = new RowReader(path, batch, from, false);
    this.#prepare = makePreparer(columns, prepare);
    this.#marker = new Marker(columns, { ...prepare, delimiter: batch.delimiter });
  }

  async take(chunk: Buffer): Promise<Taken<ReadRows>> {
    return this.#prepared(await this.#reader.take(chunk));
  }

  async finish(): Promise<Taken<ReadRows>> {
    return this.#prepared(await this.#reader.finish());
  }

  async stop(fault: Parameters<Reader<readonly RawRow[]>['stop']>[0]): Promise<Taken<ReadRows>> {
    return this.#prepared(await this.#reader.stop(fault));
  }

  #prepared({ rows, after, fault }: Taken<readonly RawRow[]>): Taken<ReadRows> {
    const read = rows.map((row): ReadRow => {
      const prepared = this.#prepare(row.cells, row.isUtf8);
      const marks = this.#marker.look(row, prepared.id);
      const { rowNumber, lineNumber, startByte } = row;
      return { rowNumber, lineNumber, startByte, prepared, marks, details: this.#marker.details };
    });
    return { rows: Object.assign(read, { marked: () => read }), after, fault };
  }
}
