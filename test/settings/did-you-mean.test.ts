import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from '../../src/settings/did-you-mean.js';

const names = [
  'client-code',
  'concurrency',
  'rate',
  'retries',
  'reserve',
  'refresh-after',
  'json',
  'name',
  'token-file',
];

describe('the nearest name', () => {
  it.each([
    ['concurency', 'concurrency'],
    ['cocnurrency', 'concurrency'],
    ['clientCode', 'client-code'],
    ['CLIENT_CODE', 'client-code'],
    ['client', 'client-code'],
    ['raet', 'rate'],
    ['retry', 'retries'],
    ['jsno', 'json'],
    ['zzz', null],
    ['a', null],
    ['', null],
  ])('of %j is %j', (given, expected) => {
    expect(nearest(given, names)).toBe(expected);
  });
});

describe('edit distance', () => {
  it.each([
    ['', 'abc', 3],
    ['rate', 'raet', 1],
    ['kitten', 'sitting', 3],
    ['same', 'same', 0],
  ])('from %j to %j is %j', (from, to, expected) => {
    expect(editDistance(from, to)).toBe(expected);
  });

  it('is the same both ways, and never more than the longer word', () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, (one, other) => {
        const distance = editDistance(one, other);
        expect(distance).toBe(editDistance(other, one));
        expect(distance).toBeLessThanOrEqual(Math.max(one.length, other.length));
        expect(distance === 0).toBe(one === other);
      }),
    );
  });
});
