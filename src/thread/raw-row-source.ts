import type { Format, RawRow, RowSource } from '../batch/batch.js';
import { RowReader } from '../batch/row-reader.js';

/** All that says how a file's content becomes raw rows: plain data, which can go to another thread. */
export interface RawRowRequest {
  /** For messages. */
  readonly path: string;
  readonly batch: Pick<Format, 'delimiter' | 'values'>;
}

/** Makes raw rows, without their bytes, in this thread. */
export function rawRowSource({ path, batch }: RawRowRequest): RowSource<readonly RawRow[]> {
  return {
    readerFrom: (from) => new RowReader(path, batch, from, false),
    close: async () => {},
  };
}
