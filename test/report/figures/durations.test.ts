import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Durations } from '../../../src/report/figures/durations.js';

function of(durationsMs: readonly number[]): Durations {
  const durations = new Durations();
  for (const durationMs of durationsMs) durations.add(durationMs);
  return durations;
}

describe('percentiles of durations', () => {
  it('are within 2 % of the nearest rank, whatever the durations', () => {
    const durations = fc.array(fc.integer({ min: 1, max: 10_000_000_000 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(durations, fc.constantFrom(0.01, 0.5, 0.95, 0.99, 1), (durationsMs, share) => {
        const sorted = [...durationsMs].sort((one, other) => one - other);
        const exactMs = sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
        const foundMs = of(durationsMs).quantileMs(share) ?? 0;
        expect(Math.abs(foundMs - exactMs) / exactMs).toBeLessThanOrEqual(0.02);
      }),
    );
  });

  it('are never over the longest', () => {
    expect(of([100]).quantileMs(0.99)).toBeLessThanOrEqual(100);
    expect(of([100]).longestMs).toBe(100);
  });

  it('are those of all when two are put together', () => {
    const together = of([10, 20]);
    together.addAll(of([1_000_000, 30]));
    const atOnce = of([10, 20, 1_000_000, 30]);
    expect([together.count, together.longestMs]).toEqual([4, 1_000_000]);
    for (const share of [0.25, 0.5, 0.75, 1]) expect(together.quantileMs(share)).toBe(atOnce.quantileMs(share));
  });

  it('do not exist without a count, and take times from zero to whole years', () => {
    expect(of([]).quantileMs(0.5)).toBeNull();
    expect(of([0]).quantileMs(0.5)).toBe(0);
    expect(of([1e15]).quantileMs(0.5)).toBeGreaterThan(180 * 86_400_000);
  });
});
