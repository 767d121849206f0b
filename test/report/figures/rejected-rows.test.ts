import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RejectedRows, type Room } from '../../../src/report/figures/rejected-rows.js';
import type { ReasonCode } from '../../../src/terms/outcome.js';

interface Row {
  readonly rowNumber: number;
  readonly code: ReasonCode;
  readonly sizeBytes: number;
}

function keptOf(room: Room, rows: readonly Row[]): Row[] {
  const rejected = new RejectedRows<Row>(room, (row) => row.sizeBytes);
  for (const row of rows) rejected.add(row.code, row);
  expect(rejected.seenCount).toBe(rows.length);
  return rejected.kept();
}

function rowsOf(codes: readonly ReasonCode[], sizeBytes = 1): Row[] {
  return codes.map((code, index) => ({ rowNumber: index + 1, code, sizeBytes }));
}

function many(code: ReasonCode, count: number): ReasonCode[] {
  return new Array<ReasonCode>(count).fill(code);
}

describe('the rows that a page has room for', () => {
  it('are all of them where there is room', () => {
    const rows = rowsOf(['timeout', 'network', 'timeout']);
    expect(keptOf({ rowsMax: 3, bytesMax: 3 }, rows)).toEqual(rows);
  });

  it('are in the order of the file, in whatever order rows ended', () => {
    const rows = rowsOf(['timeout', 'network', 'timeout']);
    expect(keptOf({ rowsMax: 3, bytesMax: 3 }, [...rows].reverse())).toEqual(rows);
  });

  it('hold the one row of a rare reason, though it comes after thousands of another', () => {
    const kept = keptOf({ rowsMax: 10, bytesMax: 1000 }, rowsOf([...many('timeout', 5_000), 'target-refused']));
    expect(kept.map(({ rowNumber }) => rowNumber)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 5_001]);
  });

  it('are shared evenly between common reasons', () => {
    const kept = keptOf({ rowsMax: 10, bytesMax: 1000 }, rowsOf([...many('timeout', 50), ...many('network', 50)]));
    expect(kept.filter(({ code }) => code === 'network')).toHaveLength(5);
  });

  it('keep within the bytes when rows are long', () => {
    const kept = keptOf({ rowsMax: 10, bytesMax: 1000 }, rowsOf(many('timeout', 50), 400));
    expect(kept).toHaveLength(2);
  });

  it('do not take a short row for a long one before it that had no room', () => {
    const sizes = [400, 400, 400, 1];
    const rows = rowsOf(many('timeout', 4)).map((row, index) => ({ ...row, sizeBytes: sizes[index] ?? 0 }));
    expect(keptOf({ rowsMax: 10, bytesMax: 1000 }, rows)).toEqual(rows.slice(0, 2));
  });

  it('are the first of each reason, without a gap, and fill the room', () => {
    const codes = fc.array(fc.constantFrom<ReasonCode>('timeout', 'network', 'target-refused'), { maxLength: 80 });
    fc.assert(
      fc.property(codes, fc.integer({ min: 1, max: 20 }), (order, rowsMax) => {
        const rows = rowsOf(order);
        const kept = keptOf({ rowsMax, bytesMax: 1000 }, rows);
        expect(kept).toHaveLength(Math.min(rowsMax, rows.length));
        for (const code of new Set(order)) {
          const own = kept.filter((row) => row.code === code);
          expect(own).toEqual(rows.filter((row) => row.code === code).slice(0, own.length));
        }
      }),
    );
  });
});
