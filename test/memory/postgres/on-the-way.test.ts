import { describe, expect, it } from 'vitest';
import { type Step, stepOf } from '../../pacing/postgres/database.js';
import { isPostgresMissing, startPostgres } from '../../support/postgres.js';
import { type Fate, standsStill } from '../../support/postgres-relay.js';
import { areSent, examine, row, takeAll } from '../support/on-disk.js';
import { PostgresMemories } from './postgres-memories.js';

const server = isPostgresMissing ? null : await startPostgres(['fsync=off', 'synchronous_commit=off']);
const hour = 3_600_000;
const x = [row('1', { a: 'x' })];
const y = [row('1', { a: 'y' })];

/** A memory whose statements get the fate that stands in `next`, each once. */
function memoryOf(name: string) {
  const next: { step: Step; fate: () => Fate | Promise<Fate> }[] = [];
  const turn = { onSlow: async () => {} };
  const memories = new PostgresMemories(server?.url('postgres') ?? '', name, {
    onSlow: () => turn.onSlow(),
    fateOf(text) {
      if (next[0] === undefined || stepOf(text) !== next[0].step) return 'pass';
      return next.shift()?.fate() ?? 'pass';
    },
  });
  return { memories, next, turn };
}

describe.skipIf(server === null)('a memory in PostgreSQL', () => {
  it.each<Step>(['begin', 'read', 'write', 'commit'])(
    'is right where the server is killed before %s, and after it',
    { timeout: 30_000 },
    async (step) => {
      const restart = async () => {
        await server?.kill();
        await server?.start();
      };
      const { memories, next, turn } = memoryOf(`killed ${step}`);
      turn.onSlow = restart;
      const beforeIt = async (): Promise<Fate> => {
        await restart();
        return 'before';
      };
      const a = await memories.open();
      for (const [rows, fate] of [
        [x, beforeIt],
        [y, () => 'slow' as const],
      ] as const) {
        next.push({ step, fate });
        const verdicts = await examine(a, rows); // a mark
        expect(areSent(verdicts)).toEqual([true]);
        takeAll(a, verdicts);
        next.push({ step, fate });
        await memories.clock.advance(2_500); // what was submitted is written
        await a.size();
        await memories.clock.advance(3 * hour);
        expect(next).toEqual([]);
        expect(areSent(await examine(await memories.open(), rows))).toEqual([false]);
      }
      await memories.close();
    },
  );

  it('keeps a mark that it answered, though the server is killed at once', async () => {
    const { memories, next, turn } = memoryOf('kept');
    const [a, b] = [await memories.open(), await memories.open()];
    takeAll(a, await examine(a, x));
    await memories.clock.advance(3 * hour);
    await a.size();
    turn.onSlow = async () => {
      await server?.kill();
      await server?.start();
    };
    next.push({ step: 'commit', fate: () => 'slow' });
    expect(areSent(await examine(b, y))).toEqual([true]); // Target takes it, and nobody hears of it
    expect(areSent(await examine(await memories.open(), x))).toEqual([true]);
    await memories.close();
  });

  it('takes the mark of who stands still before COMMIT for one that may be there', async () => {
    const { memories, next } = memoryOf('still');
    const [a, b, c, d] = await Promise.all([memories.open(), memories.open(), memories.open(), memories.open()]);
    takeAll(a, await examine(a, x));
    await memories.clock.advance(3 * hour);
    await a.size();
    const standing = standsStill();
    next.push({ step: 'write', fate: standing.fateOf });
    const marking = examine(b, y);
    await standing.isReached;
    // An unchanged row is found without a lock.
    expect(areSent(await examine(c, x))).toEqual([false]);
    standing.moveOn();
    expect(areSent(await marking)).toEqual([true]);
    expect(areSent(await examine(d, x))).toEqual([true]);
    await memories.close();
  });
});
