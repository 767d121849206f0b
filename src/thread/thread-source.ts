import { Worker } from 'node:worker_threads';
import type { Position, Reader, RowSource, Taken } from '../batch/batch.js';
import type { ContentFault } from '../batch/batch-errors.js';
import { FileError } from '../terms/errors.js';
import type { Answer, Ask } from './thread.js';

/** Rows leave the thread as soon as they are made, so that little of what is young outlives a collection: more room would hold more garbage and no more rows. */
const maxYoungGenerationSizeMb = 12;

/** A smaller file is through before a second thread has paid for its start. */
export const ownThreadBytesMin = 1_000_000;

interface Waiting<Packed> {
  resolve(answer: Answer<Packed>): void;
  reject(error: unknown): void;
}

/**
 * Makes rows in a thread of its own, which `program` is (a module that calls `serveRows`, thread.ts); it is handed
 * `request`. Disk and network stay where they are: the thread gets content and gives rows, nothing else.
 * `aheadCount`: how many chunks are with the thread, or wait for their turn, while the rows of another are used. 2 where
 * both are about as quick, so that neither waits for the other; 1 where the thread is quicker: what is made long
 * before it is wanted outlives collections of young garbage.
 */
export function threadSource<Rows, Packed>(
  program: URL,
  request: unknown,
  unpack: (packed: Packed) => Rows,
  aheadCount: 1 | 2,
): RowSource<Rows> {
  const worker = new Worker(program, { workerData: request, resourceLimits: { maxYoungGenerationSizeMb } });
  const waiting: Waiting<Packed>[] = [];
  let fault: unknown = null;
  const fail = (error: unknown) => {
    fault ??= error;
    for (const { reject } of waiting.splice(0)) reject(fault);
  };
  worker.on('message', (answer: Answer<Packed>) => waiting.shift()?.resolve(answer));
  worker.on('error', fail);
  worker.on('exit', (status) => fail(new Error(`the thread that makes rows has ended with ${status}`)));

  const takenFrom = ({ rows, after, fault }: Answer<Packed>): Taken<Rows> => ({
    rows: unpack(rows),
    after,
    fault: fault && new FileError(fault.code, fault.message, fault.lineNumber),
  });
  const ask = (question: Exclude<Ask, { kind: 'begin' }>) =>
    new Promise<Answer<Packed>>((resolve, reject) => {
      waiting.push({ resolve, reject });
      if (fault === null) worker.postMessage(question);
      else fail(fault);
    }).then(takenFrom);

  return {
    readerFrom(from: Position): Reader<Rows> {
      const begin: Ask = { kind: 'begin', from };
      worker.postMessage(begin);
      return {
        aheadCount,
        take: (chunk: Buffer) => ask({ kind: 'take', chunk }),
        finish: () => ask({ kind: 'finish' }),
        stop: ({ code, message }: ContentFault) => ask({ kind: 'stop', code, message }),
      };
    },
    async close() {
      await worker.terminate();
    },
  };
}
