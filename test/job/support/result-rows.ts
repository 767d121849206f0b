import fc from 'fast-check';
import type { RowResult } from '../../../src/job/results/result.js';
import { ResultLines } from '../../../src/job/results/result-lines.js';
import { rowStatuses } from '../../../src/terms/outcome.js';

/** A submitted row, but for what a test says. */
export function rowResult(changes: Partial<RowResult> = {}): RowResult {
  return {
    rowNumber: 1,
    lineNumber: 2,
    id: 'cust-1',
    status: 'submitted',
    httpStatus: 200,
    attempts: 1,
    durationMs: 12,
    finishedAtMs: Date.UTC(2026, 10, 23, 15, 17, 4, 7),
    reason: null,
    route: 'update',
    ...changes,
  };
}

/** Text with what hurts: quotes, delimiters, line breaks, escape sequences, letters beyond the first plane. */
export const nastyText = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '"',
      ',',
      '\n',
      '\r',
      '\u001b',
      '\u0000',
      '\u0085',
      '\u2028',
      '\u202e',
      '\t',
      ' ',
      '=',
      '@',
      '+',
      '-',
      "'",
      '%',
    ),
    fc.constantFrom('a', 'Z', '7', 'ü', '日', '😀', '\ufeff'),
  ),
  maxLength: 40,
});

export const anyRow: fc.Arbitrary<RowResult> = fc.record({
  rowNumber: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  lineNumber: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  id: nastyText,
  status: fc.constantFrom(...rowStatuses),
  httpStatus: fc.oneof(fc.constant(null), fc.integer({ min: 100, max: 599 })),
  attempts: fc.nat(),
  durationMs: fc.nat(),
  finishedAtMs: fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) }),
  reason: fc.oneof(
    fc.constant(null),
    fc.record({
      code: fc.constantFrom('id-empty', 'target-refused', 'timeout', 'no-values'),
      text: fc.oneof(fc.constant(null), nastyText),
    }),
  ),
  route: fc.constantFrom('update', 'delivery', null),
});

/** A row's line as the report has it. */
export function resultLine(row: RowResult): string {
  const lines = new ResultLines();
  lines.add(row);
  return lines.take().toString();
}
