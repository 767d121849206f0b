import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Rate } from '../../src/pacing/rate.js';
import { seededRandom } from '../support/index.js';

/** Starts attempts for as long as asked, waking `lateMs()` after the time it was told; `stalls` are [from, length]. */
function startsOver(
  rate: Rate,
  durationMs: number,
  lateMs: () => number,
  stalls: readonly (readonly [number, number])[] = [],
): number[] {
  const startsMs: number[] = [];
  let nowMs = 1_000;
  const endMs = nowMs + durationMs;
  while (nowMs < endMs) {
    const nextMs = rate.nextStartMs(nowMs);
    if (nextMs <= nowMs) {
      rate.took(nowMs);
      rate.started(nowMs);
      startsMs.push(nowMs);
      continue;
    }
    nowMs = nextMs + lateMs();
    const stall = stalls.find(([fromMs, lengthMs]) => nowMs - 1_000 >= fromMs && nowMs - 1_000 < fromMs + lengthMs);
    if (stall !== undefined) nowMs = 1_000 + stall[0] + stall[1];
  }
  return startsMs;
}

function fullestSecond(startsMs: readonly number[]): number {
  let most = 0;
  let first = 0;
  for (const [index, startMs] of startsMs.entries()) {
    while (startMs - (startsMs[first] ?? startMs) > 1_000) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

describe('a rate', () => {
  it('of 500 is kept to 99 % over a minute by late timers and stalls of 50 ms, and never passed in any second', () => {
    const random = seededRandom(1);
    const stalls = [5_000, 20_000, 40_000].map((fromMs) => [fromMs, 50] as const);
    const startsMs = startsOver(
      new Rate({ ratePerSecond: 500, spreadGapMs: 0 }),
      60_000,
      () => 2 * random.next(),
      stalls,
    );
    expect(startsMs.length).toBeGreaterThanOrEqual(0.99 * 500 * 60);
    expect(startsMs.length).toBeLessThanOrEqual(500 * 60);
    expect(fullestSecond(startsMs)).toBeLessThanOrEqual(500);
  });

  it('spaces attempts evenly', () => {
    const startsMs = startsOver(new Rate({ ratePerSecond: 100, spreadGapMs: 0 }), 5_000, () => 0);
    const gapsMs = startsMs.slice(1).map((startMs, index) => startMs - (startsMs[index] ?? 0));
    expect(Math.min(...gapsMs)).toBeGreaterThan(9.9);
    expect(Math.max(...gapsMs)).toBeLessThan(10.1);
  });

  it('does not make up for a longer wait', () => {
    const startsMs = startsOver(new Rate({ ratePerSecond: 100, spreadGapMs: 0 }), 10_000, () => 0, [[1_000, 5_000]]);
    const gapsMs = startsMs.slice(1).map((startMs, index) => startMs - (startsMs[index] ?? 0));
    expect(gapsMs.filter((ms) => ms < 9.9)).toEqual([]);
  });

  it('is never passed in any second, however late attempts start that have a permit', () => {
    const history = fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 1_500 }) }),
        fc.record({ kind: fc.constant('take' as const), count: fc.integer({ min: 1, max: 8 }) }),
        fc.record({
          kind: fc.constantFrom('start' as const, 'giveBack' as const),
          count: fc.integer({ min: 1, max: 8 }),
        }),
      ),
      { minLength: 20, maxLength: 60 },
    );
    const property = fc.property(history, fc.integer({ min: 1, max: 6 }), (steps, ratePerSecond) => {
      const rate = new Rate({ ratePerSecond, spreadGapMs: 0 });
      const startsMs: number[] = [];
      let nowMs = 0;
      let pending = 0;
      for (const step of steps) {
        if (step.kind === 'pass') nowMs += step.ms;
        else {
          for (let turn = 0; turn < step.count; turn += 1) {
            if (step.kind === 'take' && rate.nextStartMs(nowMs) <= nowMs) {
              rate.took(nowMs);
              pending += 1;
            } else if (step.kind !== 'take' && pending > 0) {
              pending -= 1;
              if (step.kind === 'giveBack') rate.gaveBack();
              else {
                rate.started(nowMs);
                startsMs.push(nowMs);
              }
            }
          }
        }
      }
      expect(fullestSecond(startsMs)).toBeLessThanOrEqual(ratePerSecond);
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('is not used up by attempts that did not start', () => {
    const rate = new Rate({ ratePerSecond: 10, spreadGapMs: 0 });
    for (let turn = 0; turn < 50; turn += 1) {
      expect(rate.nextStartMs(0)).toBeLessThanOrEqual(0);
      rate.took(0);
      rate.gaveBack();
    }
  });

  it('of 0 limits nothing', () => {
    const rate = new Rate({ ratePerSecond: 0, spreadGapMs: 0 });
    for (let turn = 0; turn < 1_000; turn += 1) rate.took(0);
    expect(rate.nextStartMs(0)).toBe(0);
  });

  it('and an even spread hold together: the later of both', () => {
    const startsMs = startsOver(new Rate({ ratePerSecond: 100, spreadGapMs: 250 }), 10_000, () => 0);
    expect(startsMs.length).toBe(40);
  });
});
