import { readFile, rename, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { formatLease } from '../../src/job/lock/lease.js';
import { type JobEnd, runJob } from '../../src/job/run-job.js';
import type { SendEvent } from '../../src/job/terms/events.js';
import { type Answer, ids, type RunWorld, rowsText, runWorld, taken } from './support/job-run-world.js';

/** How a run ends before its file is done, and that the same command resumes. */

let world: RunWorld;

beforeEach(async () => {
  world = await runWorld();
});

const codes = ({ error, exitStatus }: JobEnd) => [exitStatus, error?.code ?? null];
const sent = () => world.seen.map(({ id }) => id);
const byId = (id: string) => Number(id.slice(1));
const sorted = (list: readonly string[]) => [...list].sort((a, b) => byId(a) - byId(b));
const refusal: Answer = { status: 400, body: '<error>no</error>' };
const lines = async (name: string) => (await world.results(name)).map((cells) => Number(cells[0]));

describe('a signal', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    [new Error('a caller of the library'), 130],
  ] as const)(
    '%s ends the run with %i: what is answered in time is recorded, the rest sent again',
    async (reason, status) => {
      const file = await world.put('a.csv', rowsText(20));
      const stop = new AbortController();
      world.answer = async ({ id }) => {
        if (world.seen.length === 8) stop.abort(reason);
        if (byId(id) <= 3) return 'stall';
        await new Promise<void>((resolve) => {
          stop.signal.aborted ? resolve() : stop.signal.addEventListener('abort', () => resolve());
        });
        return taken;
      };
      const startMs = world.clock.monotonicMs();
      const end = await world.run(file, {}, { signal: stop.signal });
      expect(codes(end)).toEqual([status, 'interrupted']);
      expect(sorted(sent())).toEqual(ids(8));
      expect((await lines('a.csv')).sort()).toEqual([4, 5, 6, 7, 8]);
      expect(world.clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(5000);
      world.answer = () => taken;
      const again = await world.run(file);
      expect(codes(again)).toEqual([0, null]);
      expect(sorted(sent().slice(8))).toEqual([...ids(3), ...ids(12, 9)]);
      expect(again.jobs[0]).toMatchObject({ attempts: 23, resumed_from_row: 1 });
      const attempts = (await world.results('a.csv')).filter((cells) => cells[5] === '2').map((cells) => cells[2]);
      expect(sorted(attempts.map(String))).toEqual(ids(3));
    },
  );

  it('that came before the start lets nothing out', async () => {
    const file = await world.put('a.csv', rowsText(3));
    expect(codes(await world.run(file, {}, { signal: AbortSignal.abort('SIGTERM') }))).toEqual([143, 'interrupted']);
    expect(world.seen).toEqual([]);
    expect((await world.run(file)).exitStatus).toBe(0);
  });

  it('ends a run that waits for the cap, for the server, or for a row’s next attempt', async () => {
    for (const [name, options, answer] of [
      ['cap.csv', { dailyCap: 5 }, taken],
      ['later.csv', {}, { status: 503, headers: { 'retry-after': '3600' } }],
      ['rest.csv', {}, { status: 500, headers: { 'retry-after': '3600' } }],
    ] as const) {
      const file = await world.put(name, rowsText(8));
      const stop = new AbortController();
      world.answer = () => answer;
      const run = world.run(file, options, { signal: stop.signal });
      world.clock.schedule(60_000, () => stop.abort('SIGTERM'));
      expect(codes(await run)).toEqual([143, 'interrupted']);
    }
  });

  it('ends a run whose reader waits for room behind a row that is held up', async () => {
    const file = await world.put('a.csv', `batch=thirdPartyId,row\nslow,1\n${',no id\n'.repeat(10_500)}`);
    const stop = new AbortController();
    world.answer = () => {
      world.clock.schedule(10_000, () => stop.abort('SIGTERM'));
      return 'stall';
    };
    const end = await world.run(file, { timeoutMs: 3_600_000 }, { signal: stop.signal });
    expect(codes(end)).toEqual([143, 'interrupted']);
    expect(end.jobs[0]?.rows.invalid).toBe(9999);
  });
});

describe('limits', () => {
  it('--max-duration stops with 7', async () => {
    const file = await world.put('a.csv', rowsText(30));
    expect(codes(await world.run(file, { ratePerSecond: 1, maxDurationMs: 10_000 }))).toEqual([7, 'max-duration']);
    expect(world.seen.length).toBeGreaterThan(5);
    expect(world.seen.length).toBeLessThan(15);
    expect((await world.run(file)).exitStatus).toBe(0);
    expect(sent()).toEqual([...new Set(sent())]);
  });

  it('--max-failures stops with 5 at one row more, in this run', async () => {
    const file = await world.put('a.csv', rowsText(30));
    world.answer = () => refusal;
    const limited = { maxFailures: { kind: 'rows', rows: 4 }, concurrency: 1 } as const;
    expect(codes(await world.run(file, limited))).toEqual([5, 'max-failures']);
    expect(world.seen).toHaveLength(5);
    expect(codes(await world.run(file, limited))).toEqual([5, 'max-failures']);
    expect(world.seen).toHaveLength(10);
    world.answer = () => taken;
    expect((await world.run(file, limited)).jobs[0]?.rows).toMatchObject({ refused: 10, submitted: 20 });
  });

  it('--max-failures as a share is judged from 1,000 rows on', async () => {
    const bad = ',x\n'.repeat(600);
    const few = await world.put('few.csv', `${rowsText(350)}${bad}`);
    const limited = { maxFailures: { kind: 'share', share: 0.5 } } as const;
    expect((await world.run(few, limited)).exitStatus).toBe(1);
    const many = await world.put('many.csv', `batch=thirdPartyId,row\n${bad}${bad}${rowsText(350, 2)}`);
    expect(codes(await world.run(many, limited))).toEqual([5, 'max-failures']);
  });

  it('--tolerate lets some rows go without status 1, of the whole job', async () => {
    const text = `${rowsText(8)},x\n,y\n`;
    const tolerated = await world.put('a.csv', text);
    expect((await world.run(tolerated, { tolerate: { kind: 'rows', rows: 2 } })).exitStatus).toBe(0);
    const share = await world.put('b.csv', text);
    expect((await world.run(share, { tolerate: { kind: 'share', share: 0.2 } })).exitStatus).toBe(0);
    const tooMany = await world.put('c.csv', text);
    expect((await world.run(tooMany, { tolerate: { kind: 'rows', rows: 1 } })).exitStatus).toBe(1);
  });
});

describe('the cap', () => {
  const dayMs = 24 * 3_600_000;

  it('used up stops the run with 4 and says when, with --on-cap stop', async () => {
    const file = await world.put('a.csv', rowsText(25));
    const capped = { dailyCap: 10, onCap: 'stop' } as const;
    const end = await world.run(file, capped);
    expect(codes(end)).toEqual([4, 'cap-used']);
    expect(end.error?.message).toMatch(/10 of 10 updates .* from 2026-01-02T/);
    expect(end.jobs[0]?.cap).toMatchObject({ limit: 10, used: world.seen.length });
    expect(codes(await world.run(file, capped))).toEqual([4, 'cap-used']);
    expect(world.seen.length).toBeLessThanOrEqual(10);
    await world.drive(world.clock.advance(2 * dayMs));
    expect(codes(await world.run(file, { dailyCap: 100, onCap: 'stop' }))).toEqual([0, null]);
    expect(sorted(sent())).toEqual(ids(25));
  });

  it('used up lets the run wait, and continue by itself as units come free', async () => {
    await world.run(await world.put('yesterday.csv', rowsText(10)), { dailyCap: 10 });
    await world.drive(world.clock.advance(dayMs - 300_000));
    const file = await world.put('a.csv', rowsText(10));
    const events: SendEvent[] = [];
    const end = await world.run(file, { dailyCap: 10 }, { onEvent: (event) => events.push(event) });
    expect(codes(end)).toEqual([0, null]);
    const times = world.seen.map(({ atMs }) => atMs);
    expect(times).toHaveLength(20);
    for (const [index, atMs] of times.slice(10).entries()) {
      expect(atMs - (times[index] ?? 0)).toBeGreaterThanOrEqual(dayMs);
    }
    expect(events.filter((event) => event.kind === 'hold').map(({ hold }) => hold.cause)).toContain('cap');
  });
});

describe('another run', () => {
  it('has the job: a second one ends with 75, says who, and changes nothing', async () => {
    const file = await world.put('a.csv', rowsText(5));
    let second: JobEnd | null = null;
    world.answer = async () => {
      second ??= await runJob(file, { ...world.options, restart: true }, {}, world.machine);
      return taken;
    };
    expect(codes(await world.run(file, { concurrency: 1 }))).toEqual([0, null]);
    expect(second).toMatchObject({ exitStatus: 75, jobs: [], error: { code: 'job-busy' } });
    expect(second).toMatchObject({ error: { message: expect.stringContaining(`process ${process.pid}`) } });
    expect(world.seen).toHaveLength(5);
  });

  it('has taken the job over: this one stops before its next attempt and writes nothing more', async () => {
    const file = await world.put('a.csv', rowsText(20));
    let report = '';
    let checkpoint = '';
    world.answer = async (_, index) => {
      if (index === 9) {
        await takeOver(file);
        world.clock.stepWall(60_000); // as after a suspension: nothing may be believed of the lease
        report = await readFile(`${file}.results.csv`, 'utf8');
        checkpoint = await readFile(`${file}.checkpoint.json`, 'utf8');
      }
      return taken;
    };
    expect(codes(await world.run(file, { concurrency: 1, ratePerSecond: 1 }))).toEqual([75, 'job-lost']);
    expect(world.seen).toHaveLength(10);
    expect(await readFile(`${file}.results.csv`, 'utf8')).toBe(report);
    expect(await readFile(`${file}.checkpoint.json`, 'utf8')).toBe(checkpoint);
    expect(await readFile(`${file}.lock`, 'utf8')).toContain('"other"');
  });

  it('has taken the job over while the last row was in flight: nothing is completed', async () => {
    const file = await world.put('a.csv', rowsText(5));
    world.answer = async (_, index) => {
      if (index === 4) {
        await takeOver(file);
        world.clock.stepWall(60_000);
      }
      return taken;
    };
    expect(codes(await world.run(file, { concurrency: 1 }))).toEqual([75, 'job-lost']);
    expect(JSON.parse(await readFile(`${file}.checkpoint.json`, 'utf8'))).toMatchObject({ state: 'open' });
  });

  it('has taken the job over while it was being completed: the checkpoint stays the other’s', async () => {
    const file = await world.put('a.csv', rowsText(5));
    world.disk.before = async (operation) => {
      if (!operation.startsWith('append a.csv.summary.json')) return;
      await takeOver(file);
      world.clock.stepWall(60_000);
    };
    expect(codes(await world.run(file))).toEqual([75, 'job-lost']);
    expect(JSON.parse(await readFile(`${file}.checkpoint.json`, 'utf8'))).toMatchObject({ state: 'open' });
  });

  it('has taken the job over: noticed at the next renewal where nothing stood still', async () => {
    const file = await world.put('a.csv', rowsText(60));
    world.answer = async (_, index) => {
      if (index === 9) await takeOver(file);
      return taken;
    };
    expect(codes(await world.run(file, { concurrency: 1, ratePerSecond: 1 }))).toEqual([75, 'job-lost']);
    expect(world.seen.length).toBeLessThan(17);
  });

  async function takeOver(file: string): Promise<void> {
    const holder = { host: 'other', pid: 1, pidNamespace: null, startedAt: null };
    const nowMs = world.clock.wallMs();
    const lease = { runId: 'x', holder, bootId: null, sinceMs: nowMs, renewedAtMs: nowMs, uptimeMs: 0, hold: null };
    await writeFile(`${file}.other`, formatLease(lease));
    await rename(`${file}.other`, `${file}.lock`);
  }
});

describe('a caller’s functions', () => {
  it('hear of each row in the order of the report', async () => {
    const file = await world.put('a.csv', `${rowsText(20)},no id\n`);
    const heard: number[] = [];
    await world.run(file, {}, { onRow: (row) => heard.push(row.rowNumber) });
    expect(heard).toEqual(await lines('a.csv'));
    expect(heard).toHaveLength(21);
  });

  it.each(['onRow', 'onEvent'] as const)('that throw (%s) end the run and lose no row', async (name) => {
    const file = await world.put('a.csv', rowsText(20));
    let callCount = 0;
    const broken = () => {
      callCount += 1;
      if (callCount === (name === 'onRow' ? 5 : 1)) throw new RangeError('of the caller');
    };
    await expect(world.run(file, {}, { [name]: broken })).rejects.toThrow('of the caller');
    const countBefore = world.seen.length;
    expect(countBefore).toBeLessThan(20);
    expect(codes(await world.run(file))).toEqual([0, null]);
    expect(sorted(sent())).toEqual(ids(20));
    expect((await lines('a.csv')).sort((a, b) => a - b)).toEqual(ids(20).map(byId));
  });

  it('that throw while other rows are in flight leave a job that resumes', async () => {
    const file = await world.put('a.csv', rowsText(20));
    world.answer = ({ id }) => (byId(id) <= 3 ? 'stall' : taken); // long enough for a checkpoint within --grace
    const onRow = () => {
      throw new RangeError('of the caller');
    };
    await expect(world.run(file, {}, { onRow })).rejects.toThrow('of the caller');
    world.answer = () => taken;
    expect(codes(await world.run(file))).toEqual([0, null]);
    expect((await lines('a.csv')).sort((a, b) => a - b)).toEqual(ids(20).map(byId));
  });
});
