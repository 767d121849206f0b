// Opens the ledger as a user who may do nothing, and says how that failed.
import { openLedgerStore } from '../../../dist/ledger/folder/lmdb-store.js';

const nobody = 65_534;
if (process.getuid() === 0) {
  process.setgid(nobody);
  process.setuid(nobody);
}
try {
  await openLedgerStore(process.argv[2]);
  console.log('opened');
} catch (error) {
  console.log(JSON.stringify({ code: error.code, exitStatus: error.exitStatus, message: error.message }));
}
