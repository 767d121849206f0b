import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VisitorSet } from '../../src/hash/visitor-set.js';
import { seededRandom } from '../support/index.js';

describe('VisitorSet', () => {
  it('counts as a set would, and knows who came again', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.array(fc.string({ unit: 'grapheme', maxLength: 3 }), { maxLength: 500 }),
        (seed, ids) => {
          const visitors = new VisitorSet(seededRandom(seed));
          const times = new Map<string, number>();
          for (const id of ids) {
            expect(visitors.has(id)).toBe(times.has(id));
            const time = (times.get(id) ?? 0) + 1;
            times.set(id, time);
            expect(visitors.add(id)).toBe(time === 1 ? 'first' : time === 2 ? 'second' : 'later');
          }
          expect(visitors.size).toBe(times.size);
        },
      ),
    );
  });

  it('stays exact and within 24 bytes a visitor as it grows', () => {
    const visitors = new VisitorSet(seededRandom(7));
    const visitorCount = 100_000;
    let [firstCount, againCount, bytesMax] = [0, 0, 0];
    for (let number = 0; number < visitorCount; number += 1) {
      if (visitors.add(`visitor-${number}`) === 'first') firstCount += 1;
      if (number % 3 === 0 && visitors.add(`visitor-${number}`) === 'second') againCount += 1;
      if (number > 50_000) bytesMax = Math.max(bytesMax, visitors.tableBytes / visitors.size);
    }
    expect([firstCount, againCount, visitors.size]).toEqual([visitorCount, Math.ceil(visitorCount / 3), visitorCount]);
    expect(bytesMax).toBeLessThan(24);
    let secondCount = 0;
    for (let number = 0; number < visitorCount; number += 1) {
      if (visitors.add(`visitor-${number}`) === 'second') secondCount += 1;
    }
    expect(secondCount).toBe(visitorCount - againCount);
    expect(visitors.has('visitor--1')).toBe(false);
  });
});
