import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChangedAttributes } from '../../../src/memory/record/changed-attributes.js';
import { seededRandom } from '../../support/index.js';

describe('ChangedAttributes', () => {
  const word = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer());
  const entry = fc.tuple(
    word,
    word,
    fc.uniqueArray(fc.integer({ min: 100, max: 110 }), { minLength: 1, maxLength: 4 }),
  );

  it('knows of each visitor which attributes were added, whatever the hashes', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 200 }), fc.array(entry, { maxLength: 50 }), (added, asked) => {
        const changed = new ChangedAttributes();
        const model = new Map<string, Set<number>>();
        for (const [low, high, names] of added) {
          changed.add(low, high, names);
          const before = model.get(`${low} ${high}`) ?? [];
          model.set(`${low} ${high}`, new Set([...before, ...names]));
        }
        for (const [low, high, names] of [...added, ...asked]) {
          const touched = names.some((name) => model.get(`${low} ${high}`)?.has(name) === true);
          expect(changed.touches(low, high, names)).toBe(touched);
        }
      }),
    );
  });

  it('grows to any number of visitors', () => {
    const changed = new ChangedAttributes();
    const random = seededRandom(1);
    const visitors = Array.from({ length: 20_000 }, () => [random.next() * 2 ** 32, random.next() * 2 ** 32] as const);
    const names = [7, 8];
    for (const [low, high] of visitors) changed.add(low | 0, high | 0, [7]);
    const wrong = visitors.filter(([low, high]) => {
      const isThere = changed.touches(low | 0, high | 0, names);
      const hasOther = changed.touches(low | 0, high | 0, [8]);
      return !isThere || hasOther || changed.touches(low | 0, (high | 0) + 1, names);
    });
    expect(wrong).toEqual([]);
  });

  it('errs towards a change beyond 31 attributes, and only there', () => {
    const changed = new ChangedAttributes();
    const names = Array.from({ length: 40 }, (_, name) => name);
    for (const name of names) changed.add(name, 0, [name]);
    const touching = (visitor: number) => names.filter((name) => changed.touches(visitor, 0, [name]));
    expect(touching(5)).toEqual([5]);
    expect(touching(30)).toEqual([30]);
    expect(touching(35)).toEqual(names.slice(31));
  });
});
