// Exits with status 130 in the middle of a transaction.
import { openLedgerStore } from '../../../dist/ledger/folder/lmdb-store.js';

const store = await openLedgerStore(process.argv[2]);
process.on('SIGINT', () => {});
void store.transact((records) => records.put('count', 'written while exiting'));
setImmediate(() => process.exit(130));
