import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { barLine, runLayouts } from '../../../src/terminal/progress/bar-line.js';
import type { RunView } from '../../../src/terminal/progress/run-view.js';

const plain = { hasColor: false, isUtf8: true };
const nowMs = Date.UTC(2026, 10, 23, 13, 2);

const moving: RunView = {
  wallMs: nowMs,
  share: 0.43,
  rowsPerSecond: 1234,
  submittedCount: 412_345,
  rejectedCount: 12,
  quietCount: 0,
  capUsedShare: 0.41,
  cap: { limit: 1_000_000, used: 412_357, left: 587_643, nextFreeAtMs: null },
  timeLeftMs: 252_000,
  rowsLeft: 570_000,
  hold: null,
};
const held: RunView = {
  ...moving,
  hold: { cause: 'cap', sinceWallMs: nowMs, untilWallMs: nowMs + 7_920_000 },
};

function line(view: RunView, columns: number, screen = plain): string {
  return barLine(view.share, runLayouts(view, 'Europe/Berlin'), { ...screen, columns });
}

describe('the line of the bar', () => {
  it.each([
    [
      140,
      ' 43 % ▕█████████████████░░░░░░░░░░░░░░░░░░░░░░░▏  1,234 rows/s  412,345 submitted  12 not sent  cap 41 % used  4 min 12 s left',
    ],
    [80, ' 43 % ▕███░░░░░▏  1,234/s  412,345 ok  12 not sent  cap 41 %  4 min 12 s left'],
    [60, ' 43 % ▕███░░░░▏  412,345 ok  12 not sent  4 min 12 s left'],
    [50, ' 43 %  412,345 ok  12 not sent  4 min 12 s left'],
    [30, ' 43 %  12 not sent'],
    [8, ' 43 %'],
  ])('says what fits into %d columns', (columns, expected) => {
    expect(line(moving, columns).trimStart()).toBe(expected.trimStart());
  });

  it.each([
    [140, 'cap used up since 14:02 CET, until 16:14 CET (2 h 12 min)  570,000 rows left'],
    [80, 'cap used up, until 16:14 CET  570,000 rows left'],
    [60, 'cap: until 16:14 CET  570,000 rows left'],
    [30, 'cap: until 16:14 CET'],
  ])('says until when it waits, in %d columns', (columns, expected) => {
    expect(line(held, columns)).toContain(expected);
  });

  it('says since when, where nobody knows until when', () => {
    const view: RunView = { ...held, hold: { cause: 'outage', sinceWallMs: nowMs, untilWallMs: null } };
    expect(line(view, 100)).toContain('no good answers, probing since 14:02 CET');
  });

  it('names what has nothing to send, where there is room and there is any', () => {
    expect(line({ ...moving, quietCount: 7 }, 140)).toContain('7 nothing to send');
  });

  it('is drawn in ASCII where the locale is not UTF-8', () => {
    expect(line(moving, 100, { hasColor: false, isUtf8: false })).toMatch(/^[ -~]*$/);
  });

  it('is never wider than its terminal, coloured or not, and says the same in colour', () => {
    const view = fc.record({
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      submittedCount: fc.nat({ max: 10_000_000_000 }),
      rejectedCount: fc.nat({ max: 10_000_000 }),
      rowsPerSecond: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true })),
      timeLeftMs: fc.option(fc.double({ min: 0, max: 1e12, noNaN: true })),
      hold: fc.constantFrom(null, held.hold),
    });
    fc.assert(
      fc.property(view, fc.integer({ min: 1, max: 300 }), (parts, columns) => {
        const text = line({ ...moving, ...parts }, columns);
        expect(text.length).toBeLessThanOrEqual(Math.max(1, columns - 3));
        const colored = line({ ...moving, ...parts }, columns, { ...plain, hasColor: true });
        expect(colored.replace(/\u001b\[\d+m/g, '')).toBe(text);
      }),
    );
  });
});
