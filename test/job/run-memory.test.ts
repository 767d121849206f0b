import { beforeEach, describe, expect, it } from 'vitest';
import type { JobEnd } from '../../src/job/run-job.js';
import type { Machine } from '../../src/job/terms/machine.js';
import type { Cancel, Clock } from '../../src/platform/ports.js';
import { heldMemory } from '../memory/support/held-memory.js';
import { type HeldRecords, heldRecords } from '../memory/support/held-store.js';
import { type RunWorld, runWorld, taken } from './support/job-run-world.js';

/** What the loop makes of the memory of --changed-only. */

let world: RunWorld;
let held: HeldRecords;

beforeEach(async () => {
  world = await runWorld();
  held = heldRecords();
});

const text = (value: string, count = 6) =>
  `batch=thirdPartyId,x\n${Array.from({ length: count }, (_, index) => `v${index + 1},${value}\n`).join('')}`;
const codes = ({ error, exitStatus }: JobEnd) => [exitStatus, error?.code ?? null];
const values = (id: string) => world.seen.filter((one) => one.id === id).map((one) => one.values.get('profile.x'));
const statuses = async (name: string) => (await world.results(name)).map((cells) => cells[3]);

/** A process that can be stopped: what comes due meanwhile runs when it continues. */
function stoppable(clock: Clock): { clock: Clock; stop(): void; continue(): void } {
  let due: (() => void)[] | null = null;
  return {
    clock: {
      wallMs: () => clock.wallMs(),
      monotonicMs: () => clock.monotonicMs(),
      schedule(delayMs, run): Cancel {
        let isCancelled = false;
        const runUnlessCancelled = () => {
          if (!isCancelled) run();
        };
        clock.schedule(delayMs, () => (due === null ? runUnlessCancelled() : due.push(runUnlessCancelled)));
        return () => {
          isCancelled = true;
        };
      },
    },
    stop() {
      due = [];
    },
    continue() {
      const waiting = due ?? [];
      due = null;
      for (const run of waiting) run();
    },
  };
}

const withMemory = (clock: Clock = world.clock): Partial<Machine> => ({
  clock,
  openMemory: () => heldMemory(held, { ...world.clock, ...clock }),
});
const changedOnly = { changedOnly: true, timeoutMs: 1000, concurrency: 1 };

describe('a run that stood still', () => {
  it('marks its rows again before they leave, so that what a later run calls unchanged is what Target holds', async () => {
    const process = stoppable(world.clock);
    const [a, b, c] = await Promise.all([
      world.put('a.csv', text('old')),
      world.put('b.csv', text('new')),
      world.put('c.csv', text('new')),
    ]);
    let endOfB: JobEnd | null = null;
    world.answer = async (_, index) => {
      if (index !== 2) return taken;
      process.stop();
      await world.clock.advance(85_000);
      endOfB = await world.run(b, changedOnly, {}, withMemory());
      process.continue();
      return taken;
    };
    const endOfA = await world.run(a, { ...changedOnly, ratePerSecond: 1 }, {}, withMemory(process.clock));
    expect(endOfB).toMatchObject({ exitStatus: 0 });
    expect(codes(endOfA)).toEqual([0, null]);
    expect(values('v6')).toEqual(['new', 'old']);
    world.answer = () => taken;
    expect((await world.run(c, changedOnly, {}, withMemory())).exitStatus).toBe(0);
    for (const id of ['v1', 'v2', 'v3', 'v4', 'v5', 'v6']) expect(values(id).at(-1)).toBe('new');
  });
});

describe('a run that stood still while an attempt waited for its connection', () => {
  it('does not let it leave: the memory is asked in the step in which bytes leave', async () => {
    const process = stoppable(world.clock);
    const [a, b] = [await world.put('a.csv', text('old')), await world.put('b.csv', text('new'))];
    let count = 0;
    const openTransport: Machine['openTransport'] = async (origin, options) => {
      const transport = await world.machine.openTransport(origin, options);
      const meanwhile = async () => {
        process.stop();
        await world.clock.advance(85_000);
        await world.run(b, changedOnly, {}, withMemory());
      };
      return {
        ...{ abortAll: () => transport.abortAll(), close: () => transport.close() },
        send(outgoing, sender) {
          count += 1;
          if (count !== 4) return transport.send(outgoing, sender);
          // The bytes would leave before any timer of this process runs again.
          void meanwhile().then(() => {
            transport.send(outgoing, { mayStart: () => sender.mayStart(), settled: (reply) => sender.settled(reply) });
            process.continue();
          });
        },
      };
    };
    const end = await world.run(a, changedOnly, {}, { ...withMemory(process.clock), openTransport });
    expect(codes(end)).toEqual([0, null]);
    const c = await world.put('c.csv', text('new'));
    await world.run(c, changedOnly, {}, withMemory());
    for (const id of ['v4', 'v5', 'v6']) expect(values(id).at(-1)).toBe('new');
  });
});

describe('a run that stood still and that nobody took to be over', () => {
  it('says that it is there, and sends the rest', async () => {
    const process = stoppable(world.clock);
    const a = await world.put('a.csv', text('x'));
    world.answer = async (_, index) => {
      if (index !== 2) return taken;
      process.stop();
      await world.clock.advance(85_000);
      process.continue();
      return taken;
    };
    const end = await world.run(a, { ...changedOnly, ratePerSecond: 1 }, {}, withMemory(process.clock));
    expect(codes(end)).toEqual([0, null]);
    expect(end.jobs[0]?.rows).toMatchObject({ submitted: 6 });
  });
});

describe('a row of several attempts', () => {
  it('is not unchanged once an attempt was made, and leaves a doubt, because one of them may arrive late', async () => {
    const examined: (readonly [string, boolean])[] = [];
    const submitted: boolean[] = [];
    const openMemory = async () => {
      const memory = await heldMemory(held, world.clock);
      const { examine, submitted: tell } = memory;
      memory.examine = (rows) => {
        examined.push(...rows.map(({ form, wasAttempted }) => [form.split(/[=&]/)[1] ?? '', wasAttempted] as const));
        return examine.call(memory, rows);
      };
      memory.submitted = (mark, wasOnlyAttempt) => {
        submitted.push(wasOnlyAttempt);
        tell.call(memory, mark, wasOnlyAttempt);
      };
      return memory;
    };
    world.answer = (_, index) => (index === 0 ? { status: 503, headers: { 'retry-after': '90' } } : taken);
    await world.run(await world.put('a.csv', text('x', 2)), changedOnly, {}, { openMemory });
    expect(examined).toEqual([
      ['v1', false],
      ['v2', false],
      ['v1', true],
      ['v2', false],
    ]);
    expect(submitted).toEqual([false, true]);
  });
});

describe('a refused row', () => {
  it('is not remembered as submitted: the next run sends it again', async () => {
    const [a, b] = [await world.put('a.csv', text('x')), await world.put('b.csv', text('x'))];
    world.answer = ({ id }) => (id === 'v3' ? { status: 400, body: '<error>no</error>' } : taken);
    await world.run(a, changedOnly, {}, withMemory());
    expect((await statuses('a.csv')).filter((status) => status === 'refused')).toHaveLength(1);
    await world.run(b, changedOnly, {}, withMemory());
    expect(world.seen.slice(6).map(({ id }) => id)).toEqual(['v3']);
  });
});
