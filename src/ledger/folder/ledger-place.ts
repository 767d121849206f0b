import { join } from 'node:path';

/** Where the ledger's files are (ledger-files.ts). */
export interface LedgerPlace {
  readonly stateDir: string;
  readonly folder: string;
  readonly dataPath: string;
  readonly guardPath: string;
}

export function ledgerPlace(stateDir: string): LedgerPlace {
  const folder = join(stateDir, 'ledger');
  return { stateDir, folder, dataPath: join(folder, 'data.mdb'), guardPath: join(stateDir, 'ledger.guard') };
}
