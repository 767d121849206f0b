import { existsSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { sleep } from '../../src/platform/clock.js';
import { listen, movedClock, seededRandom, temporaryFolder } from './index.js';

describe('movedClock', () => {
  it('runs timers in the order of their due times, each at its own time', async () => {
    const clock = movedClock({ monotonicMs: 0 });
    const ran: [string, number][] = [];
    clock.schedule(20, () => ran.push(['b', clock.monotonicMs()]));
    clock.schedule(10, () => ran.push(['a', clock.monotonicMs()]));
    clock.schedule(20, () => ran.push(['c', clock.monotonicMs()]));
    clock.schedule(31, () => ran.push(['late', clock.monotonicMs()]));
    await clock.advance(30);
    expect(ran).toEqual([
      ['a', 10],
      ['b', 20],
      ['c', 20],
    ]);
    expect(clock.untilNextMs()).toBe(1);
  });

  it('lets promises continue between timers, and runs what they schedule in the same advance', async () => {
    const clock = movedClock({ monotonicMs: 0 });
    const wokenMs: number[] = [];
    const loop = (async () => {
      for (let turn = 0; turn < 3; turn += 1) {
        await sleep(clock, 10);
        wokenMs.push(clock.monotonicMs());
      }
    })();
    await clock.advance(30);
    await loop;
    expect(wokenMs).toEqual([10, 20, 30]);
    expect(clock.timerCount()).toBe(0);
  });

  it('does not run what was cancelled', async () => {
    const clock = movedClock();
    const cancel = clock.schedule(5, () => expect.unreachable());
    cancel();
    cancel();
    await clock.advance(10);
  });

  it('steps the wall clock alone, sleeps without the monotonic clock, and loses its timers in a reboot', async () => {
    const clock = movedClock({ wallMs: 5_000, monotonicMs: 1_000 });
    const firstBoot = clock.bootId();
    clock.schedule(1, () => expect.unreachable());
    clock.stepWall(-2_000);
    expect([clock.wallMs(), clock.monotonicMs(), clock.uptimeMs()]).toEqual([3_000, 1_000, 1_000]);
    clock.sleepMachine(500);
    expect([clock.wallMs(), clock.monotonicMs(), clock.uptimeMs()]).toEqual([3_500, 1_000, 1_500]);
    clock.reboot(100);
    expect([clock.wallMs(), clock.monotonicMs(), clock.uptimeMs()]).toEqual([3_600, 0, 0]);
    expect(clock.bootId()).not.toBe(firstBoot);
    await clock.advance(10);
    expect(clock.wallMs()).toBe(3_610);
  });
});

describe('seededRandom', () => {
  it('repeats itself for a seed and differs between seeds, evenly in [0, 1)', () => {
    const draw = (seed: number) => {
      const random = seededRandom(seed);
      return Array.from({ length: 10_000 }, () => random.next());
    };
    const numbers = draw(7);
    expect(draw(7)).toEqual(numbers);
    expect(draw(8)).not.toEqual(numbers);
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
    expect(numbers.reduce((sum, number) => sum + number, 0) / numbers.length).toBeCloseTo(0.5, 1);
  });
});

describe('listen and temporaryFolder', () => {
  let folder = '';
  afterAll(() => expect(existsSync(folder)).toBe(true)); // their own clean-up is registered first, and so runs last

  it('serves on loopback until it is closed', async () => {
    folder = await temporaryFolder();
    const listening = await listen((_request, response) => response.end('here'));
    expect(await (await fetch(listening.url)).text()).toBe('here');
    await listening.close();
    await listening.close();
    await expect(fetch(listening.url)).rejects.toThrow();
  });
});
