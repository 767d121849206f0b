import { expect, it } from 'vitest';
import { readRetryAfter } from '../../src/target-api/retry-after.js';

const nowWallMs = Date.parse('1994-11-06T08:49:00Z');
const dayMs = 86_400_000;

it.each<[string | null, number | null]>([
  // seconds
  ['0', 0],
  ['120', 120_000],
  [' 5 ', 5_000],
  ['1.5', 1_500],
  ['0.0001', 1],
  ['86400', dayMs],
  ['86401', dayMs],
  ['9'.repeat(400), dayMs],
  // the three forms of a date
  ['Sun, 06 Nov 1994 08:49:37 GMT', 37_000],
  ['Sunday, 06-Nov-94 08:49:37 GMT', 37_000],
  ['Sun Nov  6 08:49:37 1994', 37_000],
  ['Sun, 06 Nov 1994 08:48:00 GMT', 0],
  ['Thu, 01 Jan 2099 00:00:00 GMT', dayMs],
  // nothing that can be read
  [null, null],
  ['', null],
  ['-5', null],
  ['+5', null],
  ['1e3', null],
  ['5 seconds', null],
  ['5, 10', null],
  ['5 bananas', null],
  ['soon', null],
  ['2026-01-01', null],
  ['Sun, 99 Nov 1994 08:49:37 GMT', null],
])('Retry-After %j asks for %j ms', (header, waitMs) => {
  expect(readRetryAfter(header, nowWallMs)).toBe(waitMs);
});
