import { describe, expect, it } from 'vitest';
import { bucketMs, dayMs } from '../../src/ledger/buckets.js';
import type { Cancel } from '../../src/platform/ports.js';
import { fullest, World, type WorldOptions, type WorldProcess } from './support/pacing-world.js';

const timeoutMs = 60_000;
const limit = 20_000;
const delays = { commitMs: 4, answerMs: 1 };
const course = { startsAfterMs: 0, stopsBetweenMs: 0, arrivesAt: 0.001, endsAt: 0.002 };

/** Takes whatever it may, as soon as it may, as the loop of a run does; for as long as its process lives. */
function work(process: WorldProcess): void {
  let cancelWake: Cancel = () => {};
  const pump = () => {
    for (;;) {
      const take = process.startAttempt(course);
      if (take.kind === 'go') continue;
      cancelWake();
      if (take.kind === 'wait') cancelWake = process.scheduleAt(take.untilMonotonicMs, pump);
      if (take.kind === 'cap-used') cancelWake = process.scheduleAt(take.freeAtMonotonicMs, pump);
      return;
    }
  };
  process.pacer.onReady = pump;
  pump();
}

async function run(world: World, options: Partial<WorldOptions> = {}): Promise<WorldProcess> {
  const process = await world.start(
    {
      clientCode: 'acme',
      isLoopback: false,
      limit,
      reserve: 0,
      ratePerSecond: 0,
      pace: 'burst',
      timeoutMs,
      ...options,
    },
    delays,
  );
  work(process);
  return process;
}

/** The share of the cap that is used while there is work: how much sooner than now it could have come round so often. */
function meanUse({ startsMs }: World, capLimit: number, rounds: number): number {
  const [first, last] = [startsMs[0], startsMs[rounds * capLimit]];
  if (first === undefined || last === undefined) throw new Error(`only ${startsMs.length} attempts`);
  return (rounds * dayMs) / (last - first);
}

describe('a backlog larger than the cap, over days', () => {
  it('is sent at 99.9 % of the cap at least, by two runs that are started again now and then, and killed once', async () => {
    const world = new World({ namesBoots: true });
    let one = await run(world, { ratePerSecond: 10 });
    let other = await run(world, { ratePerSecond: 10 });
    for (let day = 0; day < 9; day += 1) {
      await world.advance(0.2 * dayMs);
      world.stepWall(day % 2 === 0 ? 5_000_000 : -7_000_000);
      await one.close();
      await world.advance(0.3 * dayMs);
      one = await run(world, { ratePerSecond: 10 });
      await world.advance(0.5 * dayMs);
      if (day === 4) other.kill();
      if (day === 4) other = await run(world, { ratePerSecond: 10 });
    }
    expect(fullest(world.startsMs)).toBe(limit);
    expect(fullest(world.arrivalsMs)).toBeLessThanOrEqual(limit);
    expect(meanUse(world, limit, 8)).toBeGreaterThan(0.999);
  });
});

describe('--pace spread', () => {
  it('uses as much, with gaps as even as the cap allows, and no burst when a run resumes after a while', async () => {
    const world = new World({ namesBoots: true });
    const pace = { pace: 'spread', limit: 5_000 } as const;
    const first = await run(world, pace);
    await world.advance(1.5 * dayMs);
    await first.close();
    await world.advance(bucketMs * 30);
    await run(world, pace);
    await world.advance(1.5 * dayMs);

    const gapsMs = world.startsMs.slice(1).map((startMs, index) => startMs - (world.startsMs[index] ?? 0));
    const gapMs = dayMs / 5_000;
    expect(Math.min(...gapsMs)).toBeGreaterThanOrEqual(gapMs - 110);
    expect(gapsMs.filter((ms) => ms > gapMs + bucketMs).length).toBeLessThan(5);
    expect(fullest(world.startsMs)).toBeLessThanOrEqual(5_000);
    const lastDay = world.startsMs.filter((ms) => ms > world.nowMs - dayMs);
    expect(lastDay.length).toBeGreaterThan(0.999 * 5_000 - 1);
  });
});
