import type { Machine } from '../job/terms/machine.js';
import type { LedgerHome } from '../ledger/ledger-home.js';
import type { Transport } from '../platform/ports.js';

/** A machine whose ledger and connections stay open from one file to the next. */
export interface KeptOpen {
  readonly machine: Machine;
  /** Closes what is open; the next file opens it anew. */
  close(): Promise<void>;
}

/**
 * For files that are sent one after the other, with the same options: opening the ledger and a connection takes longer
 * than sending a small file. Whoever waits for files closes it first, so that nothing is held for nothing.
 */
export function keepOpen(machine: Machine): KeptOpen {
  let ledger: LedgerHome | null = null;
  let transport: Transport | null = null;
  return {
    machine: {
      ...machine,
      async openLedger(options) {
        const home = ledger ?? (await machine.openLedger(options));
        ledger = home;
        return {
          place: home.place,
          leaseMinMs: home.leaseMinMs,
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
    },
    async close() {
      const open = [transport, ledger];
      transport = null;
      ledger = null;
      for (const one of open) await one?.close();
    },
  };
}
