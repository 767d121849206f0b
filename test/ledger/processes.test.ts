import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openLedgerStore } from '../../src/ledger/folder/lmdb-store.js';
import { ledgerStatus } from '../../src/ledger/status.js';
import { findHome } from '../../src/state/open-home.js';
import { seededRandom, temporaryFolder } from '../support/index.js';
import { type Child, canUnshare, isBuilt, start } from './support/child.js';

const timeout = 60_000;

/** Processes that spend one cap, each with a file that tells how many attempts it started. */
class Spenders {
  readonly stateDir: string;
  readonly #limit: number;
  readonly #namespaced: boolean;
  readonly #tallyPaths: string[] = [];

  constructor(stateDir: string, { limit, namespaced = false }: { limit: number; namespaced?: boolean }) {
    this.stateDir = stateDir;
    this.#limit = limit;
    this.#namespaced = namespaced;
  }

  start(ratePerSecond = 0): Child {
    const tallyPath = join(this.stateDir, `attempts.${this.#tallyPaths.length}`);
    this.#tallyPaths.push(tallyPath);
    const options = { stateDir: this.stateDir, tallyPath, limit: this.#limit, ratePerSecond };
    return start('spend.mjs', [JSON.stringify(options)], { namespaced: this.#namespaced });
  }

  async attempts(): Promise<number> {
    const sizes = await Promise.all(this.#tallyPaths.map(async (path) => (await stat(path)).size));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  async used(): Promise<number> {
    const home = await findHome({ stateDir: this.stateDir, stateUrl: null });
    const [ledger] = await ledgerStatus(home);
    await home?.close();
    if (ledger === undefined) throw new Error('no ledger');
    return ledger.used;
  }
}

describe.skipIf(!isBuilt)('several processes on one state directory', () => {
  it('use the cap to the unit together', { timeout }, async () => {
    const spenders = new Spenders(await temporaryFolder(), { limit: 5_000 });
    const children = [spenders.start(), spenders.start(300), spenders.start(), spenders.start()];
    for (const child of children) expect(await child.done()).toContain('cap-used');
    expect(await spenders.attempts()).toBe(5_000);
    expect(await spenders.used()).toBe(5_000);
  });

  it('never use more than the cap, whenever some of them are killed', { timeout }, async () => {
    const random = seededRandom(7);
    const spenders = new Spenders(await temporaryFolder(), { limit: 20_000 });
    const first = [spenders.start(2_000), spenders.start(1_000), spenders.start(500)];
    for (const child of first) await child.says('begun');
    for (const child of first) {
      // As many turns of a transaction as chance will have it, and then in the midst of one or not.
      for (let turn = 0; turn < 20 * random.next(); turn += 1) await spenders.used();
      await child.kill();
    }
    const usedByKilled = await spenders.used();
    const attemptedByKilled = await spenders.attempts();
    expect(usedByKilled).toBeGreaterThanOrEqual(attemptedByKilled);
    const last = [spenders.start(), spenders.start()];
    for (const child of last) expect(await child.done()).toContain('cap-used');
    expect(await spenders.used()).toBe(20_000);
    expect(await spenders.attempts()).toBe(20_000 - usedByKilled + attemptedByKilled);
  });

  it('continue after one was killed in the middle of a transaction, and nothing of that transaction is left', {
    timeout,
  }, async () => {
    const stateDir = await temporaryFolder();
    const store = await openLedgerStore(stateDir);
    const child = start('count.mjs', [stateDir, '3', '--die']);
    await child.says('counted');
    await child.done().catch(() => {});
    expect(await store.transact((records) => records.get('count'))).toBe('3');
    await start('count.mjs', [stateDir, '2']).done();
    expect(await store.transact((records) => records.get('count'))).toBe('5');
    await store.close();
  });

  it('are not held up by one that exits in the middle of a transaction', { timeout }, async () => {
    const stateDir = await temporaryFolder();
    expect(await start('exit.mjs', [stateDir]).ended()).toBe('SIGINT'); // a shell's 130
    await start('count.mjs', [stateDir, '2']).done();
  });

  it('do not get at the ledger at once because one of them opened it twice and closed it once', {
    timeout,
  }, async () => {
    const stateDir = await temporaryFolder();
    const [one, other] = [await openLedgerStore(stateDir), await openLedgerStore(stateDir)];
    await other.close();
    await other.close();
    const children = [start('count.mjs', [stateDir, '100']), start('count.mjs', [stateDir, '100'])];
    for (let time = 0; time < 100; time += 1) {
      await one.transact((records) => records.put('count', `${Number(records.get('count') ?? 0) + 1}`));
    }
    for (const child of children) await child.done();
    expect(await one.transact((records) => records.get('count'))).toBe('300');
    await one.close();
  });
});

describe.skipIf(!isBuilt || !canUnshare)('two containers over one state directory', () => {
  it('share the cap to the unit, although both are process 1, and one is killed and started again', {
    timeout,
  }, async () => {
    const spenders = new Spenders(await temporaryFolder(), { limit: 6_000, namespaced: true });
    const [one, killed] = [spenders.start(1_500), spenders.start(1_000)];
    expect(await Promise.all([one.says('begun'), killed.says('begun')])).toEqual(['begun as 1', 'begun as 1']);
    await killed.kill();
    const again = spenders.start();
    expect(await one.done()).toContain('cap-used');
    expect(await again.done()).toContain('cap-used');
    expect(await spenders.used()).toBe(6_000);
    expect(await spenders.attempts()).toBeLessThanOrEqual(6_000);
    expect(await spenders.attempts()).toBeGreaterThan(3_000);
  });
});
