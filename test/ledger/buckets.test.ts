import { describe, expect, it } from 'vitest';
import {
  dayMs,
  endOf,
  freedAtMs,
  grantable,
  heldAt,
  settle,
  stampAt,
  unitsOf,
  unitsOfGrant,
} from '../../src/ledger/buckets.js';

const awake = (awakeMs: number, asleepMs = 0) => ({ awakeMs, asleepMs, marginMs: 0 });

describe('stampAt', () => {
  it.each([
    [0, 0],
    [8_999, 0],
    [9_000, 1],
    [18_999, 1],
    [19_000, 2],
  ])('at %i ms is bucket %i, so that a unit is good for a second at least', (awakeMs, bucketNumber) => {
    expect(stampAt({ awakeMs, stampAheadMs: 1_000 })).toBe(bucketNumber);
    expect(endOf(bucketNumber) - awakeMs).toBeGreaterThanOrEqual(1_000);
  });
});

describe('settle', () => {
  const bucket = { number: 3, units: 7, timeoutMs: 30_000 };
  const overMs = 40_000 + 30_000 + 1_000;

  it('leaves a bucket open until no attempt of it can be in flight', () => {
    expect(settle(bucket, awake(overMs - 1))).toBeNull();
    expect(settle(bucket, awake(overMs - 1, 5 * dayMs))).toBeNull();
  });

  it('lets it come free a day after that', () => {
    expect(settle(bucket, awake(overMs))?.freeAtMs).toBe(overMs + dayMs);
  });

  it('counts the day from the latest sleep that an attempt of it may have outlasted', () => {
    expect(settle(bucket, awake(overMs + 5, 4_000))?.freeAtMs).toBe(overMs + 4_000 + dayMs);
  });
});

describe('a home whose clock may be wrong', () => {
  it('lets a bucket come free that much later', () => {
    const bucket = { number: 3, units: 7, timeoutMs: 30_000 };
    const now = { ...awake(71_000), marginMs: 60_000 };
    expect(settle(bucket, now)?.freeAtMs).toBe(71_000 + dayMs + 60_000);
    const open = [{ number: 4, units: 80, timeoutMs: 0 }];
    const lastMs = endOf(4) + 1_000 + dayMs + 60_000 - 1;
    expect(unitsOf(heldAt({ settled: [], open }, { ...awake(lastMs), marginMs: 60_000 }))).toBe(80);
  });
});

describe('heldAt', () => {
  const settled = [
    { number: 1, units: 10, usedAtMs: 0, freeAtMs: 1_000 },
    { number: 2, units: 20, usedAtMs: 0, freeAtMs: 5_000 },
    { number: 3, units: 40, usedAtMs: 0, freeAtMs: 3_000 },
  ];
  const open = [{ number: 4, units: 80, timeoutMs: 0 }];
  it.each([
    [999, 150],
    [1_000, 140],
    [3_000, 140], // they come free in their order
    [4_999, 140],
    [5_000, 80],
    [endOf(4) + 1_000 + dayMs - 1, 80],
    [endOf(4) + 1_000 + dayMs, 0],
  ])('at %i ms holds %i units', (nowMs, units) => {
    expect(unitsOf(heldAt({ settled, open }, awake(nowMs)))).toBe(units);
  });

  it.each([
    [1, 1_000],
    [10, 1_000],
    [11, 5_000],
    [70, 5_000],
    [71, null],
  ])('%i units are free at %s ms', (units, atMs) => {
    expect(freedAtMs(settled, units)).toBe(atMs);
  });
});

describe('how much is granted', () => {
  it.each([
    [0, 100, 100],
    [99, 100, 1],
    [100, 100, 0],
    [250, 100, 0], // the limit was lowered
    [0, -5, 0], // the reserve is over the cap
  ])('%i used of %i leave %i', (usedUnits, limit, units) => {
    expect(grantable(usedUnits, limit)).toBe(units);
  });

  it.each([
    [10, 1_000, 10],
    [10, 20, 10],
    [10, 19, 10],
    [10, 7, 4],
    [10, 1, 1],
    [10, 0, 0],
    [0, 100, 0],
  ])('wanting %i of %i gets %i: never more than half, rounded up', (wanted, left, units) => {
    expect(unitsOfGrant(wanted, left)).toBe(units);
  });
});
