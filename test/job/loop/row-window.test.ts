import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type OpenRow, visitorPrint, Window } from '../../../src/job/loop/row-window.js';

function openRow(rowNumber: number, id: string): OpenRow {
  return {
    rowNumber,
    lineNumber: rowNumber + 1,
    startByte: rowNumber * 10,
    id,
    print: visitorPrint(id),
    form: 'mboxPC=1',
    mark: null,
    attempts: 0,
    route: null,
    countedTries: 0,
    firstTryAtMs: null,
    firstTryMonotonicMs: null,
    earlierMs: 0,
    hasEnded: false,
    resultByte: -1,
    nextOfVisitor: null,
    group: null,
  };
}

const start = { rowNumber: 1, lineNumber: 2, byte: 10 };
/** Ids whose prints are the same, found by trying. */
const twins = ['cust-462789', 'cust-679192'] as const;

describe('the window of open rows', () => {
  it('lets each visitor’s rows out one after the other, in the order of the file, whatever ends when', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), visitor: fc.nat(4) }),
      fc.record({ kind: fc.constant('add-ended' as const) }),
      fc.record({ kind: fc.constant('end' as const), which: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 3_000, size: 'max' }), (steps) => {
        const window = new Window();
        const out: OpenRow[] = [];
        const open = new Map<number, string>();
        const lastOut = new Map<string, number>();
        let rowNumber = 0;
        const letOut = (row: OpenRow) => {
          expect(out.some(({ id }) => id === row.id)).toBe(false);
          expect(row.rowNumber).toBeGreaterThan(lastOut.get(row.id) ?? 0);
          lastOut.set(row.id, row.rowNumber);
          out.push(row);
        };
        for (const one of steps) {
          if (one.kind === 'end') {
            const [row] = out.splice(one.which % Math.max(1, out.length), 1);
            if (row === undefined) continue;
            open.delete(row.rowNumber);
            const next = window.end(row, 0);
            if (next !== null) letOut(next);
          } else {
            rowNumber += 1;
            const id = one.kind === 'add' ? `visitor-${one.visitor}` : '';
            const row = openRow(rowNumber, id);
            if (one.kind === 'add') {
              open.set(rowNumber, id);
              if (window.add(row)) letOut(row);
            } else window.addEnded({ ...row, hasEnded: true, resultByte: 0 });
          }
          expect(window.openCount).toBe(open.size);
          expect(window.oldestOpen?.rowNumber).toBe([...open.keys()][0]);
          expect(out.length).toBe(new Set(open.values()).size); // nobody waits for a row that is not there
        }
      }),
      { numRuns: 30 },
    );
  });

  it('lets visitors with the same print go one after the other, and loses none', () => {
    const [one, other] = twins;
    expect(visitorPrint(one)).toBe(visitorPrint(other));
    const window = new Window();
    const rows = [openRow(1, one), openRow(2, other), openRow(3, one)] as const;

    expect(rows.map((row) => window.add(row))).toEqual([true, false, false]);
    expect(window.end(rows[0], 0)).toBe(rows[1]);
    expect(window.end(rows[1], 0)).toBe(rows[2]);
    expect(window.end(rows[2], 0)).toBeNull();
    expect(window.openCount).toBe(0);
  });

  it('says where the oldest open row begins, or where reading has come to', () => {
    const window = new Window();
    const rows = [openRow(1, 'a'), openRow(2, 'b')] as const;
    for (const row of rows) window.add(row);
    const readTo = { rowNumber: 3, lineNumber: 4, byte: 30 };

    expect(window.next(readTo)).toEqual(start);
    window.end(rows[1], 0);
    expect(window.next(readTo)).toEqual(start);
    window.end(rows[0], 0);
    expect(window.next(readTo)).toEqual(readTo);
  });
});
