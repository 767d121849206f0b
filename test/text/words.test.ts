import { describe, expect, it } from 'vitest';
import { bytes, counted, duration, isoLocalTime, localTime, percent, rate } from '../../src/text/words.js';

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

describe('durations', () => {
  it.each([
    [0, 'under 1 s'],
    [999, 'under 1 s'],
    [1000, '1 s'],
    [45_499, '45 s'],
    [59_600, '1 min'],
    [4 * minuteMs + 12 * secondMs, '4 min 12 s'],
    [hourMs - 1, '1 h'],
    [2 * hourMs + 5 * minuteMs, '2 h 5 min'],
    [76 * hourMs, '3 d 4 h'],
  ])('%d ms is %s', (ms, expected) => {
    expect(duration(ms)).toBe(expected);
  });
});

describe('numbers', () => {
  it.each([
    [0, '0 %'],
    [0.001, '<1 %'],
    [0.5, '50 %'],
    [0.999, '99 %'],
    [1, '100 %'],
    [1.2, '100 %'],
  ])('a share of %d is %s', (share, expected) => {
    expect(percent(share)).toBe(expected);
  });

  it.each([
    [0, '0'],
    [0.04, '0.0'],
    [9.5, '9.5'],
    [9.96, '10'],
    [1234.5, '1,235'],
  ])('a rate of %d is %s', (perSecond, expected) => {
    expect(rate(perSecond)).toBe(expected);
  });

  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [4500, '4.5 kB'],
    [123_456_789, '123 MB'],
  ])('%d bytes are %s', (size, expected) => {
    expect(bytes(size)).toBe(expected);
  });

  it('are counted with their noun', () => {
    expect([counted(0, 'row'), counted(1, 'row'), counted(1234, 'row')]).toEqual(['0 rows', '1 row', '1,234 rows']);
  });
});

describe('local times', () => {
  const noonMs = Date.UTC(2026, 10, 23, 11, 0);

  it.each([
    [noonMs, 'Europe/Berlin', '12:00 CET'],
    [Date.UTC(2026, 10, 23, 23, 30), 'Europe/Berlin', '2026-11-24 00:30 CET'],
    [noonMs, 'UTC', '11:00 UTC'],
    [Date.UTC(2026, 6, 23, 11), 'Europe/London', '2026-07-23 12:00 BST'],
    [noonMs, 'Asia/Kolkata', '16:30 GMT+5:30'],
  ])('%d in %s are %s', (wallMs, timeZone, expected) => {
    expect(localTime(wallMs, noonMs, timeZone)).toBe(expected);
  });

  it('carry their offset in a log line', () => {
    const text = isoLocalTime(noonMs);
    expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/);
    expect(Date.parse(text)).toBe(noonMs);
  });
});
