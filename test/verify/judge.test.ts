import { describe, expect, it } from 'vitest';
import { judgeNotFound, judgeProfile } from '../../src/verify/judge.js';
import type { Expected, ExpectedAttribute } from '../../src/verify/visitor-draw.js';
import { wilson } from '../../src/verify/wilson.js';

const hourMs = 3_600_000;
const nowMs = Date.UTC(2026, 10, 25, 12);

/** Row 1 was submitted so long ago. */
const ago = (hours: number) => () => nowMs - hours * hourMs;

function expected(attributes: Readonly<Record<string, string | Partial<ExpectedAttribute>>>): Expected {
  const entries = Object.entries(attributes).map(([name, given]): [string, ExpectedAttribute] => {
    const one = typeof given === 'string' ? { value: given } : given;
    return [name, { value: '', rowNumber: 1, isUnchanged: false, orElse: [], ...one }];
  });
  return { id: 'v', hash: 0, rowNumber: 1, lineNumber: 2, attributes: new Map(entries) };
}

/** Values and how many hours ago they were set, by the server's clock. */
const held = (values: Readonly<Record<string, readonly [value: string, hours: number | null]>>) =>
  new Map(
    Object.entries(values).map(([name, [value, hours]]) => [
      name,
      { value, modifiedAtMs: hours === null ? null : nowMs - hours * hourMs },
    ]),
  );

describe('the verdict on a profile', () => {
  const two = expected({ a: '1', b: '2' });

  it.each([
    ['all equal, whatever the times', { a: ['1', 99], b: ['2', 0] }, 1, 'applied', 2],
    ['others among them', { a: ['1', 1], b: ['2', 1], c: ['x', 0] }, 99, 'applied', 2],
    ['one is missing, submitted lately', { a: ['1', 1] }, 23.9, 'pending', 1],
    ['one is missing, after a day', { a: ['1', 1] }, 24.1, 'different', 1],
    ['another value, older than the submission', { a: ['1', 1], b: ['x', 31] }, 30, 'different', 1],
    ['another value, set later', { a: ['1', 1], b: ['x', 29] }, 30, 'overwritten', 1],
    ['another value, set later, one is missing', { b: ['x', 29] }, 30, 'different', 0],
    ['another value, without a time', { a: ['1', 1], b: ['x', null] }, 30, 'different', 1],
    ['another value, set later, submitted lately', { a: ['1', 1], b: ['x', 1] }, 2, 'pending', 1],
  ] as const)('%s', (_title, values, hours, verdict, matching) => {
    const judged = judgeProfile(two, held(values), ago(hours), nowMs, 0);
    expect(judged).toEqual({ verdict, matching, compared: 2 });
  });

  it('an unchanged row is never waited for', () => {
    const unchanged = expected({ a: { value: '1', isUnchanged: true } });
    expect(judgeProfile(unchanged, held({}), ago(1), nowMs, 0).verdict).toBe('different');
    expect(judgeNotFound(unchanged, ago(1), nowMs).verdict).toBe('not-found');
  });

  it('what a failed row would have set is as good', () => {
    const either = expected({ a: { value: '1', orElse: ['2'] } });
    expect(judgeProfile(either, held({ a: ['2', 0] }), ago(30), nowMs, 0).verdict).toBe('applied');
    expect(judgeProfile(either, held({ a: ['3', 0] }), ago(30), nowMs, 0).verdict).toBe('overwritten');
  });

  it('is told by the reply’s clock: one that is ahead makes no value later', () => {
    const one = expected({ a: '1' });
    // Ours is an hour behind: what looks set half an hour after the submission was set half an hour before it.
    expect(judgeProfile(one, held({ a: ['x', 29.5] }), ago(30), nowMs, hourMs).verdict).toBe('different');
    expect(judgeProfile(one, held({ a: ['x', 28.5] }), ago(30), nowMs, hourMs).verdict).toBe('overwritten');
    expect(judgeProfile(one, held({ a: ['x', 30.5] }), ago(30), nowMs, -hourMs).verdict).toBe('overwritten');
  });

  it('on a visitor that is not there is pending for a day', () => {
    expect(judgeNotFound(two, ago(23.9), nowMs)).toEqual({ verdict: 'pending', matching: 0, compared: 2 });
    expect(judgeNotFound(two, ago(24.1), nowMs).verdict).toBe('not-found');
  });
});

describe('the interval of a share', () => {
  it.each([
    [10, 10, 0.7225, 1],
    [0, 10, 0, 0.2775],
    [950, 1000, 0.9347, 0.9619],
  ])('%i of %i', (hits, count, low, high) => {
    const found = wilson(hits, count);
    expect(found?.value).toBe(hits / count);
    expect(found?.low).toBeCloseTo(low, 3);
    expect(found?.high).toBeCloseTo(high, 3);
  });

  it('of nothing does not exist', () => {
    expect(wilson(0, 0)).toBeNull();
  });
});
