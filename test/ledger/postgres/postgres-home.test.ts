import { describe, expect, it } from 'vitest';
import { dayMs } from '../../../src/ledger/buckets.js';
import { type Draw, type DrawEnd, draw, verify } from '../../../src/ledger/ledger.js';
import type { Outcome } from '../../../src/ledger/ledger-home.js';
import { connect } from '../../../src/ledger/postgres/connect.js';
import { targetOf } from '../../../src/ledger/postgres/open-postgres.js';
import type { PostgresHome, PostgresHomeOptions } from '../../../src/ledger/postgres/postgres-home.js';
import { databaseClock } from '../../../src/ledger/postgres/statements.js';
import { systemClock } from '../../../src/platform/clock.js';
import { type Break, BreakingWay, breakTimes, homeAt } from '../../pacing/postgres/database.js';
import { isPostgresMissing, startPostgres } from '../../support/postgres.js';

const server = isPostgresMissing ? null : await startPostgres(['fsync=off', 'synchronous_commit=off']);

const name = 'real/acme';
const startMs = 1_700_000_000_000;
const begun = 2 * dayMs;

/** A schema of its own, the test's clock in it, and homes that break where the test says. */
async function database() {
  if (server === null) throw new Error('no server');
  const url = server.url('postgres');
  await server.query(
    'postgres',
    'DROP SCHEMA IF EXISTS profile_drip CASCADE; DROP TABLE IF EXISTS public.watched; DROP FUNCTION IF EXISTS public.watch',
  );
  const clock = { nowMs: startMs };
  const monotonic = { ms: 1_000 };
  const onSlow = () => {
    monotonic.ms += 1_000;
  };
  const way = new BreakingWay(url, { onSlow, behindMax: 2 });
  const { breaks } = way;
  const open = (options: Partial<PostgresHomeOptions> = {}) => homeAt(way, () => clock.nowMs, options);
  const query = (text: string) => server.query('postgres', text);
  const used = async () => Number((await query('SELECT used FROM profile_drip.ledger'))[0]?.used);
  return { clock, monotonic, breaks, way, open, query, used, url };
}

function request(number: number, given: Partial<Draw> = {}): Draw {
  const none = { wantedUnits: 10, returned: new Map<number, number>(), lateUnits: 0 };
  return { name, number, limit: 1_000, reserve: 0, timeoutMs: 30_000, ...none, ...given };
}

function drawFrom(home: PostgresHome, number: number, given: Partial<Draw> = {}): Promise<Outcome<DrawEnd>> {
  return home.transact(name, draw(request(number, given)));
}

async function drawn(outcome: Promise<Outcome<DrawEnd>>): Promise<DrawEnd['drawn']> {
  const end = await outcome;
  if (end.kind !== 'committed') throw new Error(`${end.kind}: ${end.trouble.message}`);
  return end.answer.drawn;
}

describe.skipIf(server === null)('a ledger in PostgreSQL', () => {
  it('creates its tables at first use, and is one for all', async () => {
    const { open, query } = await database();
    const [one, other, looker] = [await open(), await open(), await open({ creates: false })];
    expect(await looker.names()).toEqual([]);
    expect(await looker.read(name, ({ ledger }) => ledger)).toBeNull();
    expect((await drawn(drawFrom(one, 1))).usedUnits).toBe(10);
    expect((await drawn(drawFrom(other, 1))).usedUnits).toBe(20);
    expect(await other.names()).toEqual([name]);
    expect(await other.read(name, (state) => verify(state, name))).toBe(true);
    expect(await query('SELECT format FROM profile_drip.meta')).toEqual([{ format: 2 }]);
  });

  it('counts what many draw at once to the unit, from the first draw on', async () => {
    const { open, used } = await database();
    const homes = await Promise.all(Array.from({ length: 6 }, () => open()));
    const units = await Promise.all(
      homes.map(async (home) => {
        let sum = 0;
        for (let number = 1; number <= 12; number += 1) {
          let end = await drawFrom(home, number, { wantedUnits: 3 });
          while (end.kind !== 'committed') end = await drawFrom(home, number, { wantedUnits: 3 });
          sum += end.answer.drawn.grantedUnits;
        }
        return sum;
      }),
    );
    expect(units).toEqual([36, 36, 36, 36, 36, 36]);
    expect(await used()).toBe(216);
  });

  describe('whose connection breaks', () => {
    const untilCommit: Break[] = (['begin', 'read', 'write'] as const).flatMap((step) =>
      breakTimes.map((when) => ({ step, when })),
    );
    it.each([...untilCommit, { step: 'commit' as const, when: 'before' as const }])(
      'draws once, and gives back once ($step, $when)',
      async (broken) => {
        const { open, breaks, used } = await database();
        const home = await open();
        const { bucketNumber } = await drawn(drawFrom(home, 1));
        breaks.push(broken);
        const given = { returned: new Map([[bucketNumber, 4]]), wantedUnits: 3 };
        const first = await drawFrom(home, 2, given);
        expect(first.kind).toBe(broken.step === 'commit' ? 'unknown' : 'not-committed');
        const again = await drawFrom(home, 2, given);
        expect(again).toMatchObject({ kind: 'committed', answer: { wasCommitted: false, drawn: { usedUnits: 9 } } });
        expect(await used()).toBe(9);
        await home.close();
      },
    );

    it('is not asked twice for what it had committed', async () => {
      const { open, breaks, used } = await database();
      const home = await open();
      const { bucketNumber } = await drawn(drawFrom(home, 1));
      breaks.push({ step: 'commit', when: 'after' });
      const given = { returned: new Map([[bucketNumber, 4]]), wantedUnits: 3 };
      const first = await drawFrom(home, 2, given);
      expect(first).toMatchObject({ kind: 'unknown', trouble: { code: 'state-unreachable' } });
      const again = await drawFrom(home, 2, given);
      expect(again).toMatchObject({ kind: 'committed', answer: { wasCommitted: true, drawn: { usedUnits: 9 } } });
      expect(await used()).toBe(9);
      await home.close();
    });
  });

  it('lets a grant count from before the server reads its clock', async () => {
    const { open, breaks, monotonic } = await database();
    const home = await open({ clock: { ...systemClock, monotonicMs: () => monotonic.ms } });
    await drawn(drawFrom(home, 1));
    for (const step of ['read', 'write', 'commit'] as const) breaks.push({ step, when: 'slow' });
    expect(await drawFrom(home, 2)).toMatchObject({ kind: 'committed', from: { monotonicMs: 1_000 } });
    expect(monotonic.ms).toBe(4_000);
    breaks.push({ step: 'begin', when: 'slow' }, { step: 'read', when: 'slow' });
    expect(await drawFrom(home, 3)).toMatchObject({ kind: 'committed', from: { monotonicMs: 5_000 } });
  });

  it('takes nothing for done but a clean COMMIT', async () => {
    const { open, url } = await database();
    const answers: { command: string; noticeCount: number }[] = [];
    const home = await open();
    await drawn(drawFrom(home, 1));
    const target = await targetOf(url, {});
    const doubtful = await open({
      connect: async () => {
        const real = await connect(target, systemClock);
        return {
          ...real,
          run: async (text, values) => {
            const result = await real.run(text.replace('/*clock*/0', String(startMs)), values);
            const answer = text === 'COMMIT' ? answers.shift() : undefined;
            return answer === undefined ? result : { ...result, ...answer };
          },
        };
      },
    });
    answers.push({ command: 'ROLLBACK', noticeCount: 0 });
    expect((await drawFrom(doubtful, 1)).kind).toBe('not-committed');
    answers.push({ command: 'COMMIT', noticeCount: 1 });
    expect((await drawFrom(doubtful, 2)).kind).toBe('unknown');
    answers.push({ command: 'SOMETHING', noticeCount: 0 });
    expect((await drawFrom(doubtful, 3)).kind).toBe('unknown');
    expect((await drawFrom(doubtful, 3)).kind).toBe('committed');
  });

  it('sees that an aborted transaction is rolled back, and waits for the disk whatever the server says', async () => {
    const { open, query } = await database();
    const home = await open({ clockSql: databaseClock });
    await drawn(drawFrom(home, 1));
    // What the server has as its default is `off`.
    expect(await query('SHOW synchronous_commit')).toEqual([{ synchronous_commit: 'off' }]);
    await query(`CREATE FUNCTION public.watch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO public.watched VALUES (current_setting('synchronous_commit'), current_setting('transaction_isolation'));
      RETURN NEW; END $$; CREATE TABLE public.watched (durability text, isolation text);
      CREATE TRIGGER watch BEFORE UPDATE ON profile_drip.ledger FOR EACH ROW EXECUTE FUNCTION public.watch()`);
    await drawn(drawFrom(home, 2));
    expect(await query('SELECT * FROM public.watched')).toEqual([{ durability: 'on', isolation: 'read committed' }]);
  });

  describe('whose clock steps', () => {
    it('counts a step back not at all, and what follows it once', async () => {
      const { open, clock, query } = await database();
      const home = await open();
      await drawn(drawFrom(home, 1));
      const ledgerMs = async () => Number((await query('SELECT ledger_ms FROM profile_drip.ledger'))[0]?.ledger_ms);
      clock.nowMs += 900;
      await drawn(drawFrom(home, 2));
      clock.nowMs -= 800;
      await drawn(drawFrom(home, 3));
      clock.nowMs += 700;
      await drawn(drawFrom(home, 4));
      expect(await ledgerMs()).toBe(begun + 900);
      clock.nowMs += 150;
      await drawn(drawFrom(home, 5));
      expect(await ledgerMs()).toBe(begun + 950);
    });

    it('is away while it is more than a minute behind what was seen', async () => {
      const { open, clock } = await database();
      const home = await open();
      await drawn(drawFrom(home, 1));
      clock.nowMs -= 60_001;
      expect(await drawFrom(home, 2)).toMatchObject({ kind: 'not-committed', trouble: { code: 'state-clock' } });
      await expect(home.read(name, () => null)).rejects.toMatchObject({ code: 'state-clock' });
      clock.nowMs += 1;
      await drawn(drawFrom(home, 2));
    });

    it('is not believed by a run that was awake, and by nobody until real time is there', async () => {
      const { open, clock, query } = await database();
      const home = await open();
      await drawn(drawFrom(home, 1));
      await drawn(drawFrom(home, 2));
      clock.nowMs += 3_600_000;
      await drawn(drawFrom(home, 3));
      const [row] = await query('SELECT ledger_ms, counted_to_ms, high_ms FROM profile_drip.ledger');
      expect(Number(row?.ledger_ms)).toBeLessThan(begun + 60_000);
      expect(Number(row?.high_ms)).toBe(startMs + 3_600_000);
      // Another run moved it before: it stands still.
      const stranger = await open();
      clock.nowMs += 3_600_000;
      await drawn(drawFrom(stranger, 1));
      await drawn(drawFrom(home, 4));
      const [after] = await query('SELECT ledger_ms, counted_to_ms FROM profile_drip.ledger');
      expect(Number(after?.ledger_ms)).toBeGreaterThanOrEqual(begun + 3_600_000);
      expect(Number(after?.counted_to_ms)).toBeGreaterThan(clock.nowMs + 3_000_000);
    });

    it('frees units a day and a minute after their bucket settled', async () => {
      const { open, clock } = await database();
      const home = await open();
      const first = await drawn(drawFrom(home, 1, { limit: 20, wantedUnits: 20 }));
      const settledMs = 10_000 + 30_000 + 1_000;
      expect(first.nextFreeInMs).toBe(settledMs + dayMs + 60_000);
      clock.nowMs += settledMs + dayMs + 60_000 - 1;
      const stranger = await open(); // it has no clocks of before to refute this with
      expect((await drawn(drawFrom(stranger, 1, { wantedUnits: 0 }))).usedUnits).toBe(10);
      clock.nowMs += 1;
      expect((await drawn(drawFrom(await open(), 1, { wantedUnits: 0 }))).usedUnits).toBe(0);
    });
  });

  it('reads no more buckets than a draw needs, and more where it does', async () => {
    const { open, clock, query } = await database();
    const units = 200;
    await drawn(drawFrom(await open(), 1, { wantedUnits: 1 }));
    await query(`INSERT INTO profile_drip.bucket SELECT '${name}', i, i, 1, i * 10000, ${begun + dayMs} + i * 1000
      FROM generate_series(0, ${units - 1}) i;
      UPDATE profile_drip.ledger SET used = ${units + 1}, next_index = ${units}`);
    const lowered = await drawn(drawFrom(await open(), 1, { limit: 50, wantedUnits: 1 }));
    expect(lowered).toMatchObject({ grantedUnits: 0, usedUnits: units + 1 });
    expect(lowered.nextFreeInMs).toBeGreaterThan(0);
    clock.nowMs += 3 * dayMs;
    expect((await drawn(drawFrom(await open(), 1, { wantedUnits: 0 }))).usedUnits).toBe(0);
  });

  describe('that was restored', () => {
    it.each([
      ['an older version', 'UPDATE profile_drip.ledger SET version = version - 1'],
      ['another id', "UPDATE profile_drip.ledger SET id = '00000000-0000-4000-8000-000000000000'"],
      ['none at all', 'DELETE FROM profile_drip.ledger'],
      ['another server', "UPDATE profile_drip.ledger SET server = '7'"],
      ['another timeline', "UPDATE profile_drip.ledger SET timeline = '00000002'"],
    ])('is refused by a run that was using it: %s', async (_title, change) => {
      const { open, query } = await database();
      const home = await open();
      await drawn(drawFrom(home, 1));
      await query(change);
      await expect(drawFrom(home, 2)).rejects.toMatchObject({ code: 'state-restored', exitStatus: 6 });
    });

    it('counts again once it is accepted, with what it may have missed', async () => {
      const { open, query, used } = await database();
      const home = await open();
      await drawn(drawFrom(home, 1));
      await query("UPDATE profile_drip.ledger SET timeline = '00000002'");
      const fresh = await open();
      await expect(drawFrom(fresh, 1)).rejects.toMatchObject({ code: 'state-restored' });
      const accepter = await open();
      const end = await accepter.accept(name, draw(request(1, { wantedUnits: 0, lateUnits: 500 })));
      expect(end.kind).toBe('committed');
      expect(await used()).toBe(510);
      expect((await drawn(drawFrom(fresh, 1))).usedUnits).toBe(520);
      await expect(drawFrom(home, 2)).rejects.toMatchObject({ code: 'state-restored' }); // it has another id
    });
  });

  it.each([
    ['another version of the schema', 'UPDATE profile_drip.meta SET format = 1', 'state-version'],
    ['a ledger of another version', 'UPDATE profile_drip.ledger SET format = 1', 'state-version'],
    ['tables that a crash empties', 'ALTER TABLE profile_drip.bucket SET UNLOGGED', 'state-version'],
    ['a column that is missing', 'ALTER TABLE profile_drip.ledger DROP COLUMN open', 'state-version'],
    ['a count that is none', 'UPDATE profile_drip.ledger SET used = -1', 'ledger-damaged'],
    ['open buckets in another form', "UPDATE profile_drip.ledger SET open = '[[1]]'", 'ledger-damaged'],
  ])('refuses %s', async (_title, change, code) => {
    const { open, query } = await database();
    const home = await open();
    await drawn(drawFrom(home, 1));
    await query(change);
    await expect(drawFrom(home, 2)).rejects.toMatchObject({ code, exitStatus: 6 });
    await expect((await open()).read(name, () => null)).rejects.toMatchObject({ code, exitStatus: 6 });
  });

  it('keeps loopback ledgers of machines apart', async () => {
    const { open } = await database();
    const [one, other] = [await open({ machine: 'one' }), await open({ machine: 'two' })];
    expect(one.nameOf('Acme', false)).toBe(other.nameOf('acme', false));
    const loopback = one.nameOf('Acme', true);
    expect(loopback).not.toBe(other.nameOf('Acme', true));
    await one.transact(loopback, draw({ ...request(1), name: loopback }));
    expect(await one.names()).toEqual([loopback]);
    expect(await other.names()).toEqual([]);
  });

  it('is away while another transaction holds the row, and the wait is bounded', async () => {
    const { open, query } = await database();
    const home = await open();
    await drawn(drawFrom(home, 1));
    const holding = query('BEGIN; SELECT 1 FROM profile_drip.ledger FOR UPDATE; SELECT pg_sleep(4); COMMIT');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await drawFrom(home, 2)).toMatchObject({ kind: 'not-committed', trouble: { code: 'state-busy' } });
    await holding;
    await drawn(drawFrom(home, 2));
  });
});
