import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findLedgerStore, openLedgerStore } from '../../src/ledger/folder/lmdb-store.js';
import { openEnvironment } from '../../src/lmdb/environment.js';
import { openLmdbStore } from '../../src/memory/lmdb-store.js';
import { memoryFailed } from '../../src/memory/memory-errors.js';
import { type MovedClock, movedClock, temporaryFolder } from '../support/index.js';
import { isBuilt, start } from './support/child.js';

/** What can be seen of a mutex is seen on Linux. */
const canSee = process.platform === 'linux';

/** Moves the clock until `work` has ended. */
async function ended<T>(clock: MovedClock, work: Promise<T>): Promise<T> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  work.then(over, over);
  for (let turn = 0; turn < 10_000 && !isOver; turn += 1) await clock.advance(100);
  return work;
}

describe.skipIf(!isBuilt || !canSee)('a process that is stopped in the middle of a transaction', () => {
  it('hangs nobody, at opening or later: ledger-held, until it is resumed', { timeout: 60_000 }, async () => {
    const stateDir = await temporaryFolder();
    const clock = movedClock();
    const early = await ended(clock, openLedgerStore(stateDir, clock));
    const child = start('stand-still.mjs', [stateDir]);
    await child.says('stopping');
    const held = { code: 'ledger-held', exitStatus: 6, message: expect.stringContaining('Resume or end that process') };
    await expect(ended(clock, openLedgerStore(stateDir, clock))).rejects.toMatchObject(held);
    await expect(ended(clock, findLedgerStore(stateDir, clock))).rejects.toMatchObject(held);
    await expect(
      ended(
        clock,
        early.transact((records) => records.get('count')),
      ),
    ).rejects.toMatchObject(held);
    child.resume();
    await child.done();
    expect(
      await ended(
        clock,
        early.transact((records) => records.get('count')),
      ),
    ).toBe('1');
    await early.close();
  });

  it('hangs nobody that uses the same kind of store for something else', { timeout: 60_000 }, async () => {
    const stateDir = await temporaryFolder();
    const clock = movedClock();
    const child = start('stand-still.mjs', [stateDir]);
    await child.says('stopping');
    const folder = join(stateDir, 'ledger');
    const opening = openEnvironment(folder, { mapBytes: null, mayMove: true, clock });
    const fault = await ended(clock, opening).catch((error: unknown) => error);
    expect(memoryFailed(folder, fault)).toMatchObject({ code: 'memory-held', exitStatus: 6 });
    await child.kill();
    // Of a killed holder nothing is left: the next transaction is its own.
    const store = await openLedgerStore(stateDir);
    expect(await store.transact((records) => records.get('count'))).toBeNull();
    await store.close();
    const other = join(stateDir, 'memory');
    await mkdir(other);
    await (await openLmdbStore(other)).close();
  });
});
