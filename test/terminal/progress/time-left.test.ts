import { describe, expect, it } from 'vitest';
import { RateMeter } from '../../../src/terminal/progress/rate-meter.js';
import { rowsLeft, type Standing, shareDone, timeLeftMs } from '../../../src/terminal/progress/time-left.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Half of a file of 2,000 rows, at 100 rows a second, with all of the cap there is. */
const halfway: Standing = {
  nowMs: 1_000_000,
  readBytes: 50_000,
  sizeBytes: 100_000,
  endedRowCount: 1000,
  readRowCount: 1000,
  tryCount: 1000,
  elapsedMs: 10_000,
  rowsPerSecond: 100,
  holdUntilMs: null,
  cap: { limit: 1_000_000, left: 999_000, nextFreeAtMs: null },
};

describe('rows left', () => {
  it('are judged by the bytes that the rows so far took', () => {
    expect(rowsLeft(halfway)).toBe(1000);
    expect(rowsLeft({ ...halfway, endedRowCount: 750 })).toBe(1250);
    expect(rowsLeft({ ...halfway, readBytes: 100_000, endedRowCount: 993 })).toBe(7);
  });

  it('leave as much of the file as they are of those that were read', () => {
    expect(shareDone(halfway)).toBe(0.5);
    expect(shareDone({ ...halfway, readBytes: 100_000, endedRowCount: 100 })).toBe(0.1);
    expect(shareDone({ ...halfway, endedRowCount: 0, readRowCount: 0 })).toBe(0);
  });

  it('are not known before a row was read', () => {
    expect(rowsLeft({ ...halfway, endedRowCount: 0, readRowCount: 0 })).toBeNull();
    expect(rowsLeft({ ...halfway, readBytes: 0 })).toBeNull();
  });
});

describe('time left', () => {
  it('is the rows left at the rate so far', () => {
    expect(timeLeftMs(halfway)).toBe(10_000);
  });

  it('begins after what holds the run', () => {
    expect(timeLeftMs({ ...halfway, holdUntilMs: halfway.nowMs + 60_000 })).toBe(70_000);
    expect(timeLeftMs({ ...halfway, holdUntilMs: halfway.nowMs - 60_000 })).toBe(10_000);
  });

  it('is not known without a rate', () => {
    expect(timeLeftMs({ ...halfway, rowsPerSecond: null })).toBeNull();
    expect(timeLeftMs({ ...halfway, rowsPerSecond: 0 })).toBeNull();
  });

  it('has the wait for the cap in it, where the rows left are more than the cap has left', () => {
    const cap = { limit: 1000, left: 400, nextFreeAtMs: null };
    // 400 at once, then the units that this run used 10 s ago come free a day after they were used; 600 rows take 6 s.
    expect(timeLeftMs({ ...halfway, cap })).toBeCloseTo(dayMs - 10_000 + 6000, 3);
  });

  it('waits from the moment at which units come free, where it is known', () => {
    const cap = { limit: 1000, left: 0, nextFreeAtMs: halfway.nowMs + hourMs };
    expect(timeLeftMs({ ...halfway, cap })).toBeCloseTo(hourMs + 10_000, 3);
  });

  it('takes a day for each further cap', () => {
    const cap = { limit: 400, left: 0, nextFreeAtMs: halfway.nowMs + hourMs };
    // 1,000 rows: 400, a day later 400, a day later 200.
    expect(timeLeftMs({ ...halfway, cap })).toBeCloseTo(hourMs + 2 * dayMs + 2000, 3);
  });

  it('has no wait where the pace never reaches the cap, as with --pace spread', () => {
    const cap = { limit: 8640, left: 0, nextFreeAtMs: halfway.nowMs + 1 };
    expect(timeLeftMs({ ...halfway, rowsPerSecond: 0.1, cap })).toBe(10_000_000);
  });

  it('counts attempts, not rows, against the cap', () => {
    const cap = { limit: 1000, left: 500, nextFreeAtMs: null };
    expect(timeLeftMs({ ...halfway, tryCount: 100, cap })).toBe(10_000); // nine in ten rows had nothing to send
  });
});

describe('the rate', () => {
  it('is that of the last stretch of time', () => {
    const meter = new RateMeter(10_000);
    expect(meter.rowsPerSecond()).toBeNull();
    meter.add(0, 0, false);
    expect(meter.rowsPerSecond()).toBeNull();
    meter.add(5000, 5000, false);
    expect(meter.rowsPerSecond()).toBe(1000);
    meter.add(10_000, 5500, false);
    meter.add(15_000, 6000, false);
    expect(meter.rowsPerSecond()).toBe(100);
  });

  it('passes over the time in which the run was held', () => {
    const meter = new RateMeter(60_000);
    meter.add(0, 0, false);
    meter.add(1000, 100, false);
    meter.add(2000, 100, true);
    meter.add(900_000, 101, true);
    meter.add(901_000, 101, false);
    meter.add(902_000, 201, false);
    expect(meter.rowsPerSecond()).toBe(100);
  });
});
