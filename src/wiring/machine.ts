import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { systemLookUp } from '../endpoint/look-up.js';
import { unpackRows } from '../job/rows/packed-rows.js';
import { rowSource } from '../job/rows/row-source.js';
import { capOfRoute } from '../job/terms/cap-of-route.js';
import type { Machine } from '../job/terms/machine.js';
import { capView } from '../ledger/status.js';
import { systemBootClock, systemClock, systemRandom } from '../platform/clock.js';
import { realDisk } from '../platform/disk.js';
import { systemProcessProbe } from '../platform/process-probe.js';
import { findHome, openHome, trialHome } from '../state/open-home.js';
import { forgetMemoryOf, openMemoryOf } from '../state/open-memory.js';
import { makeTransport } from '../target-api/client.js';
import { ownThreadBytesMin, threadSource } from '../thread/thread-source.js';

/** The machine that the program runs on. What it opens is closed by its caller. */
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
      : threadSource(new URL('../job/rows/row-thread.js', import.meta.url), request, unpackRows, 1),
  lookUp: systemLookUp,
  openTransport: (destination, options) =>
    makeTransport({
      destination,
      lookUp: systemLookUp,
      environment: process.env,
      connections: options.concurrency,
      connectTimeoutMs: options.timeoutMs,
      clock: systemClock,
    }),
  openLedger: async (options) => (options.sandbox ? trialHome() : openHome(options)),
  async lookAtCap(options, isLoopback) {
    const home = options.sandbox ? null : await findHome(options);
    try {
      const cap = capOfRoute(options, options.route);
      return await capView(home, { clientCode: options.clientCode, isLoopback, ...cap });
    } finally {
      await home?.close();
    }
  },
  async openMemory({ options, origin, isLoopback, runId, signal, onAway }) {
    const { changedOnly, refreshAfterDays, timeoutMs, giveUpMs, sandbox } = options;
    if (sandbox) return null;
    // A plain run changes what a memory believes: it keeps it true, also one that is made while it runs.
    const run = { skipUnchanged: changedOnly, refreshAfterDays, runId, timeoutMs };
    return openMemoryOf({ ...options, origin, isLoopback }, run, { giveUpMs, signal, onAway });
  },
  async forgetMemory({ options, origin, isLoopback, signal, onAway }) {
    const { giveUpMs, sandbox } = options;
    if (!sandbox) await forgetMemoryOf({ ...options, origin, isLoopback }, { giveUpMs, signal, onAway });
  },
  newRunId: () => randomUUID(),
};
