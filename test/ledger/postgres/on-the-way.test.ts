import { describe, expect, it } from 'vitest';
import { type DrawEnd, draw } from '../../../src/ledger/ledger.js';
import type { Outcome } from '../../../src/ledger/ledger-home.js';
import { connect } from '../../../src/ledger/postgres/connect.js';
import { targetOf } from '../../../src/ledger/postgres/open-postgres.js';
import type { PostgresHome } from '../../../src/ledger/postgres/postgres-home.js';
import { BreakingWay, homeAt, type Step, stepOf, withClock } from '../../pacing/postgres/database.js';
import { isPostgresMissing, startPostgres } from '../../support/postgres.js';
import { type Fate, standsStill } from '../../support/postgres-relay.js';

/** Whatever becomes of a statement on its way, of the server or of a client: units are counted once. */

const server = isPostgresMissing ? null : await startPostgres(['fsync=off', 'synchronous_commit=off']);

const startMs = 1_700_000_000_000;
const steps: readonly Step[] = ['begin', 'read', 'write', 'commit'];
let ledgerCount = 0;

/** A ledger of its own, of which 10 units are used, 4 of them to be given back. */
async function world() {
  if (server === null) throw new Error('no server');
  ledgerCount += 1;
  const name = `real/acme-${ledgerCount}`;
  const turn: { fateOf: (text: string) => Fate | Promise<Fate>; onSlow: () => Promise<void> } = {
    fateOf: () => 'pass',
    onSlow: async () => {},
  };
  const way = new BreakingWay(server.url('postgres'), {
    behindMax: 3,
    fateOf: (text) => turn.fateOf(text),
    onSlow: () => turn.onSlow(),
  });
  const nowMs = () => startMs;
  const home = await homeAt(way, nowMs);
  const drawFrom = (from: PostgresHome, number: number, returned: ReadonlyMap<number, number> = new Map()) =>
    from.transact<DrawEnd>(
      name,
      draw({ name, number, limit: 1_000, reserve: 0, timeoutMs: 30_000, wantedUnits: 10, returned, lateUnits: 0 }),
    );
  const first = await drawFrom(home, 1);
  if (first.kind !== 'committed') throw first.trouble;
  const returned = new Map([[first.answer.drawn.bucketNumber, 4]]);
  const used = async () => {
    const rows = await server.query('postgres', `SELECT used FROM profile_drip.ledger WHERE name = '${name}'`);
    return Number(rows[0]?.used);
  };
  /** As a run does it: under the same number until it is committed. */
  const drawUntilCommitted = async (from: PostgresHome, number: number): Promise<string[]> => {
    const kinds: string[] = [];
    for (;;) {
      const outcome: Outcome<DrawEnd> = await drawFrom(from, number, returned);
      kinds.push(outcome.kind);
      if (outcome.kind === 'committed') return kinds;
    }
  };
  const open = () => homeAt(way, nowMs);
  return { way, home, turn, open, drawFrom, drawUntilCommitted, used, nowMs };
}

/** The next statement of this kind gets this fate, and only that one. */
function once(step: Step, fate: () => Fate | Promise<Fate>): (text: string) => Fate | Promise<Fate> {
  let isDone = false;
  return (text) => {
    if (isDone || stepOf(text) !== step) return 'pass';
    isDone = true;
    return fate();
  };
}

describe.skipIf(server === null)('a draw from a ledger in PostgreSQL', () => {
  it.each(steps)('counts once where its %s arrives late, at whichever point of its repetition', async (step) => {
    for (const behind of [1, 2, 3]) {
      const { way, home, drawUntilCommitted, used } = await world();
      for (let skipped = 1; skipped < behind; skipped += 1) await skipLate(way, home);
      way.breaks.push({ step, when: 'late' });
      const kinds = await drawUntilCommitted(home, 2);
      expect(kinds[0]).toBe(step === 'commit' ? 'unknown' : 'not-committed');
      const { arrivedLate, deliverLate } = await way.relay();
      await deliverLate();
      expect(arrivedLate).toHaveLength(behind);
      expect(await used()).toBe(16);
      await home.close();
      await way.close();
    }
  });

  it.each(steps)(
    'counts once where the server is killed before %s, and after it',
    { timeout: 30_000 },
    async (step) => {
      const restart = async () => {
        await server?.kill();
        await server?.start();
      };
      const { way, home, turn, drawUntilCommitted, used } = await world();
      turn.fateOf = once(step, async (): Promise<Fate> => {
        await restart();
        return 'before';
      });
      await drawUntilCommitted(home, 2);
      expect(await used()).toBe(16);
      // Answered, and killed before anything else is written: what was called committed is there.
      turn.onSlow = restart;
      turn.fateOf = once(step, () => 'slow');
      const [kind] = await drawUntilCommitted(home, 3);
      if (step === 'commit') expect(kind).toBe('committed');
      expect(await used()).toBe(22);
      await home.close();
      await way.close();
    },
  );

  it('does not keep others waiting where its client stands still before COMMIT, and counts once later', async () => {
    const { way, turn, open, drawFrom, drawUntilCommitted, used, nowMs } = await world();
    const target = await targetOf(await way.url(), {});
    const still = await homeAt(way, nowMs, {
      connect: async () => {
        const real = withClock(await connect(target, way.clock), nowMs);
        const run: typeof real.run = (text, values) =>
          real.run(text.replace("session_timeout = '10s'", "session_timeout = '300ms'"), values);
        return { ...real, run };
      },
    });
    const standing = standsStill();
    turn.fateOf = once('commit', standing.fateOf);
    const drawing = drawFrom(still, 1);
    await standing.isReached;
    const other = await open();
    await drawUntilCommitted(other, 1); // the server ends the transaction of who stands still
    expect(await used()).toBe(16);
    standing.moveOn();
    expect((await drawing).kind).toBe('unknown');
    const again = await drawFrom(still, 1);
    expect(again).toMatchObject({ kind: 'committed', answer: { wasCommitted: false, drawn: { usedUnits: 26 } } });
    await way.close();
  });

  it('sees what others did where its client stands still between reading and writing', async () => {
    const { way, home, turn, open, drawFrom, drawUntilCommitted, used } = await world();
    const standing = standsStill();
    turn.fateOf = once('write', standing.fateOf);
    const drawing = drawFrom(home, 2);
    await standing.isReached;
    await drawUntilCommitted(await open(), 1);
    standing.moveOn();
    expect(await drawing).toMatchObject({ kind: 'committed', answer: { drawn: { usedUnits: 26 } } });
    expect(await used()).toBe(26);
    await way.close();
  });
});

/** The relay's next late statement is one further behind. */
async function skipLate(way: BreakingWay, home: PostgresHome): Promise<void> {
  way.breaks.push({ step: 'read', when: 'late' });
  await home.read('real/none', () => null).catch(() => null);
  await (await way.relay()).deliverLate();
}
