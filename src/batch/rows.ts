import type { Reader, Taken } from './batch.js';
import { ContentFault } from './batch-errors.js';

/**
 * What `reader` makes of `chunks`, in their order; nothing comes after a fault.
 * @throws what `chunks` throws, unless it says where the content breaks off.
 */
export async function* readRows<Rows>(
  chunks: AsyncIterable<Buffer>,
  reader: Reader<Rows>,
): AsyncGenerator<Taken<Rows>, void, void> {
  const asked: Promise<Taken<Rows>>[] = [];
  for await (const ask of asksOf(chunks, reader)) {
    const answer = ask();
    answer.catch(() => {}); // it is looked at in its turn
    asked.push(answer);
    while (asked.length > reader.aheadCount) {
      const taken = await asked.shift();
      if (taken === undefined) break;
      yield taken;
      if (taken.fault !== null) return;
    }
  }
  for (const answer of asked) {
    const taken = await answer;
    yield taken;
    if (taken.fault !== null) return;
  }
}

async function* asksOf<Rows>(
  chunks: AsyncIterable<Buffer>,
  reader: Reader<Rows>,
): AsyncGenerator<() => Promise<Taken<Rows>>, void, void> {
  try {
    for await (const chunk of chunks) yield () => reader.take(chunk);
  } catch (error) {
    if (!(error instanceof ContentFault)) throw error;
    yield () => reader.stop(error);
    return;
  }
  yield () => reader.finish();
}
