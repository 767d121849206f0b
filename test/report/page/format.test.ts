import { describe, expect, it } from 'vitest';
import { bucketWidth, counted, duration, share, timeIn } from '../../../src/report/page/format.js';

describe('figures on a page', () => {
  it.each([
    [0, 10, '0 %'],
    [10, 10, '100 %'],
    [1, 3, '33.3 %'],
    [1, 200, '0.50 %'],
    [1, 1_000_000, '< 0.01 %'],
    [999_999, 1_000_000, '> 99.99 %'],
    [9_996, 10_000, '99.96 %'],
    [3, 2, '150.0 %'],
    [0, 0, '–'],
  ])('%d of %d is %s', (part, whole, text) => {
    expect(share(part, whole)).toBe(text);
  });

  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [999.6, '1.00 s'],
    [1_250, '1.25 s'],
    [12_340, '12.3 s'],
    [60_000, '1 min'],
    [200_000, '3 min 20 s'],
    [7_500_000, '2 h 5 min'],
    [86_400_000 * 3 + 3_600_000 * 4 + 1000, '3 d 4 h'],
  ])('%d ms is %s', (durationMs, text) => {
    expect(duration(durationMs)).toBe(text);
  });

  it('name the width of a stretch in its largest whole unit', () => {
    expect([1_000, 30_000, 60_000, 3_600_000, 10_800_000, 172_800_000].map(bucketWidth)).toEqual([
      'second',
      '30 seconds',
      'minute',
      'hour',
      '3 hours',
      '2 days',
    ]);
  });

  it('count in the singular and in the plural', () => {
    expect([counted(0, 'row'), counted(1, 'row'), counted(2_000, 'attempt')]).toEqual([
      '0 rows',
      '1 row',
      '2,000 attempts',
    ]);
  });

  it('show a time in the zone that is asked for', () => {
    expect(timeIn('Asia/Kolkata', Date.UTC(2026, 0, 31, 20))).toBe('2026-02-01 01:30:00');
  });
});
