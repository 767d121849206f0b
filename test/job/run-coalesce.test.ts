import { readFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { runJob } from '../../src/job/run-job.js';
import { heldMemory } from '../memory/support/held-memory.js';
import { type HeldRecords, heldRecords } from '../memory/support/held-store.js';
import { type RunWorld, runWorld, taken } from './support/job-run-world.js';

/** Whole runs with --coalesce. */

let world: RunWorld;
let held: HeldRecords;

beforeEach(async () => {
  world = await runWorld();
  held = heldRecords();
});

const coalesce = { coalesce: true };
const refused = { status: 400, body: '<error>no</error>' };
const sent = () => world.seen.map(({ id, values }) => [id, values.get('profile.x'), values.get('profile.y')]);
const lines = async (name: string) =>
  (await world.results(name)).map(([row, , id, status, http, attempts, , , reason]) => [
    ...[row, id, status, http, attempts, reason],
  ]);
const memory = { openMemory: () => heldMemory(held, world.clock) };

/** Rows 1, 3 and 5 are hot's. */
const text = 'batch=thirdPartyId,x,y\nhot,1,a\nv2,2,\nhot,3,\nv4,4,\nhot,5,\n';

describe('rows of one visitor that wait in line', () => {
  it('become one update with the last value of each attribute, and each has its line', async () => {
    const end = await world.run(await world.put('a.csv', text), coalesce);
    expect(sent()).toEqual([
      ['hot', '5', 'a'],
      ['v2', '2', null],
      ['v4', '4', null],
    ]);
    expect((await lines('a.csv')).filter(([, id]) => id === 'hot')).toEqual([
      ['1', 'hot', 'submitted', '', '0', '"coalesced: with row 5"'],
      ['3', 'hot', 'submitted', '', '0', '"coalesced: with row 5"'],
      ['5', 'hot', 'submitted', '200', '1', ''],
    ]);
    expect(end).toMatchObject({ exitStatus: 0 });
    expect(end.jobs[0]).toMatchObject({ attempts: 3, rows: { total: 5, submitted: 5, coalesced: 2 } });
  });

  it('go out row by row without the option', async () => {
    await world.run(await world.put('a.csv', text));
    expect(sent()).toHaveLength(5);
  });

  it('fill as many requests as they need', async () => {
    const big = (name: 'x' | 'y') => (name === 'x' ? `${'x'.repeat(40_000)},` : `,${'y'.repeat(40_000)}`);
    const rows = [big('x'), big('x'), big('y'), big('y'), big('x')].map((cells) => `hot,${cells}\n`).join('');
    await world.run(await world.put('a.csv', `batch=thirdPartyId,x,y\n${rows}`), coalesce);
    const shape = sent().map(([, x, y]) => [x?.length ?? 0, y?.length ?? 0]);
    expect(shape).toEqual([
      [40_000, 0],
      [0, 40_000],
      [40_000, 0],
    ]);
  });
});

describe('a coalesced update that Target does not take', () => {
  it('is taken apart when it is refused: each row is sent by itself, in order', async () => {
    world.answer = ({ id, values }) => (id === 'hot' && values.get('profile.y') === 'a' ? refused : taken);
    const end = await world.run(await world.put('a.csv', text), coalesce);
    expect(end.exitStatus).toBe(1);
    expect(sent().filter(([id]) => id === 'hot')).toEqual([
      ['hot', '5', 'a'],
      ['hot', '1', 'a'],
      ['hot', '3', null],
      ['hot', '5', null],
    ]);
    const hot = (await lines('a.csv')).filter(([, id]) => id === 'hot');
    expect(hot.map(([row, , status, , attempts]) => [row, status, attempts])).toEqual([
      ['1', 'refused', '1'],
      ['3', 'submitted', '1'],
      ['5', 'submitted', '2'],
    ]);
    expect(end.jobs[0]?.rows.coalesced).toBe(0);
    expect(await world.read('a.csv.rejects.csv')).toBe('batch=thirdPartyId,x,y\nhot,1,a\nhot,3,\nhot,5,\n');
  });

  it('is taken apart as well once rows of the job were taken', async () => {
    world.answer = ({ values }) => (values.get('profile.y') === 'a' ? refused : taken);
    const rows = `batch=thirdPartyId,x,y\n${'v9,1,\n'.repeat(3)}${text.slice(text.indexOf('\n') + 1)}`;
    const end = await world.run(await world.put('a.csv', rows), { ...coalesce, concurrency: 1 });
    expect(
      sent()
        .filter(([id]) => id === 'hot')
        .map(([, x]) => x),
    ).toEqual(['5', '1', '3', '5']);
    expect(end.jobs[0]?.rows).toMatchObject({ submitted: 7, refused: 1 });
  });

  it.each([401, 403, 302])('%i before any row was taken: it is taken apart, and the run goes on', async (status) => {
    world.answer = ({ values }) => (values.get('profile.x') === '5' ? { status } : taken);
    const rows = 'batch=thirdPartyId,x,y\nhot,1,a\nhot,3,\nhot,5,\n';
    const end = await world.run(await world.put('a.csv', rows), coalesce);
    expect(end.exitStatus).toBe(1);
    expect(end.jobs[0]?.rows).toMatchObject({ submitted: 2, refused: 1 });
  });

  it('ends failed for all its rows after its retries; the rejects have them all, in order', async () => {
    world.answer = ({ id }) => (id === 'hot' ? { status: 500 } : taken);
    const end = await world.run(await world.put('a.csv', text), { ...coalesce, retries: 2 });
    expect(end.exitStatus).toBe(1);
    expect((await lines('a.csv')).filter(([, id]) => id === 'hot')).toEqual([
      ['1', 'hot', 'failed', '', '0', '"server-error: coalesced with row 5"'],
      ['3', 'hot', 'failed', '', '0', '"server-error: coalesced with row 5"'],
      ['5', 'hot', 'failed', '500', '3', expect.stringContaining('server-error')],
    ]);
    expect(await world.read('a.csv.rejects.csv')).toBe('batch=thirdPartyId,x,y\nhot,1,a\nhot,3,\nhot,5,\n');
    expect(end.jobs[0]?.reasons).toMatchObject([{ code: 'server-error', count: 3 }]);
  });
});

describe('limits that count rows', () => {
  it('--limit N ends at most N rows, however few updates they are', async () => {
    const file = await world.put('a.csv', text);
    const end = await world.run(file, { ...coalesce, limit: 4 });
    expect(end.exitStatus).toBe(7);
    expect(await lines('a.csv')).toHaveLength(4);
    expect((await world.run(file, { ...coalesce, limit: 4 })).exitStatus).toBe(0);
    expect(sent().filter(([id]) => id === 'hot')).toEqual([
      ['hot', '3', 'a'],
      ['hot', '5', null],
    ]);
  });

  it('--tolerate and --max-failures count each row of a failed update', async () => {
    world.answer = ({ id }) => (id === 'hot' ? { status: 500 } : taken);
    const file = await world.put('a.csv', text);
    const three = { kind: 'rows', rows: 3 } as const;
    expect((await world.run(file, { ...coalesce, retries: 0, tolerate: three })).exitStatus).toBe(0);
    const two = { kind: 'rows', rows: 2 } as const;
    const stopped = await world.run(file, { ...coalesce, retries: 0, maxFailures: two, restart: true });
    expect(stopped.exitStatus).toBe(5);
  });
});

describe('with --changed-only', () => {
  const changedOnly = { ...coalesce, changedOnly: true };

  it('the update is compared: identical, and all its rows are unchanged', async () => {
    expect((await world.run(await world.put('a.csv', text), changedOnly, {}, memory)).exitStatus).toBe(0);
    expect(world.seen).toHaveLength(3);
    expect((await world.run(await world.put('b.csv', text), changedOnly, {}, memory)).exitStatus).toBe(0);
    expect(world.seen).toHaveLength(3);
    const found = await lines('b.csv');
    expect(found.map(([, , status]) => status)).toEqual(Array(5).fill('unchanged'));
    expect(found.filter(([, id]) => id === 'hot').map(([row]) => row)).toEqual(['1', '3', '5']);
  });

  it('another last value is sent, and what went together is remembered together', async () => {
    await world.run(await world.put('a.csv', text), changedOnly, {}, memory);
    await world.run(await world.put('b.csv', text.replace('hot,5,', 'hot,6,')), changedOnly, {}, memory);
    expect(sent().slice(3)).toEqual([['hot', '6', 'a']]);
    await world.run(await world.put('c.csv', 'batch=thirdPartyId,x,y\nhot,6,a\n'), { changedOnly: true }, {}, memory);
    expect(world.seen).toHaveLength(4);
  });

  it('rows of an update that was taken apart are remembered as they went by themselves, or in doubt', async () => {
    world.answer = ({ values }) => (values.get('profile.y') === 'a' ? refused : taken);
    await world.run(await world.put('a.csv', text), changedOnly, {}, memory);
    world.answer = () => taken;
    const count = world.seen.length;
    await world.run(await world.put('b.csv', text), changedOnly, {}, memory);
    expect(sent().slice(count)).toContainEqual(['hot', '5', 'a']);
  });
});

describe('a job that is resumed', () => {
  it.each([true, false])('sends the rows again of an update that was in flight; with the option: %s', async (then) => {
    const file = await world.put('a.csv', text);
    const abort = new AbortController();
    world.answer = ({ id }) => {
      if (id !== 'hot') return taken;
      abort.abort('SIGTERM');
      return 'stall';
    };
    const hooks = { signal: abort.signal };
    const first = world.drive(runJob(file, { ...world.options, ...coalesce }, hooks, world.machine));
    expect((await first).exitStatus).toBe(143);
    world.answer = () => taken;
    expect((await world.run(file, { coalesce: then })).exitStatus).toBe(0);
    const again = sent()
      .filter(([id]) => id === 'hot')
      .slice(1);
    expect(again).toEqual(
      then
        ? [['hot', '5', 'a']]
        : [
            ['hot', '1', 'a'],
            ['hot', '3', null],
            ['hot', '5', null],
          ],
    );
    expect(await lines('a.csv')).toHaveLength(5);
    expect(JSON.parse(await readFile(`${file}.summary.json`, 'utf8'))).toMatchObject({ complete: true });
  });
});
