// Opens the ledger with few file handles left, and says how that failed.
import { closeSync, openSync } from 'node:fs';
import { openLedgerStore } from '../../../dist/ledger/folder/lmdb-store.js';

const [stateDir, leftCount] = process.argv.slice(2);
await (await openLedgerStore(stateDir)).close(); // everything is loaded
const handles = [];
try {
  for (;;) handles.push(openSync('/dev/null', 'r'));
} catch {
  for (let count = 0; count < Number(leftCount); count += 1) closeSync(handles.pop());
}
let said = 'opened';
try {
  await openLedgerStore(stateDir);
} catch (error) {
  said = `${error.code} ${error.exitStatus}`;
}
for (const handle of handles) closeSync(handle);
console.log(said);
