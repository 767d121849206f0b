import { describe, expect, it } from 'vitest';
import { type CapStanding, finishedAtMs, type Pacing } from '../../src/check/plan.js';

const hourMs = 3_600_000;
const lifeMs = 24 * hourMs + 10_000 + 30_000 + 1_000;
const burst: Pacing = { ratePerSecond: 10, pace: 'burst', timeoutMs: 30_000 };
const free: CapStanding = { limit: 1000, used: 0, frees: [] };
const half: CapStanding = {
  limit: 1000,
  used: 600,
  frees: [
    { atMs: hourMs, units: 100 },
    { atMs: 5 * hourMs, units: 500 },
  ],
};

const over: CapStanding = {
  limit: 100,
  used: 150,
  frees: [
    { atMs: hourMs, units: 60 },
    { atMs: 2 * hourMs, units: 90 },
  ],
};

describe('how long sending takes', () => {
  it.each<[string, number, CapStanding, Partial<Pacing>, number]>([
    ['nothing to send', 0, free, {}, 0],
    ['within the rate', 100, free, {}, 10_000],
    ['the whole cap', 1000, free, {}, 100_000],
    ['one more than the cap: a day later', 1001, free, {}, 100 + lifeMs],
    ['two caps and a half', 2500, free, {}, 2 * lifeMs + 50_000],
    ['no limit of rate: the waits alone', 1500, free, { ratePerSecond: 0 }, lifeMs],
    ['spread: a cap in a day', 500, free, { pace: 'spread' }, 12 * hourMs],
    ['within what is left', 400, half, {}, 40_000],
    ['what comes free first', 450, half, {}, hourMs + 5_000],
    ['what comes free later', 600, half, {}, 5 * hourMs + 10_000],
    ['more is used than the cap allows now', 50, over, {}, 2 * hourMs + 4_000],
    ['a rate so slow that the cap never binds', 2000, free, { ratePerSecond: 0.01 }, 200_000_000],
  ])('%s', (_title, updates, cap, pacing, expected) => {
    expect(finishedAtMs(updates, 0, cap, { ...burst, ...pacing })).toBe(expected);
  });
});
