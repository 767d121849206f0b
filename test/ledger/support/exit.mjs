// Exits with status 130 while a transaction is under way: at once, or (`--asks`) as soon as that is safe.

import { openLedgerStore } from '../../../dist/ledger/lmdb-store.js';
import { whenExitIsSafe } from '../../../dist/lmdb/exit-guard.js';
import { systemClock } from '../../../dist/platform/clock.js';

const [stateDir, how] = process.argv.slice(2);
const store = await openLedgerStore(stateDir);
process.on('SIGINT', () => {});
void store.transact((records) => records.put('count', 'written while exiting'));
setImmediate(() => {
  if (how === '--asks') void whenExitIsSafe(systemClock, 10_000).then(() => process.exit(130));
  else process.exit(130);
});
