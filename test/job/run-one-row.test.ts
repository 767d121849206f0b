import { beforeEach, describe, expect, it } from 'vitest';
import type { JobEnd } from '../../src/job/run-job.js';
import type { Hold, SendEvent } from '../../src/job/terms/events.js';
import { type Answer, ids, type RunWorld, rowsText, runWorld, taken } from './support/job-run-world.js';

/** One row, or a few, that something in between refuses: they never block the rest, nor the runs that follow. */

let world: RunWorld;
let events: SendEvent[];
const hooks = { onEvent: (event: SendEvent) => void events.push(event) };

beforeEach(async () => {
  world = await runWorld();
  events = [];
});

const codes = ({ error, exitStatus }: JobEnd) => [exitStatus, error?.code ?? null];
const holds = (): Hold[] => events.flatMap((event) => (event.kind === 'hold' ? [event.hold] : []));
const page: Answer = { body: '<html><body>The gateway is being restarted</body></html>' };
const statuses = async (name: string) =>
  Object.fromEntries((await world.results(name)).map((cells) => [cells[2], cells[3]]));

describe('once a row of the job was taken', () => {
  it.each([
    ['401 of the last row', { status: 401 }, ['v40'], 'refused'],
    ['403 of the last row', { status: 403 }, ['v40'], 'refused'],
    ['a redirect of the last row', { status: 302 }, ['v40'], 'refused'],
    ['401 of one in the middle', { status: 401 }, ['v20'], 'refused'],
    ['a redirect of one in the middle', { status: 307 }, ['v20'], 'refused'],
    ['403 of a block in the middle', { status: 403 }, ids(12, 10), 'refused'],
    ['403 of the last nine rows', { status: 403 }, ids(9, 32), 'refused'],
    ['404 of the last nine rows', { status: 404 }, ids(9, 32), 'refused'],
    ['resets of the last nine rows', 'reset', ids(9, 32), 'failed'],
    ['resets of a block in the middle', 'reset', ids(12, 10), 'failed'],
    ['HTML for the last nine rows', page, ids(9, 32), 'failed'],
    ['502 for the last nine rows', { status: 502 }, ids(9, 32), 'failed'],
  ] as const)('%s is the rows’ own, in one run, many in flight or one', async (_, answer, bad, status) => {
    world.answer = ({ id }) => (bad.includes(id as never) ? answer : taken);
    for (const concurrency of [8, 1]) {
      const file = await world.put(`${concurrency}.csv`, rowsText(40));
      const end = await world.run(file, { concurrency });
      expect(codes(end)).toEqual([1, null]);
      expect(end.jobs[0]?.rows).toMatchObject({ submitted: 40 - bad.length, [status]: bad.length });
    }
  });

  it('silence about the last nine rows is theirs', async () => {
    const file = await world.put('a.csv', rowsText(40));
    world.answer = ({ id }) => (ids(9, 32).includes(id) ? 'stall' : taken);
    const end = await world.run(file, { retries: 5, timeoutMs: 1000 });
    expect(end.jobs[0]?.rows).toMatchObject({ submitted: 31, failed: 9 });
  });

  it('in an earlier run, the only row left is refused in the next', async () => {
    const file = await world.put('a.csv', rowsText(10));
    const stop = new AbortController();
    world.answer = ({ id }) => {
      if (id === 'v9') stop.abort('SIGTERM');
      return taken;
    };
    await world.run(file, { concurrency: 1 }, { signal: stop.signal });
    world.answer = () => ({ status: 403 });
    expect(codes(await world.run(file, { concurrency: 1 }))).toEqual([1, null]);
    expect(await statuses('a.csv')).toMatchObject({ v9: 'submitted', v10: 'refused' });
  });

  it.each([401, 403, 302])(
    '%i to every further row stops the run, which names row and line, and ends none',
    async (status) => {
      const file = await world.put('a.csv', rowsText(100));
      world.answer = (_, index) => (index < 20 ? taken : { status, body: 'not now' });
      const end = await world.run(file, { concurrency: 4 });
      expect(codes(end)).toEqual([3, status === 302 ? 'redirected' : 'unauthorized']);
      expect(end.error?.message).toMatch(/not now.*row \d+ \(line \d+\)/);
      expect(end.jobs[0]?.rows).toMatchObject({ submitted: 20, refused: 0, failed: 0 });
      expect(world.seen.length).toBeLessThan(50);
      world.answer = () => taken;
      expect((await world.run(file)).jobs[0]?.rows).toMatchObject({ submitted: 100 });
    },
  );

  it('an expired token that many rows in flight met at the end of the file stops the run all the same', async () => {
    const file = await world.put('a.csv', rowsText(60));
    world.answer = (_, index) => (index < 20 ? taken : { status: 401 });
    const end = await world.run(file, { concurrency: 60 });
    expect(codes(end)).toEqual([3, 'unauthorized']);
    expect(end.jobs[0]?.rows).toMatchObject({ submitted: 20, refused: 0 });
  });

  it.each([
    ['a page of HTML', page],
    ['404', { status: 404 }],
  ])('a gateway that answers %s to all that follows costs some twenty attempts, and a stop', async (_, answer) => {
    const file = await world.put('a.csv', rowsText(500));
    world.answer = (_seen, index) => (index < 30 ? taken : answer);
    const end = await world.run(file, { giveUpMs: 600_000 }, hooks);
    expect(codes(end)).toEqual([3, 'outage']);
    expect(end.jobs[0]?.rows).toMatchObject({ submitted: 30, refused: 0, failed: 0 });
    expect(world.seen.length).toBeLessThan(30 + 20 + 8 + 12);
    expect(holds().map(({ cause }) => cause)).toContain('outage');
    world.answer = () => taken;
    expect((await world.run(file)).jobs[0]?.rows).toMatchObject({ submitted: 500, refused: 0, failed: 0 });
  });

  it('a gateway’s page is over with the first row that is taken, and no row was harmed', async () => {
    const file = await world.put('a.csv', rowsText(200));
    const startMs = world.clock.monotonicMs();
    world.answer = ({ atMs }, index) => (index < 30 || atMs - startMs > 120_000 ? taken : page);
    const end = await world.run(file, {}, hooks);
    expect(codes(end)).toEqual([0, null]);
    expect(end.jobs[0]?.rows).toMatchObject({ submitted: 200 });
  });

  it('403 of many neighbours is checked with rows that are far from them', async () => {
    const file = await world.put('a.csv', rowsText(200));
    world.answer = ({ id }) => (ids(26, 20).includes(id) ? { status: 403 } : taken);
    const end = await world.run(file, { concurrency: 1 });
    expect(codes(end)).toEqual([1, null]);
    expect(end.jobs[0]?.rows).toMatchObject({ submitted: 174, refused: 26 });
  });

  it('each probe of an outage takes another row: one that is cut off for itself does not keep it up', async () => {
    const file = await world.put('a.csv', rowsText(100));
    const startMs = world.clock.monotonicMs();
    let lastProbe = '';
    world.answer = ({ id, atMs }, index) => {
      const isDown = index >= 30 && atMs - startMs < 120_000;
      if (isDown) lastProbe = id;
      return isDown || id === lastProbe ? 'reset' : taken;
    };
    const end = await world.run(file, { giveUpMs: 900_000 });
    expect(codes(end)).toEqual([1, null]);
    expect(end.jobs[0]?.rows).toMatchObject({ submitted: 99, failed: 1 });
  });

  it('an outage that is over is not kept up by a row that is cut off for itself', async () => {
    const file = await world.put('a.csv', rowsText(200));
    const startMs = world.clock.monotonicMs();
    world.answer = ({ id, atMs }, index) => {
      const isDown = index >= 30 && atMs - startMs < 120_000;
      return isDown || Number(id.slice(1)) % 25 === 0 ? 'reset' : taken;
    };
    const end = await world.run(file, { giveUpMs: 900_000 }, hooks);
    expect(codes(end)).toEqual([1, null]);
    expect(end.jobs[0]?.rows).toMatchObject({ submitted: 192, failed: 8 });
  });
});

describe('an outage', () => {
  it('is told at each change and every 30 s, with the last error, and as over only when an answer came', async () => {
    const file = await world.put('a.csv', rowsText(100));
    const startMs = world.clock.monotonicMs();
    let backAtMs = Number.POSITIVE_INFINITY;
    const heard: { kind: string; atMs: number }[] = [];
    const onEvent = (event: SendEvent) => {
      events.push(event);
      if (event.kind === 'hold' || event.kind === 'released') {
        heard.push({ kind: event.kind, atMs: world.clock.monotonicMs() });
      }
    };
    world.answer = ({ atMs }) => {
      if (atMs - startMs < 600_000) return { status: 502, body: 'Bad Gateway' };
      backAtMs = Math.min(backAtMs, atMs);
      return taken;
    };
    expect(codes(await world.run(file, { concurrency: 60 }, { onEvent }))).toEqual([0, null]);
    const released = heard.filter(({ kind }) => kind === 'released');
    expect(released).toHaveLength(1);
    expect(released[0]?.atMs).toBeGreaterThanOrEqual(backAtMs);
    const times = heard.map(({ atMs }) => atMs);
    for (const [index, atMs] of times.slice(1).entries())
      expect(atMs - (times[index] ?? 0)).toBeLessThanOrEqual(30_000);
    const messages = events.flatMap((event) => (event.kind === 'hold' ? [event.message] : []));
    expect(messages.length).toBeLessThan(40); // and not for each of the attempts that were in flight
    for (const message of messages)
      expect(message).toMatch(/Last error: HTTP 502 \(Bad Gateway\), row \d+ \(line \d+\)/);
  });

  it('that lasts longer than --give-up is not called over, and its stop names the last error', async () => {
    const file = await world.put('a.csv', rowsText(60));
    world.answer = () => 'reset';
    const end = await world.run(file, { giveUpMs: 120_000 }, hooks);
    expect(codes(end)).toEqual([3, 'outage']);
    expect(end.error?.message).toMatch(/Last error: .*, row \d+ \(line \d+\)/);
    expect(events.map(({ kind }) => kind)).not.toContain('released');
  });
});
