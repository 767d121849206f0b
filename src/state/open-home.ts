import { folderHome } from '../ledger/folder/folder-home.js';
import { findLedgerStore, openLedgerStore } from '../ledger/folder/lmdb-store.js';
import { memoryLedgerStore } from '../ledger/in-process-store.js';
import type { LedgerHome } from '../ledger/ledger-home.js';
import { systemBootClock, systemClock } from '../platform/clock.js';

/** Where a call keeps the cap's ledger. */
export interface HomeOptions {
  readonly stateDir: string;
  /** `null`: the folder. */
  readonly stateUrl: string | null;
}

/** The ledger's home of this machine's options; it is created if it is missing. @throws MachineError */
export async function openHome({ stateDir, stateUrl }: HomeOptions): Promise<LedgerHome> {
  if (stateUrl !== null) return openDatabase(stateUrl, true);
  return folderHome(await openLedgerStore(stateDir), systemClock, systemBootClock, stateDir);
}

/** The same for reading only: `null` if it is missing, and nothing is created. @throws MachineError */
export async function findHome({ stateDir, stateUrl }: HomeOptions): Promise<LedgerHome | null> {
  if (stateUrl !== null) return openDatabase(stateUrl, false);
  const store = await findLedgerStore(stateDir);
  return store && folderHome(store, systemClock, systemBootClock, stateDir);
}

/** Loaded only when it is used: a folder needs no database client. */
async function openDatabase(stateUrl: string, creates: boolean): Promise<LedgerHome> {
  const { openPostgres } = await import('../ledger/postgres/open-postgres.js');
  return openPostgres(stateUrl, creates);
}

/** A home that lasts as long as the process: a trial costs nothing of any cap that is kept. */
export function trialHome(): LedgerHome {
  return folderHome(memoryLedgerStore(), systemClock, systemBootClock, 'memory');
}
