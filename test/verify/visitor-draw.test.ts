import { describe, expect, it } from 'vitest';
import { type DrawnAfter, type DrawnRow, VisitorDraw } from '../../src/verify/visitor-draw.js';

const usual = { seed: 'a job', countMax: 10, bytesMax: 1_000_000, shareMax: 1, after: null };

function row(
  id: string,
  rowNumber: number,
  pairs = `profile.a=${rowNumber}`,
  status: DrawnRow['status'] = 'submitted',
) {
  return { id, rowNumber, lineNumber: rowNumber + 1, status, form: `mbox3rdPartyId=${id}&${pairs}` };
}

/** Each visitor with three rows, far apart. */
function* rowsOf(count: number): Generator<DrawnRow> {
  for (let round = 0; round < 3; round += 1) {
    for (let index = 0; index < count; index += 1) yield row(`v${index}`, round * count + index + 1);
  }
}

function drawn(rows: Iterable<DrawnRow>, options: Partial<ConstructorParameters<typeof VisitorDraw>[0]> = {}) {
  const draw = new VisitorDraw({ ...usual, ...options });
  for (const one of rows) draw.take(one);
  return { draw, ...draw.drawn() };
}

const idsOf = (visitors: readonly { readonly id: string }[]) => visitors.map(({ id }) => id);

describe('a draw', () => {
  it('holds what the file says last of each attribute, over submitted rows', () => {
    const { visitors } = drawn([
      row('v1', 1, 'profile.a=1&profile.b=x%20y'),
      row('v1', 2, 'profile.a=2', 'unchanged'),
      row('v2', 3, 'profile.a=9', 'failed'),
    ]);
    expect(visitors).toHaveLength(1);
    expect(visitors[0]).toMatchObject({ id: 'v1', rowNumber: 2, lineNumber: 3 });
    expect(visitors[0]?.attributes).toEqual(
      new Map([
        ['a', { value: '2', rowNumber: 2, isUnchanged: true, orElse: [] }],
        ['b', { value: 'x y', rowNumber: 1, isUnchanged: false, orElse: [] }],
      ]),
    );
  });

  it('takes what a failed row would have set for possible, until a later row sets it', () => {
    const failed = [row('v1', 1), row('v1', 2, 'profile.a=f&profile.c=f', 'failed')];
    expect(drawn(failed).visitors[0]?.attributes.get('a')?.orElse).toEqual(['f']);
    expect(drawn(failed).visitors[0]?.attributes.has('c')).toBe(false);
    expect(drawn([...failed, row('v1', 3)]).visitors[0]?.attributes.get('a')?.orElse).toEqual([]);
  });

  it('draws the same visitors whatever the order of the rows, and others by another seed', () => {
    const rows = [...rowsOf(1000)];
    const forth = drawn(rows).visitors;
    expect(idsOf(forth)).toHaveLength(10);
    expect(idsOf(drawn(rows.toReversed()).visitors)).toEqual(idsOf(forth));
    expect(idsOf(drawn(rows, { seed: 'another' }).visitors)).not.toEqual(idsOf(forth));
  });

  it('draws visitors, not rows: one with many rows has no better chance', () => {
    const rows = [...rowsOf(200), ...Array.from({ length: 5000 }, (_, index) => row('v0', 601 + index))];
    const hits = Array.from({ length: 100 }, (_, seed) =>
      idsOf(drawn(rows, { seed: String(seed) }).visitors).includes('v0'),
    ).filter(Boolean).length;
    expect(hits).toBeLessThan(20); // 5 on average
  });

  it('in several draws comes by every visitor once, with all of its rows, however little may be held', () => {
    const rows = [...rowsOf(1000)];
    const seen: string[] = [];
    let after: DrawnAfter | null = null;
    for (let isOver = false; !isOver; ) {
      const { visitors, isLast } = drawn(rows, { after, countMax: 300, bytesMax: 50_000 });
      seen.push(...idsOf(visitors));
      expect(visitors.every(({ rowNumber }) => rowNumber > 2000)).toBe(true);
      const last = visitors.at(-1);
      after = last === undefined ? after : { hash: last.hash, id: last.id };
      isOver = isLast;
    }
    expect(seen).toHaveLength(1000);
    expect(new Set(seen).size).toBe(1000);
  });

  it('of a share draws about that share', () => {
    const { visitors, isLast } = drawn(rowsOf(10_000), { countMax: 100_000, bytesMax: 1e9, shareMax: 0.05 });
    expect(isLast).toBe(true);
    expect(visitors.length).toBeGreaterThan(400);
    expect(visitors.length).toBeLessThan(600);
  });

  it('counts visitors: exactly a few, by estimate many', () => {
    expect(drawn(rowsOf(5000)).draw.visitorCount).toBe(5000);
    const estimate = drawn(rowsOf(100_000)).draw.visitorCount;
    expect(Math.abs(estimate / 100_000 - 1)).toBeLessThan(0.04);
  });
});
