import { beforeEach, describe, expect, it } from 'vitest';
import type { JobEnd } from '../../src/job/run-job.js';
import { sendFiles } from '../../src/job/send-files.js';
import { type Answer, ids, type RunWorld, rowsText, runWorld, taken } from './support/job-run-world.js';

/** --limit: a first few rows, and no more than that in flight. */

let world: RunWorld;

beforeEach(async () => {
  world = await runWorld();
});

const codes = ({ error, exitStatus }: JobEnd) => [exitStatus, error?.code ?? null];
const sent = () => world.seen.map(({ id }) => id).sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
const refusal: Answer = { status: 400, body: '<error>no</error>' };

describe('--limit', () => {
  it('sends so many rows and stops with 7; given again it sends as many more, and at the end of the file it is 0', async () => {
    const file = await world.put('a.csv', rowsText(5));
    expect(codes(await world.run(file, { limit: 2 }))).toEqual([7, 'limit']);
    expect(sent()).toEqual(ids(2));
    expect(codes(await world.run(file, { limit: 2 }))).toEqual([7, 'limit']);
    expect(sent()).toEqual(ids(4));
    expect(codes(await world.run(file, { limit: 2 }))).toEqual([0, null]);
    expect(sent()).toEqual(ids(5));
  });

  it('ends a job whose rows it just covers, and does not count rows that cost nothing', async () => {
    const file = await world.put('a.csv', 'batch=thirdPartyId,a\nv1,\n,x\nv2,1\nv3,\nv4,1\nv5,\n');
    expect(codes(await world.run(file, { limit: 2 }))).toEqual([1, null]);
    expect(sent()).toEqual(['v2', 'v4']);
  });

  it('never has more than so many in flight, nor lets a row in before one that is retried has ended', async () => {
    let failedCount = 0;
    world.answer = ({ id }) => {
      if (id !== 'v1' || failedCount === 3) return taken;
      failedCount += 1;
      return { status: 500 };
    };
    const file = await world.put('a.csv', rowsText(40));
    expect(codes(await world.run(file, { limit: 3, concurrency: 32 }))).toEqual([7, 'limit']);
    expect(new Set(sent())).toEqual(new Set(ids(3)));
    expect(await world.results('a.csv')).toHaveLength(3);
  });

  it('where none was taken stops with 3, and those rows stay unsent', async () => {
    world.answer = () => refusal;
    const file = await world.put('a.csv', rowsText(40));
    expect(codes(await world.run(file, { limit: 5 }))).toEqual([3, 'endpoint-suspect']);
    expect(await world.results('a.csv')).toEqual([]);
    world.answer = () => taken;
    world.seen.length = 0;
    expect(codes(await world.run(file, { limit: 5 }))).toEqual([7, 'limit']);
    expect(sent()).toEqual(ids(5));
  });

  it('once a row was taken, refusals are the rows', async () => {
    world.answer = ({ id }) => (id === 'v3' ? taken : refusal);
    const file = await world.put('a.csv', rowsText(40));
    expect(codes(await world.run(file, { limit: 3 }))).toEqual([7, 'limit']);
    expect((await world.results('a.csv')).map((cells) => cells[3]).sort()).toEqual(['refused', 'refused', 'submitted']);
  });

  it('counts over all FILEs of a call, rows that were refused too', async () => {
    world.answer = ({ id }, index) => (id === 'v2' && index < 3 ? refusal : taken);
    const files = [await world.put('a.csv', rowsText(3)), await world.put('b.csv', rowsText(6))];
    const { summary } = await world.drive(sendFiles(files, { ...world.options, limit: 5 }, {}, world.machine));
    expect([summary.exit_status, summary.error?.code]).toEqual([7, 'limit']);
    expect(summary.jobs.map(({ rows }) => rows.submitted)).toEqual([2, 2]);
    expect(world.seen).toHaveLength(5);
  });
});
