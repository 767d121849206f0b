import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idCell, type RowResult, reasonCell } from '../../../src/job/results/result.js';
import { ResultLines } from '../../../src/job/results/result-lines.js';
import { anyRow, resultLine, rowResult } from '../support/result-rows.js';

/** A line put together the plain way. */
function plainLine(row: RowResult): string {
  const { rowNumber, lineNumber, id, status, httpStatus, attempts, durationMs, finishedAtMs, reason, route } = row;
  const finishedAt = new Date(finishedAtMs).toISOString();
  const cells = [rowNumber, lineNumber, idCell(id), status, httpStatus ?? '', attempts, durationMs, finishedAt];
  return `${cells.join(',')},${reasonCell(reason)},${route ?? ''}\n`;
}

/** As they come from a run: many alike, in the same moment or the next. */
const manyRows = fc.array(
  fc.oneof(
    anyRow,
    fc
      .tuple(fc.constantFrom(0, 1, 9, 10, 99, 100, 999, 1_000, 1_001, 60_000), fc.stringMatching(/^[\w.-]{0,80}$/))
      .map(([laterMs, id]) => rowResult({ id, finishedAtMs: Date.UTC(2026, 10, 23, 15, 17, 4, 7) + laterMs })),
    fc
      .constantFrom(1, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31, Number.MAX_SAFE_INTEGER)
      .map((number) => rowResult({ rowNumber: number, lineNumber: number, attempts: number, durationMs: number })),
    fc
      .string({ unit: fc.constantFrom('a', '7', '_', '-', '.', ',', '"', '=', '@', '+', ' ', 'é'), maxLength: 4 })
      .map((id) => rowResult({ id })),
    fc.string({ unit: 'binary', maxLength: 3_000 }).map((id) => rowResult({ id, httpStatus: null })),
    fc.constantFrom('a\ud800', '\udc00b', '\u2028'.repeat(3_000)).map((id) => rowResult({ id, status: 'invalid' })),
  ),
);

describe("the report's lines", () => {
  it('are, as bytes, what each is by itself', () => {
    fc.assert(
      fc.property(manyRows, (rows) => {
        const lines = new ResultLines();
        for (const row of rows) lines.add(row);
        const expected = Buffer.from(rows.map(plainLine).join(''));
        expect(lines.length).toBe(expected.length);
        expect(lines.take().toString()).toBe(expected.toString());
      }),
    );
  });

  it('are empty again once they are taken, and what was taken is left alone until the next are', () => {
    const [one, two, three] = [1, 2, 3].map((rowNumber) => rowResult({ rowNumber, id: 'x'.repeat(10_000) }));
    if (!one || !two || !three) throw new Error('three rows');
    const lines = new ResultLines();
    lines.add(one);
    const taken = lines.take();
    expect(lines.length).toBe(0);
    lines.add(two);
    expect(taken.toString()).toBe(resultLine(one));
    expect(lines.take().toString()).toBe(resultLine(two));
    lines.add(three);
    expect(lines.take().toString()).toBe(resultLine(three));
  });

  it('can be dropped', () => {
    const lines = new ResultLines();
    lines.add(rowResult({ rowNumber: 1 }));
    lines.clear();
    lines.add(rowResult({ rowNumber: 2 }));
    expect(lines.take().toString()).toBe(resultLine(rowResult({ rowNumber: 2 })));
  });

  it('take no row whose time no calendar has, and nothing of it', () => {
    const lines = new ResultLines();
    expect(() => lines.add(rowResult({ finishedAtMs: 9e15 }))).toThrow(RangeError);
    expect(lines.length).toBe(0);
    lines.add(rowResult());
    expect(lines.take().toString()).toBe(resultLine(rowResult()));
  });
});
