import { Worker } from 'node:worker_threads';
import type { ContentFault } from '../batch/faults.js';
import type { Position, Reader, Taken } from '../batch/open.js';
import { FileError } from '../errors.js';
import { unpackRows } from './packed-rows.js';
import type { ReadRow, RowRequest, RowSource } from './row-source.js';
import type { Answer, Ask } from './row-worker.js';

/** So many chunks wait for the thread, or for the loop: enough that neither waits for the other. */
const aheadCount = 2;

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/**
 * Makes rows in a thread of its own: of all that a row costs, cutting and encoding it is what the thread that sends can
 * be spared. Disk and network stay where they are; the thread gets content and gives rows, nothing else.
 */
export function workerSource(request: RowRequest): RowSource {
  const worker = new Worker(new URL('./row-worker.js', import.meta.url), { workerData: request });
  const waiting: Waiting[] = [];
  let fault: unknown = null;
  const fail = (error: unknown) => {
    fault ??= error;
    for (const { reject } of waiting.splice(0)) reject(fault);
  };
  worker.on('message', (answer: Answer) => waiting.shift()?.resolve(answer));
  worker.on('error', fail);
  worker.on('exit', (status) => fail(new Error(`the thread that makes rows has ended with ${status}`)));

  const ask = (question: Exclude<Ask, { kind: 'begin' }>) =>
    new Promise<Answer>((resolve, reject) => {
      waiting.push({ resolve, reject });
      if (fault === null) worker.postMessage(question);
      else fail(fault);
    }).then(takenFrom);

  return {
    readerFrom(from: Position): Reader<ReadRow> {
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

function takenFrom({ rows, after, fault }: Answer): Taken<ReadRow> {
  return {
    rows: unpackRows(rows),
    after,
    fault: fault && new FileError(fault.code, fault.message, fault.lineNumber),
  };
}
