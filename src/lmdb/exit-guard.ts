import { isMainThread } from 'node:worker_threads';

/**
 * Keeps the process from hanging when it exits in the middle of an lmdb transaction.
 *
 * lmdb-js runs a transaction in a thread of libuv's pool, which, holding lmdb's lock, waits for the main thread to call
 * back what is to be done. `process.exit` waits for that thread, and calls nothing back any more: the process would hang
 * for good, and with it every other one that uses the same file (tried: 14 of 40 times, at one transaction after another).
 *
 * So a process that exits in the middle of a transaction (a second signal, a caller of the library, an error that nobody
 * catches) is ended by a signal, which lmdb's lock survives and the thread does not.
 */
let pendingCount = 0;
let isInstalled = false;

/** Resolves or rejects as `work` does; until then the process is in the middle of a transaction. */
export async function guardExit<T>(work: Promise<T>): Promise<T> {
  install();
  pendingCount += 1;
  try {
    return await work;
  } finally {
    pendingCount -= 1;
  }
}

/** The signal by which a process ends with the same status, as a shell sees it. */
const signalsByStatus: Readonly<Record<number, NodeJS.Signals>> = { 129: 'SIGHUP', 130: 'SIGINT', 143: 'SIGTERM' };

function install(): void {
  if (isInstalled || !isMainThread) return;
  isInstalled = true;
  process.on('exit', (status) => {
    if (pendingCount === 0) return;
    const signal = signalsByStatus[status] ?? 'SIGKILL';
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    process.abort(); // as process 1 of a container it is spared by its own signals
  });
}
