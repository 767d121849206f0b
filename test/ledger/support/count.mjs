// Adds to a number in the ledger, as often as it is told, and says what it added. `--die`: is killed in the middle of a
// transaction. `--say`: says when it has begun, and with what code it was refused.
import { openLedgerStore } from '../../../dist/ledger/folder/lmdb-store.js';

const [stateDir, times, fate] = process.argv.slice(2);
try {
  const store = await openLedgerStore(stateDir);
  for (let time = 0; time < Number(times); time += 1) {
    await store.transact((records) => records.put('count', `${Number(records.get('count') ?? 0) + 1}`));
    if (time === 0 && fate === '--say') console.log('begun');
  }
  console.log('counted');
  if (fate === '--die') {
    await store.transact((records) => {
      records.put('count', 'never committed');
      process.kill(process.pid, 'SIGKILL');
    });
  }
  await store.close();
} catch (error) {
  if (fate !== '--say') throw error;
  console.log(`refused ${error.code}`);
  process.exitCode = 1;
}
