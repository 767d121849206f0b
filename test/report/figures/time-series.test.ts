import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayMs, hourMs, TimeSeries } from '../../../src/report/figures/time-series.js';

class Counted {
  count = 0;
  merge(from: Counted): void {
    this.count += from.count;
  }
}

function counted(bucketsMax: number, timesMs: readonly number[], narrowestMs?: number): TimeSeries<Counted> {
  const series = new TimeSeries(() => new Counted(), bucketsMax, narrowestMs);
  for (const timeMs of timesMs) series.at(timeMs).count += 1;
  return series;
}

function countsOf(series: TimeSeries<Counted>): (number | null)[] {
  return series.dense().map(({ bucket }) => bucket?.count ?? null);
}

describe('counts over time', () => {
  it('are by the second while there is room', () => {
    const series = counted(10, [5_000, 5_999, 6_000]);
    expect(series.widthMs).toBe(1_000);
    expect(series.dense().map(({ startMs }) => startMs)).toEqual([5_000, 6_000]);
    expect(countsOf(series)).toEqual([2, 1]);
  });

  it('show a time in which nothing happened as nothing', () => {
    expect(countsOf(counted(10, [0, 3_000]))).toEqual([1, null, null, 1]);
  });

  it('are merged into wider stretches, of a length that people count in, when the room is used up', () => {
    const series = counted(10, [0, 4_000, 5_000, 9_000, 10_000]);
    expect(series.widthMs).toBe(5_000);
    expect(countsOf(series)).toEqual([2, 2, 1]);
  });

  it('go back in time when the clock does', () => {
    expect(countsOf(counted(10, [9_000, 7_000]))).toEqual([1, null, 1]);
  });

  it('begin with hours where they are asked to', () => {
    const series = counted(10, [0, hourMs - 1, hourMs], hourMs);
    expect(countsOf(series)).toEqual([2, 1]);
  });

  it('reach over years', () => {
    const series = counted(10, [0, 1, 4_000 * dayMs]);
    expect(series.dense().length).toBeLessThanOrEqual(10);
    expect(countsOf(series)[0]).toBe(2);
    expect(countsOf(series).at(-1)).toBe(1);
  });

  it('lose nothing and stay within their room, whatever the times and their order', () => {
    const times = fc.array(fc.integer({ min: -1e12, max: 4e12 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(times, fc.integer({ min: 2, max: 12 }), (timesMs, bucketsMax) => {
        const series = counted(bucketsMax, timesMs);
        const points = series.dense();
        expect(points.length).toBeLessThanOrEqual(bucketsMax);
        for (const { startMs, bucket } of points) {
          const inStretch = timesMs.filter((timeMs) => timeMs >= startMs && timeMs < startMs + series.widthMs);
          expect(bucket?.count ?? 0).toBe(inStretch.length);
        }
        expect(points.reduce((sum, { bucket }) => sum + (bucket?.count ?? 0), 0)).toBe(timesMs.length);
      }),
    );
  });

  it('have nothing to show when nothing was counted', () => {
    expect(counted(10, []).dense()).toEqual([]);
  });
});
