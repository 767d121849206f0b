// Stops itself (SIGSTOP) in the middle of a transaction.
import { openLedgerStore } from '../../../dist/ledger/folder/lmdb-store.js';

const store = await openLedgerStore(process.argv[2]);
await store.transact((records) => {
  records.put('count', '1');
  process.stdout.write('stopping\n');
  process.kill(process.pid, 'SIGSTOP');
});
await store.close();
console.log('resumed');
