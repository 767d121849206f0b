import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ledgerStatus } from '../../../src/ledger/status.js';
import { openHome } from '../../../src/state/open-home.js';
import { seededRandom, temporaryFolder } from '../../support/index.js';
import { isPostgresMissing, startPostgres } from '../../support/postgres.js';
import { isBuilt, start } from '../support/child.js';

const server = isPostgresMissing || !isBuilt ? null : await startPostgres();

describe.skipIf(server === null)('processes on one database', () => {
  it('never use more than the cap, though they and the database are killed, and use nearly all of it', {
    timeout: 120_000,
  }, async () => {
    if (server === null) return;
    const folder = await temporaryFolder();
    const limit = 60_000;
    const stateUrl = server.url(await server.createDatabase());
    const tallies: string[] = [];
    const spend = (ratePerSecond: number) => {
      const tallyPath = join(folder, `attempts.${tallies.length}`);
      tallies.push(tallyPath);
      return start('spend.mjs', [JSON.stringify({ stateDir: '', stateUrl, tallyPath, limit, ratePerSecond })]);
    };
    const attempts = async () => {
      const sizes = await Promise.all(tallies.map(async (path) => (await stat(path)).size));
      return sizes.reduce((sum, size) => sum + size, 0);
    };
    const random = seededRandom(5);
    const pause = () => new Promise((resolve) => setTimeout(resolve, 400 * random.next()));
    const victims = [spend(200), spend(150), spend(100), spend(50)];
    for (const victim of victims) await victim.says('begun');
    for (const [index, victim] of victims.entries()) {
      await pause();
      if (index === 2) await server.kill(); // in the middle, with two of them alive
      await victim.kill();
      if (index === 2) await server.start();
    }
    const byKilled = await attempts();
    const last = [spend(0), spend(0)];
    for (const child of last) expect(await child.done()).toContain('cap-used');
    const home = await openHome({ stateDir: '', stateUrl });
    const [ledger] = await ledgerStatus(home);
    await home.close();
    expect(ledger?.used).toBe(limit);
    expect(await attempts()).toBeLessThanOrEqual(limit);
    expect(await attempts()).toBeGreaterThan(0.98 * limit);
    expect(byKilled).toBeGreaterThan(0);
  });
});
