import { isMainThread } from 'node:worker_threads';
import type { Cancel, Clock } from '../platform/ports.js';

/**
 * Keeps the process from exiting in the midst of an lmdb transaction.
 *
 * lmdb-js runs a transaction in a thread of libuv's pool, which, holding lmdb's lock, waits for the main thread to call
 * back what is to be done. `process.exit` waits for that thread, and calls nothing back any more: the process would hang
 * for good, and with it every other one that uses the same file (tried: 14 of 40 times, at one transaction after another).
 *
 * So whoever ends the process asks `whenExitIsSafe` first. Where nobody asked (a caller of the library exits, or an
 * error is caught by nobody), the process is ended by a signal, which lmdb's lock survives and the thread does not.
 */
let pendingCount = 0;
const waiting = new Set<() => void>();
let isInstalled = false;

/** Hands on what `work` comes to, and counts as unsafe to exit until then. */
export async function guardExit<T>(work: Promise<T>): Promise<T> {
  install();
  pendingCount += 1;
  try {
    return await work;
  } finally {
    pendingCount -= 1;
    if (pendingCount === 0) for (const resolve of waiting) resolve();
  }
}

/** Resolves as soon as the process may exit, after `maxMs` at the latest. */
export function whenExitIsSafe(clock: Clock, maxMs: number): Promise<void> {
  if (pendingCount === 0) return Promise.resolve();
  return new Promise((resolve) => {
    let cancel: Cancel = () => {};
    const finish = () => {
      cancel();
      waiting.delete(finish);
      resolve();
    };
    cancel = clock.schedule(maxMs, finish);
    waiting.add(finish);
  });
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
