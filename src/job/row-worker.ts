import { parentPort, workerData } from 'node:worker_threads';
import { ContentFault } from '../batch/faults.js';
import type { Position, Reader, Taken } from '../batch/open.js';
import { type PackedRows, packRows } from './packed-rows.js';
import { type ReadRow, type RowRequest, rowSource } from './row-source.js';

/** The thread that makes rows (worker-source.ts starts it): answers each question in its turn. */

export type Ask =
  | { readonly kind: 'begin'; readonly from: Position }
  | { readonly kind: 'take'; readonly chunk: Uint8Array }
  | { readonly kind: 'finish' }
  | { readonly kind: 'stop'; readonly code: ContentFault['code']; readonly message: string };

/** To each but `begin`. */
export interface Answer {
  readonly rows: PackedRows;
  readonly after: Position;
  readonly fault: { readonly code: string; readonly message: string; readonly lineNumber: number | null } | null;
}

const source = rowSource(workerData as RowRequest);
let reader: Reader<ReadRow> | null = null;
let last: Promise<void> = Promise.resolve();

function answerTo(ask: Exclude<Ask, { kind: 'begin' }>): Promise<Taken<ReadRow>> {
  if (reader === null) throw new Error('asked for rows before it was said where they begin');
  switch (ask.kind) {
    case 'take':
      return reader.take(Buffer.from(ask.chunk.buffer, ask.chunk.byteOffset, ask.chunk.byteLength));
    case 'finish':
      return reader.finish();
    case 'stop':
      return reader.stop(new ContentFault(ask.code, ask.message));
  }
}

async function handle(ask: Ask): Promise<void> {
  if (ask.kind === 'begin') {
    reader = source.readerFrom(ask.from);
    return;
  }
  const { rows, after, fault } = await answerTo(ask);
  const packed = packRows(rows);
  const answer: Answer = {
    rows: packed,
    after,
    fault: fault && { code: fault.code, message: fault.message, lineNumber: fault.lineNumber },
  };
  parentPort?.postMessage(answer, [packed.places.buffer]);
}

// What goes wrong here is a fault of the program: unheard, it ends the thread, and worker-source.ts hears of it.
parentPort?.on('message', (ask: Ask) => {
  last = last.then(() => handle(ask));
});
