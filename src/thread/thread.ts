import { parentPort, type Transferable, workerData } from 'node:worker_threads';
import type { Position, Reader, RowSource, Taken } from '../batch/batch.js';
import { ContentFault } from '../batch/batch-errors.js';
import type { ErrorCode } from '../terms/codes.js';

/** What the thread that makes rows is asked, and answers each in its turn. */
export type Ask =
  | { readonly kind: 'begin'; readonly from: Position }
  | { readonly kind: 'take'; readonly chunk: Uint8Array }
  | { readonly kind: 'finish' }
  | { readonly kind: 'stop'; readonly code: ContentFault['code']; readonly message: string };

/** To each but `begin`. */
export interface Answer<Packed> {
  readonly rows: Packed;
  readonly after: Position;
  readonly fault: { readonly code: ErrorCode; readonly message: string; readonly lineNumber: number | null } | null;
}

/** Rows in a form that can be sent to another thread, and the parts of it that are moved, not copied. */
export interface Packing<Packed> {
  readonly packed: Packed;
  readonly moved: readonly Transferable[];
}

/**
 * All of a thread that makes rows (thread-source.ts starts it). To copy each row with its own strings would cost as
 * much as to make it: so `pack` makes few long strings of them, which are cut where they arrive.
 */
export function serveRows<Request, Rows, Packed>(
  makeSource: (request: Request) => RowSource<Rows>,
  pack: (rows: Rows) => Packing<Packed>,
): void {
  const source = makeSource(workerData);
  let reader: Reader<Rows> | null = null;
  let last: Promise<void> = Promise.resolve();

  function answerTo(ask: Exclude<Ask, { kind: 'begin' }>): Promise<Taken<Rows>> {
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
    const { packed, moved } = pack(rows);
    const answer: Answer<Packed> = {
      rows: packed,
      after,
      fault: fault && { code: fault.code, message: fault.message, lineNumber: fault.lineNumber },
    };
    parentPort?.postMessage(answer, moved);
  }

  // What goes wrong here is an internal error: nobody catches it, it ends the thread, and thread-source.ts sees that.
  parentPort?.on('message', (ask: Ask) => {
    last = last.then(() => handle(ask));
  });
}
