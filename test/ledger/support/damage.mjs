// Damages copies of a ledger, each in another way, and spends what the ledger then grants. Says for each copy how that
// ended: the units that were granted, or the code of the error.
import { cp, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { folderHome } from '../../../dist/ledger/folder/folder-home.js';
import { openLedgerStore } from '../../../dist/ledger/folder/lmdb-store.js';
import { openPacer } from '../../../dist/pacing/pacer.js';
import { systemBootClock, systemClock } from '../../../dist/platform/clock.js';

/** `damages`: lists of [position, byte to exclusive-or], one list for each copy. */
const { stateDir, limit, damages } = JSON.parse(process.argv[2] ?? '{}');

for (const [index, damage] of damages.entries()) {
  const copyDir = join(stateDir, '..', `copy-${process.pid}`);
  await mkdir(join(copyDir, 'ledger'), { recursive: true });
  for (const name of ['ledger.guard', 'ledger/data.mdb', 'ledger/lock.mdb'])
    await cp(join(stateDir, name), join(copyDir, name));
  const file = await open(join(copyDir, 'ledger/data.mdb'), 'r+');
  for (const [position, mask] of damage) {
    const byte = new Uint8Array(1);
    await file.read(byte, 0, 1, position);
    await file.write(Uint8Array.of((byte[0] ?? 0) ^ mask), 0, 1, position);
  }
  await file.close();
  console.log(`${index} ${await spend(copyDir)}`);
  await rm(copyDir, { recursive: true });
}

async function spend(copyDir) {
  let store = null;
  let granted = 0;
  try {
    store = await openLedgerStore(copyDir);
    const { pacer } = await openPacer(
      folderHome(store, systemClock, systemBootClock, copyDir),
      systemClock,
      systemBootClock,
      {
        giveUpMs: 0,
        lateUnits: 0,
        clientCode: 'acme',
        isLoopback: false,
        reserve: 0,
        pace: 'burst',
        ratePerSecond: 0,
        timeoutMs: 30_000,
        limit,
      },
    );
    for (;;) {
      const take = pacer.take();
      if (take.kind === 'go') {
        granted += 1;
        pacer.ended(take.permit);
      } else if (take.kind === 'fetching') {
        await new Promise((resolve) => {
          pacer.onReady = resolve;
        });
      } else if (take.kind === 'cap-used') {
        await pacer.close();
        return `granted ${granted}`;
      } else throw take.error ?? new Error(take.kind);
    }
  } catch (error) {
    return `refused ${error.exitStatus} ${error.code ?? error.stack} granted ${granted}`;
  } finally {
    await store?.close();
  }
}
