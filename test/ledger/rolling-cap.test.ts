import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/ledger/buckets.js';
import { type Course, fullest, World, type WorldProcess } from '../pacing/support/pacing-world.js';

/** One thing that happens to a machine and the processes on it; `who` picks one of those that run. */
type Happening =
  | { readonly kind: 'attempts'; readonly who: number; readonly count: number; readonly course: Course }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'kill' | 'close'; readonly who: number }
  | { readonly kind: 'stop'; readonly who: number; readonly ms: number }
  | { readonly kind: 'start'; readonly timeoutMs: number; readonly commitMs: number; readonly answerMs: number }
  | { readonly kind: 'sleep' | 'step'; readonly ms: number }
  | { readonly kind: 'reboot'; readonly downMs: number; readonly stepMs: number };

const second = 1_000;
const hour = 3_600 * second;
const limit = 12;

/** Often something just within, or just beyond, what buckets, time-outs and days are about. */
const span = fc.oneof(
  fc.integer({ min: 0, max: 3 * second }),
  fc.integer({ min: 0, max: 15 * second }),
  fc.integer({ min: 0, max: 3 * hour }),
  fc.integer({ min: dayMs - 20 * second, max: dayMs + 100 * second }),
);
const share = fc.constantFrom(0, 0.01, 0.5, 0.99, 1);
const who = fc.nat({ max: 2 });

const steady: fc.Arbitrary<Course> = fc.record({
  startsAfterMs: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.nat({ max: 12 * second }) },
  ),
  stopsBetweenMs: fc.constant(0),
  arrivesAt: share,
  endsAt: share,
});

/** Now and then a process is stopped after it asked for permission, before the bytes leave. */
const halting = fc
  .tuple(
    steady,
    fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 3 * hour }) }),
  )
  .map(([course, stopsBetweenMs]) => ({ ...course, stopsBetweenMs }));

interface What {
  readonly courses: fc.Arbitrary<Course>;
  /** By how much the wall clock is set. */
  readonly wallSteps: fc.Arbitrary<number>;
  readonly sleeps: fc.Arbitrary<number>;
}

function happenings({ courses, wallSteps, sleeps }: What): fc.Arbitrary<Happening[]> {
  const of = <Kind extends Happening['kind']>(...kinds: Kind[]) => fc.constantFrom(...kinds);
  const count = fc.integer({ min: 1, max: limit });
  const timeoutMs = fc.constantFrom(1 * second, 30 * second, 600 * second);
  const delayMs = fc.nat({ max: 50 });
  const stepMs = fc.oneof(fc.constant(0), wallSteps);
  const happening: fc.Arbitrary<Happening> = fc.oneof(
    { weight: 10, arbitrary: fc.record({ kind: of('attempts'), who, count, course: courses }) },
    { weight: 6, arbitrary: fc.record({ kind: of('wait'), ms: span }) },
    { weight: 1, arbitrary: fc.record({ kind: of('kill', 'close'), who }) },
    { weight: 1, arbitrary: fc.record({ kind: of('stop'), who, ms: span }) },
    { weight: 2, arbitrary: fc.record({ kind: of('start'), timeoutMs, commitMs: delayMs, answerMs: delayMs }) },
    { weight: 2, arbitrary: fc.record({ kind: of('step'), ms: wallSteps }) },
    { weight: 2, arbitrary: fc.record({ kind: of('sleep'), ms: sleeps }) },
    { weight: 1, arbitrary: fc.record({ kind: of('reboot'), downMs: span, stepMs }) },
  );
  return fc.array(happening, { minLength: 10, maxLength: 40, size: 'max' });
}

const options = { clientCode: 'acme', isLoopback: false, limit, reserve: 0, ratePerSecond: 0, pace: 'burst' as const };

async function live(world: World, history: readonly Happening[]): Promise<void> {
  let processes: WorldProcess[] = [];
  for (const happening of history) {
    processes = processes.filter((process) => process.isAlive);
    if (processes.length === 0) {
      processes.push(await world.start({ ...options, timeoutMs: 30 * second }, { commitMs: 3, answerMs: 1 }));
    }
    const one = 'who' in happening ? processes[happening.who % processes.length] : undefined;
    switch (happening.kind) {
      case 'attempts':
        if (!one?.isRunning) break;
        // The first asks for units, the second finds them.
        one.startAttempts(happening.count, happening.course);
        await world.advance(120);
        if (one.isRunning) one.startAttempts(happening.count, happening.course);
        break;
      case 'wait':
        await world.advance(happening.ms);
        break;
      case 'kill':
        one?.kill();
        break;
      case 'close':
        if (one?.isRunning) await one.close();
        break;
      case 'stop':
        one?.stop(happening.ms);
        break;
      case 'start': {
        const { timeoutMs, commitMs, answerMs } = happening;
        if (processes.length < 3) processes.push(await world.start({ ...options, timeoutMs }, { commitMs, answerMs }));
        break;
      }
      case 'sleep':
        world.sleep(happening.ms);
        break;
      case 'step':
        world.stepWall(happening.ms);
        break;
      case 'reboot':
        if (world.hasSleptUnseen) {
          await world.start({ ...options, timeoutMs: second }, { commitMs: 0, answerMs: 0 });
        }
        world.reboot(happening.downMs, happening.stepMs);
        break;
    }
    await world.advance(0);
  }
  for (const process of processes) process.kill();
}

/** What a new process may use at once, a day and the longest time-out after all that was. */
async function usableADayLater(world: World): Promise<number> {
  const { startsMs } = world;
  await world.start({ ...options, timeoutMs: second }, { commitMs: 0, answerMs: 0 }).then((process) => process.kill());
  await world.advance(dayMs + 700 * second);
  const process = await world.start({ ...options, timeoutMs: second }, { commitMs: 0, answerMs: 0 });
  const before = startsMs.length;
  for (let turn = 0; turn < 2 * limit; turn += 1) {
    process.startAttempts(limit, { startsAfterMs: 0, stopsBetweenMs: 0, arrivesAt: 0, endsAt: 0 });
    await world.advance(1);
  }
  process.kill();
  return startsMs.length - before;
}

const anyStep = fc.oneof(fc.integer({ min: -8 * hour, max: 8 * hour }), fc.constantFrom(-2 * dayMs, 2 * dayMs));
const backStep = fc.oneof(fc.integer({ min: -8 * hour, max: 0 }), fc.constant(-2 * dayMs));
const none = fc.constant(0);
const numRuns = Number(process.env.HISTORIES ?? 50);

async function fullestDay(world: World, history: readonly Happening[]): Promise<number> {
  await live(world, history);
  await world.advance(dayMs);
  return Math.max(fullest(world.startsMs), fullest(world.arrivalsMs));
}

describe('the cap, over histories of processes and clocks', () => {
  it('is never broken where the system names its boots, whatever the wall clock does, and all comes free again', async () => {
    const property = fc.asyncProperty(
      happenings({ courses: halting, wallSteps: anyStep, sleeps: span }),
      async (history) => {
        const world = new World({ namesBoots: true });
        await live(world, history);
        expect(await usableADayLater(world)).toBe(limit);
        expect(fullest(world.startsMs)).toBeLessThanOrEqual(limit);
        expect(fullest(world.arrivalsMs)).toBeLessThanOrEqual(limit);
      },
    );
    await fc.assert(property, { numRuns });
  });

  it('is not broken where it does not, with a wall clock that is set back', async () => {
    const property = fc.asyncProperty(
      happenings({ courses: halting, wallSteps: backStep, sleeps: none }),
      async (history) => {
        expect(await fullestDay(new World({ namesBoots: false }), history)).toBeLessThanOrEqual(limit);
      },
    );
    await fc.assert(property, { numRuns });
  });

  it('is not broken where it does not, on a machine that sleeps', async () => {
    const property = fc.asyncProperty(
      happenings({ courses: steady, wallSteps: none, sleeps: span }),
      async (history) => {
        expect(await fullestDay(new World({ namesBoots: false }), history)).toBeLessThanOrEqual(limit);
      },
    );
    await fc.assert(property, { numRuns });
  });
});
