import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freshnessClock, isFresh, toMinutes } from '../../../src/memory/record/freshness.js';

const minuteMs = 60_000;
const dayMinutes = 1_440;
const nowMs = Date.UTC(2026, 0, 8);

describe('freshness', () => {
  it('falls due in the last half of the span, at the moment that the share of the visitor says', () => {
    const freshness = freshnessClock(7)(nowMs);
    const isFreshAfter = (days: number, share: number) =>
      isFresh(toMinutes(nowMs) - days * dayMinutes, share, freshness);
    expect(isFreshAfter(3.49, 0)).toBe(true);
    expect(isFreshAfter(3.5, 0)).toBe(false);
    expect(isFreshAfter(5.24, 0.5)).toBe(true);
    expect(isFreshAfter(5.25, 0.5)).toBe(false);
    expect(isFreshAfter(6.99, 0.9999)).toBe(true);
    expect(isFreshAfter(7, 0.9999)).toBe(false);
  });

  it('is never fresh with a span of 0', () => {
    expect(isFresh(toMinutes(nowMs), 0.999, freshnessClock(0)(nowMs))).toBe(false);
  });

  it('does not believe a time that has not come', () => {
    expect(isFresh(toMinutes(nowMs) + 1, 0.5, freshnessClock(7)(nowMs))).toBe(false);
  });

  it('errs towards sending when the clock steps back within a run', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 20 * dayMinutes }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.integer({ min: 0, max: 30 * dayMinutes }),
        (ageMinutes, share, stepMinutes) => {
          const clock = freshnessClock(7);
          const setAt = toMinutes(nowMs) - ageMinutes;
          const before = isFresh(setAt, share, clock(nowMs));
          const after = isFresh(setAt, share, clock(nowMs - stepMinutes * minuteMs));
          expect(after && !before).toBe(false);
        },
      ),
    );
  });

  it('never makes a stamp younger than it is', () => {
    expect(toMinutes(nowMs + 59_999)).toBe(toMinutes(nowMs));
    expect(toMinutes(-5)).toBe(0);
  });
});
