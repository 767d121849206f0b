import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { ownThreadBytesMin, threadSource } from '../batch/thread-source.js';
import { systemBootClock, systemClock, systemRandom } from '../clock.js';
import { realDisk } from '../disk.js';
import { forgetMemory, memoryExists, openMemory } from '../memory/memory.js';
import { findLedgerStore, openLedgerStore } from '../pacing/lmdb-store.js';
import { memoryLedgerStore } from '../pacing/memory-store.js';
import { capView } from '../pacing/status.js';
import { systemProcessProbe } from '../process-probe.js';
import { makeTransport } from '../target/client.js';
import type { Machine } from './machine.js';
import { unpackRows } from './packed-rows.js';
import { rowSource } from './row-source.js';

/** The machine that the program runs on. What it opens is closed by whoever asked for it. */
export const realMachine: Machine = {
  clock: systemClock,
  bootClock: systemBootClock,
  random: systemRandom,
  disk: realDisk,
  processProbe: systemProcessProbe,
  input: (signal) => (signal === undefined ? process.stdin : addAbortSignal(signal, process.stdin)),
  readTextFile: (path) => readFile(path, 'utf8'),
  openRowSource: (request, sizeBytes) =>
    sizeBytes < ownThreadBytesMin
      ? rowSource(request)
      : threadSource(new URL('./row-thread.js', import.meta.url), request, unpackRows, 1),
  openTransport: (origin, options) =>
    makeTransport({
      origin,
      connections: options.concurrency,
      useProxy: !options.sandbox,
      connectTimeoutMs: options.timeoutMs,
      clock: systemClock,
    }),
  // A trial costs nothing of any cap that is kept.
  openLedger: async (options) => (options.sandbox ? memoryLedgerStore() : openLedgerStore(options.stateDir)),
  async lookAtCap(options, isLoopback) {
    const { clientCode, dailyCap, reserve } = options;
    const store = options.sandbox ? null : await findLedgerStore(options.stateDir);
    try {
      return await capView(store, systemClock, systemBootClock, { clientCode, isLoopback, limit: dailyCap, reserve });
    } finally {
      await store?.close();
    }
  },
  async openMemory({ options, isLoopback, runId, jobKey }) {
    const { stateDir, clientCode, changedOnly } = options;
    if (options.sandbox) return null;
    // A plain run changes what a memory believes: where there is one, it is kept true.
    if (!changedOnly && !(await memoryExists(stateDir, clientCode, isLoopback))) return null;
    return openMemory({
      stateDir,
      clientCode,
      isLoopback,
      skipUnchanged: changedOnly,
      refreshAfterDays: options.refreshAfterDays,
      runId,
      jobKey,
      clock: systemClock,
      timeoutMs: options.timeoutMs,
    });
  },
  async forgetMemory({ stateDir, clientCode, sandbox }, isLoopback) {
    if (!sandbox) await forgetMemory(stateDir, clientCode, isLoopback);
  },
  newRunId: () => randomUUID(),
};
