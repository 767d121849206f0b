import { describe, expect, it } from 'vitest';
import { isPostgresMissing, startPostgres } from '../../support/postgres.js';
import { areSent, examine, row, takeAll } from '../support/on-disk.js';
import { PostgresMemories } from './postgres-memories.js';

const server = isPostgresMissing ? null : await startPostgres(['fsync=off']);
const memoriesOf = (name: string) => new PostgresMemories(server?.url('postgres') ?? '', name);
const x = [row('1', { a: 'x' })];
const y = [row('1', { a: 'y' })];
const hour = 3_600_000;

describe.skipIf(server === null)('the memory in PostgreSQL', () => {
  it('marks again where a COMMIT was not answered, and is right whether it happened or not', async () => {
    for (const when of ['before', 'after'] as const) {
      const memories = memoriesOf(`commit ${when}`);
      const [a, b] = [await memories.open(), await memories.open()];
      takeAll(a, await examine(a, x));
      await memories.clock.advance(3 * hour);
      await a.size(); // it has written what was submitted
      memories.breaks.push({ step: 'commit', when });
      // Target takes y, and nobody hears of it.
      expect(areSent(await examine(b, y))).toEqual([true]);
      expect(memories.breaks).toEqual([]);
      expect(areSent(await examine(a, x))).toEqual([true]);
      await memories.close();
    }
  });

  it('takes a settlement under its own token alone', async () => {
    const memories = memoriesOf('token');
    const [a, b] = [await memories.open(), await memories.open()];
    const verdicts = await examine(a, x);
    await memories.clock.advance(3 * hour);
    await examine(b, y); // Target takes it, and nobody hears of it
    takeAll(a, verdicts);
    await a.close();
    expect(areSent(await examine(await memories.open(), x))).toEqual([true]);
    await memories.close();
  });

  it('stops a run whose memory becomes an older one, and one with another key', async () => {
    const memories = memoriesOf('older');
    const a = await memories.open();
    takeAll(a, await examine(a, x));
    const keyFile = { path: 'a file', secret: new Uint8Array(32) };
    await expect(memories.open(true, { keyFile })).rejects.toMatchObject({ code: 'memory-key-missing' });
    await server?.query('postgres', "UPDATE profile_drip.memory SET version = 1 WHERE name = 'older'");
    await expect(examine(a, y)).rejects.toMatchObject({ code: 'state-restored' });
    await memories.close();
  });

  it('gives each visitor its own record in a block of several, twice in it or not', async () => {
    const memories = memoriesOf('block');
    const rows = Array.from({ length: 700 }, (_, index) => row(`${index}`, { a: `${index}` }));
    const a = await memories.open();
    takeAll(a, await examine(a, rows));
    await a.close();
    const b = await memories.open();
    const changed = rows.map((one, index) => (index % 100 === 7 ? row(one.visitor, { a: 'new' }) : one));
    expect(areSent(await examine(b, changed))).toEqual(changed.map((_, index) => index % 100 === 7));
    await memories.close();
  });
});
