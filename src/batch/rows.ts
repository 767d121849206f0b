import type { RawRow } from './batch.js';
import { ContentFault } from './faults.js';
import type { RowReader, Taken } from './row-reader.js';

function* goodRowsFirst({ rows, fault }: Taken): Generator<readonly RawRow[], void, void> {
  if (rows.length > 0) yield rows;
  if (fault !== null) throw fault;
}

/**
 * The rows in `chunks`, in arrays that are never empty.
 * @throws FileError at what cannot be read on, after the good rows before it; what else `chunks` throws.
 */
export async function* readRows(
  chunks: AsyncIterable<Buffer>,
  reader: RowReader,
): AsyncGenerator<readonly RawRow[], void, void> {
  try {
    for await (const chunk of chunks) yield* goodRowsFirst(await reader.take(chunk));
  } catch (error) {
    if (!(error instanceof ContentFault)) throw error;
    yield* goodRowsFirst(await reader.stop(error));
  }
  yield* goodRowsFirst(await reader.finish());
}
