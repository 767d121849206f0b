import { expect, it } from 'vitest';
import { runJob } from '../../../src/job/run-job.js';
import type { Sender, Transport } from '../../../src/platform/ports.js';
import { heldMemory } from '../../memory/support/held-memory.js';
import { type HeldRecords, heldRecords } from '../../memory/support/held-store.js';
import { settle } from '../../support/index.js';
import { runWorld } from '../support/job-run-world.js';

const minuteMs = 60_000;
const submitted = {
  kind: 'answered',
  httpStatus: 200,
  retryAfter: null,
  body: 'trueRequest successfully submitted',
} as const;

/** A network whose connections and replies the test makes. */
class HandMadeConnections implements Transport {
  /** What waits for a connection. */
  readonly waiting: { readonly body: string | null; readonly sender: Sender }[] = [];

  send({ body }: { readonly body: string | null }, sender: Sender): void {
    this.waiting.push({ body, sender });
  }

  /** Makes a connection for the oldest; says whether the attempt left, and lets it be answered. */
  connect(): { readonly body: string | null; readonly hasLeft: boolean; readonly answer: () => void } {
    const first = this.waiting.shift();
    if (first === undefined) throw new Error('nothing waits for a connection');
    const { body, sender } = first;
    const hasLeft = sender.mayStart();
    const answer = () => queueMicrotask(() => sender.settled(submitted));
    if (!hasLeft) queueMicrotask(() => sender.settled({ kind: 'not-started' }));
    return { body, hasLeft, answer };
  }

  abortAll(): void {}

  async close(): Promise<void> {}
}

/** A run whose time the test moves. */
async function start(text: string, held: HeldRecords, ratePerSecond: number) {
  const world = await runWorld();
  const network = new HandMadeConnections();
  const { clock } = world;
  const file = await world.put('night.csv', text);
  const options = { ...world.options, changedOnly: true, concurrency: 1, ratePerSecond };
  const openMemory = () => heldMemory(held, clock);
  const machine = { ...world.machine, openTransport: async () => network, openMemory };
  let isOver = false;
  const run = runJob(file, options, {}, machine).finally(() => {
    isOver = true;
  });
  /** In steps, so that the lock is renewed; a step takes as long as the disk does. */
  const advance = async (seconds: number) => {
    for (let step = 0; step < 2 * seconds; step += 1) {
      do await settle();
      while (!world.disk.isIdle());
      await clock.advance(500);
    }
  };
  return {
    ...{ world, network, advance },
    async connected() {
      while (network.waiting.length === 0) await advance(0.5);
    },
    async end() {
      while (!isOver) await advance(0.5);
      return run;
    },
  };
}

it('lets no attempt leave under a mark that became too old while its connection was made: the row is marked anew', async () => {
  const held = heldRecords();
  const { world, network, advance, connected, end } = await start('batch=thirdPartyId,x\nv1,1\nv1,2\n', held, 1 / 62);
  const { clock } = world;
  await connected();
  const startMs = clock.monotonicMs();
  const atSecond = (second: number) => advance((startMs + second * 1_000 - clock.monotonicMs()) / 1_000);
  const first = network.connect();
  await atSecond(5);
  first.answer(); // the second row is marked now, and goes out at second 62
  await connected();
  expect(clock.monotonicMs() - startMs).toBeGreaterThan(61_000);
  await atSecond(66);
  // The lock is held and the permit is good: the mark alone is too old.
  const before = [...held.visitors.values()];
  expect(network.connect().hasLeft).toBe(false);
  await connected();
  expect([...held.visitors.values()]).not.toEqual(before);
  const again = network.connect();
  expect(again.hasLeft).toBe(true);
  again.answer();
  expect((await end()).exitStatus).toBe(0);
  const results = await world.results('night.csv');
  expect(results.map((cells) => [cells[3], cells[5]])).toEqual([
    ['submitted', '1'],
    ['submitted', '1'],
  ]);
});

it('judges a row in its turn: one that repeats what the row in front of it set is unchanged, one that sets it back is sent', async () => {
  const held = heldRecords();
  const night = await start('batch=thirdPartyId,x\nv1,1\nv1,1\nv1,2\nv1,1\n', held, 0);
  const left: (string | null)[] = [];
  while (left.length < 3) {
    await night.connected();
    const { body, hasLeft, answer } = night.network.connect();
    if (!hasLeft) continue; // results are to be written first
    left.push(body);
    answer();
  }
  expect((await night.end()).exitStatus).toBe(0);
  expect(left.map((body) => body?.split('=').at(-1))).toEqual(['1', '2', '1']);
  const results = await night.world.results('night.csv');
  expect(results.map((cells) => cells[3])).toEqual(['submitted', 'unchanged', 'submitted', 'submitted']);
  const next = await start('batch=thirdPartyId,x\nv1,1\n', held, 0);
  expect((await next.end()).jobs[0]?.rows).toMatchObject({ unchanged: 1, submitted: 0 });
});

it('remembers neither a refused row nor one that failed', async () => {
  const held = heldRecords();
  const world = await runWorld();
  world.answer = ({ id }) => (id === 'v1' ? { status: 400, body: '<error>no</error>' } : { status: 500 });
  const openMemory = () => heldMemory(held, world.clock);
  const file = await world.put('night.csv', 'batch=thirdPartyId,x\nv1,1\nv2,1\nv3,1\n');
  const options = { changedOnly: true, retries: 1, maxFailures: { kind: 'rows', rows: 100 } } as const;
  const first = await world.run(file, options, {}, { openMemory });
  expect(first.jobs[0]?.rows).toMatchObject({ refused: 1, failed: 2 });
  world.answer = () => ({ body: 'trueRequest successfully submitted' });
  await world.clock.advance(10 * minuteMs);
  const second = await world.run(file, { ...options, restart: true }, {}, { openMemory });
  expect(second.jobs[0]?.rows).toMatchObject({ submitted: 3, unchanged: 0 });
  const third = await world.run(file, { ...options, restart: true }, {}, { openMemory });
  expect(third.jobs[0]?.rows).toMatchObject({ submitted: 0, unchanged: 3 });
});
