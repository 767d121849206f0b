import type { RowSource, Taken } from '../../src/batch/open.js';
import { packRows, unpackRows } from '../../src/job/rows/packed-rows.js';
import { type ReadRows, type RowRequest, rowSource } from '../../src/job/rows/row-source.js';

/** Rows made as in a thread of their own, but for the thread: ahead of the loop, and packed on their way to it. */
export function readAhead(request: RowRequest): RowSource<ReadRows> {
  const source = rowSource(structuredClone(request));
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (make: () => Promise<Taken<ReadRows>>): Promise<Taken<ReadRows>> => {
    const made = last.then(make).then(({ rows, after, fault }) => {
      return { rows: unpackRows(structuredClone(packRows(rows))), after, fault };
    });
    last = made;
    return made;
  };
  return {
    readerFrom(from) {
      const reader = source.readerFrom(from);
      return {
        aheadCount: 1,
        take: (chunk) => inTurn(() => reader.take(chunk)),
        finish: () => inTurn(() => reader.finish()),
        stop: (fault) => inTurn(() => reader.stop(fault)),
      };
    },
    close: () => source.close(),
  };
}
