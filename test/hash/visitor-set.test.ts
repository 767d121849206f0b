import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { halfSipHash, VisitorSet } from '../../src/hash/visitor-set.js';
import { seededRandom } from '../support/index.js';

describe('halfSipHash', () => {
  it('gives the reference vectors of HalfSipHash-2-4-64', () => {
    // github.com/veorq/SipHash, vectors.h: key 00…07, message 00, 01, 02, … of as many bytes.
    const vectors = new Map([
      [0, '218d1f59b9b83cc8'],
      [2, '064f39ef7c50eb57'],
      [4, 'd5e78a175be52ea1'],
      [6, 'ce3e91358aa2bc25'],
      [8, 'edfee820bce4858c'],
      [10, '95b0469f06a6f2ee'],
      [20, '1bf52b0a6feea7db'],
    ]);
    for (const [lengthBytes, expected] of vectors) {
      const message = Buffer.from(Array.from({ length: lengthBytes }, (_, at) => at));
      const into = new Uint32Array(2);
      halfSipHash(message.toString('utf16le'), { low: 0x03020100, high: 0x07060504 }, into);
      const found = Buffer.alloc(8);
      found.writeUInt32LE(into[1] ?? 0, 0);
      found.writeUInt32LE(into[0] ?? 0, 4);
      expect(found.toString('hex')).toBe(expected);
    }
  });
});

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

  it('places the same visitors differently under another key', () => {
    const first = new Uint32Array(2);
    const second = new Uint32Array(2);
    halfSipHash('visitor', { low: 1, high: 2 }, first);
    halfSipHash('visitor', { low: 1, high: 3 }, second);
    expect([...first]).not.toEqual([...second]);
  });
});
