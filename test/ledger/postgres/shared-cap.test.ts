import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayMs } from '../../../src/ledger/buckets.js';
import { type Break, breakTimes, SharedDatabase } from '../../pacing/postgres/database.js';
import { type Course, fullest, World, type WorldProcess } from '../../pacing/support/pacing-world.js';
import { isPostgresMissing, startPostgres } from '../../support/postgres.js';

/** What happens to a database and the processes that share it; `who` picks one of those that run. */
type Happening =
  | { readonly kind: 'attempts'; readonly who: number; readonly count: number; readonly course: Course }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'kill' | 'close'; readonly who: number }
  | { readonly kind: 'stop'; readonly who: number; readonly ms: number }
  | { readonly kind: 'start'; readonly timeoutMs: number; readonly limit: number }
  | { readonly kind: 'sleep'; readonly ms: number }
  | { readonly kind: 'break'; readonly at: Break; readonly slowMs: number }
  /** Where the database's clock is from now on, before real time; or by how much it steps. */
  | { readonly kind: 'clock'; readonly leadMs: number }
  | { readonly kind: 'step'; readonly ms: number };

const second = 1_000;
const hour = 3_600 * second;
const limit = 12;
const beginMs = 1_700_000_000_000;
const numRuns = Number(process.env.HISTORIES ?? 8);
const seed = Number(process.env.SEED ?? 18);

const span = fc.oneof(
  fc.integer({ min: 0, max: 3 * second }),
  fc.integer({ min: 0, max: 15 * second }),
  fc.integer({ min: 0, max: 3 * hour }),
  fc.integer({ min: dayMs - 20 * second, max: dayMs + 130 * second }),
);
const share = fc.constantFrom(0, 0.01, 0.5, 0.99, 1);
const who = fc.nat({ max: 2 });
const course: fc.Arbitrary<Course> = fc.record({
  startsAfterMs: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.nat({ max: 12 * second }) },
  ),
  stopsBetweenMs: fc.oneof(
    { weight: 8, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.nat({ max: 3 * hour }) },
  ),
  arrivesAt: share,
  endsAt: share,
});
const breaks: fc.Arbitrary<Break> = fc.record({
  step: fc.constantFrom('begin', 'read', 'write', 'commit', 'commit'),
  when: fc.constantFrom(...breakTimes, 'slow'),
});

interface What {
  readonly clocks: fc.Arbitrary<Happening>;
  readonly processCount: number;
}

function happenings({ clocks, processCount }: What): fc.Arbitrary<Happening[]> {
  const of = <Kind extends Happening['kind']>(...kinds: Kind[]) => fc.constantFrom(...kinds);
  const count = fc.integer({ min: 1, max: limit });
  const timeoutMs = fc.constantFrom(1 * second, 30 * second, 600 * second);
  const happening: fc.Arbitrary<Happening> = fc.oneof(
    { weight: 10, arbitrary: fc.record({ kind: of('attempts'), who, count, course }) },
    { weight: 6, arbitrary: fc.record({ kind: of('wait'), ms: span }) },
    { weight: processCount > 1 ? 1 : 0, arbitrary: fc.record({ kind: of('kill', 'close'), who }) },
    { weight: 1, arbitrary: fc.record({ kind: of('stop'), who, ms: span }) },
    {
      weight: processCount > 1 ? 2 : 0,
      arbitrary: fc.record({ kind: of('start'), timeoutMs, limit: fc.constantFrom(limit, limit, 5) }),
    },
    { weight: 3, arbitrary: clocks },
    { weight: 5, arbitrary: fc.record({ kind: of('break'), at: breaks, slowMs: fc.nat({ max: 9 * second }) }) },
    { weight: 1, arbitrary: fc.record({ kind: of('sleep'), ms: fc.nat({ max: 3 * hour }) }) },
  );
  return fc.array(happening, { minLength: 10, maxLength: 40, size: 'max' });
}

const options = { clientCode: 'acme', isLoopback: false, limit, reserve: 0, ratePerSecond: 0, pace: 'burst' as const };
const delays = { commitMs: 0, answerMs: 0 };
const straight: Course = { startsAfterMs: 0, stopsBetweenMs: 0, arrivesAt: 0, endsAt: 0 };

async function live(world: World, database: SharedDatabase, history: readonly Happening[]): Promise<void> {
  let processes: WorldProcess[] = [];
  for (const happening of history) {
    processes = processes.filter((process) => process.isAlive);
    if (processes.length === 0) processes.push(await world.start({ ...options, timeoutMs: 30 * second }, delays));
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
        // A run that waits for units asks each minute: over hours that would be many transactions.
        await world.advance(Math.min(happening.ms, 40 * second));
        world.standStill(Math.max(0, happening.ms - 40 * second));
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
        const { timeoutMs } = happening;
        const own = { ...options, limit: happening.limit, timeoutMs };
        if (processes.length < 3) processes.push(await world.start(own, delays));
        break;
      }
      case 'sleep':
        world.sleep(happening.ms);
        break;
      case 'break':
        database.slowMs = happening.slowMs;
        database.breaks.push(happening.at);
        break;
      case 'step':
        database.leadMs += happening.ms;
        break;
      case 'clock':
        database.leadMs = beginMs + happening.leadMs;
        break;
    }
    await world.advance(0);
  }
  for (const process of processes) process.kill();
}

/** What a new process may use at once, a day and the longest time-out after all that was. */
async function usableADayLater(world: World, database: SharedDatabase): Promise<number> {
  database.breaks.splice(0);
  database.leadMs = beginMs + 60_000; // it is nowhere behind what was seen
  const own = { ...options, timeoutMs: second };
  await world.start(own, delays).then((process) => process.kill());
  await world.advance(dayMs + 800 * second);
  const process = await world.start(own, delays);
  const before = world.startsMs.length;
  for (let turn = 0; turn < 2 * limit; turn += 1) {
    process.startAttempts(limit, straight);
    await world.advance(1);
  }
  process.kill();
  return world.startsMs.length - before;
}

const server = isPostgresMissing ? null : await startPostgres(['fsync=off']);

async function withHistory(work: (world: World, database: SharedDatabase) => Promise<void>): Promise<void> {
  if (server === null) return;
  historyCount += 1;
  const database = new SharedDatabase(server.url('postgres'), String(historyCount));
  try {
    await work(new World({ namesBoots: true, shared: database }), database);
  } finally {
    await database.close();
  }
}

let historyCount = 0;

describe.skipIf(server === null)(
  'the cap of many machines, over histories of processes, connections and clocks',
  () => {
    it('is never broken by a clock that is wrong by less than a minute, and all comes free again', {
      timeout: 20_000 + numRuns * 5_000,
    }, async () => {
      const clocks = fc.record({ kind: fc.constant('clock' as const), leadMs: fc.integer({ min: 0, max: 59_000 }) });
      const property = fc.asyncProperty(happenings({ clocks, processCount: 3 }), (history) =>
        withHistory(async (world, database) => {
          await live(world, database, history);
          expect(await usableADayLater(world, database)).toBe(limit);
          expect(fullest(world.startsMs)).toBeLessThanOrEqual(limit);
          expect(fullest(world.arrivalsMs)).toBeLessThanOrEqual(limit);
        }),
      );
      await fc.assert(property, { numRuns, seed, endOnFailure: true }); // shrinking would take minutes
    });

    it('is never broken by a clock that steps by hours, as long as one run saw it before', {
      timeout: 20_000 + numRuns * 5_000,
    }, async () => {
      // Far back it would be held until it is right again, and that takes many attempts.
      const ms = fc.oneof(fc.integer({ min: -50_000, max: 8 * hour }), fc.constantFrom(-30_000, dayMs, 2 * dayMs));
      const clocks = fc.record({ kind: fc.constant('step' as const), ms });
      const property = fc.asyncProperty(happenings({ clocks, processCount: 1 }), (history) =>
        withHistory(async (world, database) => {
          await live(world, database, history);
          await world.advance(dayMs);
          expect(fullest(world.startsMs)).toBeLessThanOrEqual(limit);
          expect(fullest(world.arrivalsMs)).toBeLessThanOrEqual(limit);
        }),
      );
      await fc.assert(property, { numRuns, seed, endOnFailure: true }); // shrinking would take minutes
    });
  },
);
