import type { Machine } from '../job/terms/machine.js';
import type { LedgerHome } from '../ledger/ledger-home.js';
import type { Memory } from '../memory/memory.js';
import type { Transport } from '../platform/ports.js';

/** A machine whose ledger, memory and connections stay open from one file to the next. */
export interface KeptOpen {
  readonly machine: Machine;
  /** Closes what is open; the next file opens it again. */
  close(): Promise<void>;
}

/** The memory of one origin. */
interface KeptMemory {
  readonly of: string;
  readonly memory: Memory;
}

/**
 * For files that are sent one after the other, with the same options: opening the ledger, the memory and a connection
 * takes longer than sending a small file. Before a wait for files it is closed, so that nothing is held without need.
 *
 * Invariants: at the end of each file the memory has written what it knows of it; a memory that could not is closed,
 * and the next file opens another one. A memory that is to be forgotten is not open.
 */
export function keepOpen(machine: Machine): KeptOpen {
  let ledger: LedgerHome | null = null;
  let transport: Transport | null = null;
  let kept: KeptMemory | null = null;
  const closeMemory = async () => {
    const open = kept;
    kept = null;
    await open?.memory.close();
  };
  return {
    machine: {
      ...machine,
      async openLedger(options) {
        const home = ledger ?? (await machine.openLedger(options));
        ledger = home;
        return {
          place: home.place,
          grantMinMs: home.grantMinMs,
          nextDrawNumber: () => home.nextDrawNumber(),
          nameOf: (clientCode, isLoopback) => home.nameOf(clientCode, isLoopback),
          names: () => home.names(),
          transact: (name, work) => home.transact(name, work),
          read: (name, look) => home.read(name, look),
          close: async () => {},
        };
      },
      async openTransport(destination, options) {
        const opened = transport ?? (await machine.openTransport(destination, options));
        transport = opened;
        return {
          send: (outgoing, sender) => opened.send(outgoing, sender),
          abortAll: () => opened.abortAll(),
          close: async () => {},
        };
      },
      async openMemory(request) {
        const of = `${request.origin} ${request.isLoopback}`; // a name may lead to another address by now
        if (kept?.of !== of) await closeMemory();
        const memory = kept?.memory ?? (await machine.openMemory(request));
        if (memory === null) return null;
        kept = { of, memory };
        return {
          examine: (rows) => memory.examine(rows),
          mayLeave: (mark, now) => memory.mayLeave(mark, now),
          standingMark: (now) => memory.standingMark(now),
          submitted: (mark, wasOnlyAttempt) => memory.submitted(mark, wasOnlyAttempt),
          absence: () => memory.absence(),
          watchAbsence: (told) => memory.watchAbsence(told),
          doubt: (forms) => memory.doubt(forms),
          size: () => memory.size(),
          flush: () => memory.flush(),
          close: async () => {
            try {
              await memory.flush();
            } catch (error) {
              await closeMemory().catch(() => {}); // the first error says more
              throw error;
            }
          },
        };
      },
      async forgetMemory(request) {
        await closeMemory();
        await machine.forgetMemory(request);
      },
    },
    async close() {
      const open = [transport, ledger];
      transport = null;
      ledger = null;
      try {
        await closeMemory();
      } finally {
        for (const one of open) await one?.close();
      }
    },
  };
}
