import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryWorld, type Row, timeoutMs } from './support/memory-world.js';

const visitors = ['v', 'w'];
const values = ['0', '1', '2'];

const row: fc.Arbitrary<Row> = fc.record({
  visitor: fc.constantFrom(...visitors),
  attributes: fc
    .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom(...values)), {
      minLength: 1,
      maxLength: 3,
      selector: ([name]) => name,
    })
    .map((pairs) => Object.fromEntries(pairs)),
});

type Step = (world: MemoryWorld) => Promise<void> | void;

const choice = fc.nat(20);
const visitor = fc.constantFrom(...visitors);

function onRun(act: (world: MemoryWorld, run: NonNullable<ReturnType<MemoryWorld['run']>>) => Promise<void> | void) {
  return (world: MemoryWorld, index: number) => {
    const run = world.run(index);
    return run === null ? undefined : act(world, run);
  };
}

const examine = fc
  .tuple(
    choice,
    fc.array(row, { minLength: 1, maxLength: 4 }),
    fc.constantFrom(null, null, null, null, 'before', 'after'),
  )
  .map(([index, rows, cut]): Step => {
    const act = onRun((world, run) => world.examine(run, rows, cut === 'before' || cut === 'after' ? cut : null));
    return (world) => act(world, index);
  });
const attempt = fc
  .tuple(choice, visitor, fc.constantFrom('taken', 'taken', 'taken', 'silence', 'refused'))
  .map(([index, who, outcome]): Step => {
    const kind = outcome === 'silence' || outcome === 'refused' ? outcome : 'taken';
    const act = onRun((world, run) => world.try(run, who, kind));
    return (world) => act(world, index);
  });
/** A run at its usual work. */
const work = fc.tuple(choice, fc.array(row, { minLength: 1, maxLength: 3 })).map(([index, rows]): Step => {
  const act = onRun(async (world, run) => {
    await world.examine(run, rows, null);
    for (const { visitor: who } of rows) world.try(run, who, 'taken');
    await world.advance(1_000);
  });
  return (world) => act(world, index);
});
const giveUp = fc.tuple(choice, visitor).map(([index, who]): Step => {
  const act = onRun((world, run) => world.giveUp(run, who));
  return (world) => act(world, index);
});
const open = fc.tuple(fc.constantFrom('job1', 'job2', 'job3', 'job4'), fc.boolean()).map(
  ([job, skips]): Step =>
    (world) =>
      world.open(job, skips),
);
const end = fc.tuple(choice, fc.boolean()).map(([index, isOrderly]): Step => {
  const act = onRun((world, run) => (isOrderly ? world.close(run) : world.kill(run)));
  return (world) => act(world, index);
});
const standStill = choice.map((index): Step => {
  const act = onRun((world, run) => world.stop(run));
  return (world) => act(world, index);
});
const goOn = choice.map(
  (index): Step =>
    (world) => {
      const run = world.stoppedRun(index);
      return run === null ? undefined : world.goOn(run);
    },
);
const arrive = choice.map(
  (index): Step =>
    (world) =>
      world.arrive(index),
);
const pass = fc.constantFrom(1_000, 1_000, timeoutMs, 100_000, 2 * 3_600_000).map(
  (ms): Step =>
    (world) =>
      world.advance(ms),
);
const reboot = fc.constant<Step>((world) => world.reboot());
const forget = fc.constant<Step>((world) => world.forget());
const stepWall = fc.constantFrom(0, 900_000, 3_500_000).map(
  (ms): Step =>
    (world) =>
      world.setWallAhead(ms),
);

const step = fc.oneof(
  { arbitrary: examine, weight: 24 },
  { arbitrary: work, weight: 24 },
  { arbitrary: attempt, weight: 36 },
  { arbitrary: pass, weight: 18 },
  { arbitrary: open, weight: 9 },
  { arbitrary: arrive, weight: 6 },
  { arbitrary: end, weight: 6 },
  { arbitrary: giveUp, weight: 3 },
  { arbitrary: standStill, weight: 3 },
  { arbitrary: goOn, weight: 4 },
  { arbitrary: stepWall, weight: 3 },
  { arbitrary: reboot, weight: 1 },
  { arbitrary: forget, weight: 1 },
);

describe('the memory, whatever happens to its runs', () => {
  it('takes for known only what Target holds', async () => {
    let knownCount = 0;
    let unchangedCount = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }),
        fc.boolean(),
        async (steps, namesBoot) => {
          const world = new MemoryWorld(visitors, values, namesBoot);
          await world.open('job1', true);
          for (const act of steps) {
            await act(world);
            world.check();
          }
          knownCount += world.knownCount;
          unchangedCount += world.unchangedCount;
        },
      ),
      { numRuns: 400 },
    );
    // Or it proves nothing.
    expect(knownCount).toBeGreaterThan(1_000);
    expect(unchangedCount).toBeGreaterThan(30);
  });
});
