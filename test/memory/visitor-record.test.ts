import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AttributeState } from '../../src/memory/attribute-state.js';
import { freshnessClock, toMinutes } from '../../src/memory/freshness.js';
import { hashKeys, RowPrint } from '../../src/memory/row-hashes.js';
import { type AttributeEntry, decodeRecord, encodeRecord, isUnchanged } from '../../src/memory/visitor-record.js';

const word = fc.integer({ min: 0, max: 0xffffffff });
const value = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const anyState: fc.Arbitrary<AttributeState> = fc.oneof(
  fc.record({
    kind: fc.constant('known' as const),
    value,
    setAtMinutes: fc.integer({ min: 0, max: 2 ** 30 - 1 }),
    echo: fc.oneof(fc.constant(0), word),
  }),
  fc.record({
    kind: fc.constant('pending' as const),
    value,
    run: word,
    sequence: word,
    earlierOpen: fc.integer({ min: 0, max: 255 }),
    echo: word,
  }),
  fc.record({ kind: fc.constant('contested' as const), through: word }),
);
const anyEntries: fc.Arbitrary<AttributeEntry[]> = fc.array(fc.record({ name: fc.integer(), state: anyState }), {
  maxLength: 300,
});

function viewOf(bytes: Uint8Array): DataView {
  const copy = Uint8Array.from(bytes);
  return new DataView(copy.buffer);
}

describe('a visitor’s record', () => {
  it('comes back as it was written, however many attributes there are', () => {
    fc.assert(
      fc.property(anyEntries, (entries) => {
        expect(decodeRecord(viewOf(encodeRecord(entries)))).toEqual(entries);
      }),
    );
  });

  it('has room for thousands of attributes', () => {
    const pending = { kind: 'pending' as const, run: 1, sequence: 2, earlierOpen: 3, echo: 4 };
    const entries = Array.from({ length: 5_000 }, (_, name) => ({ name, state: { ...pending, value: BigInt(name) } }));
    expect(decodeRecord(viewOf(encodeRecord(entries)))).toEqual(entries);
  });

  it('takes 16 bytes for an attribute at rest', () => {
    const known: AttributeState = { kind: 'known', value: 1n, setAtMinutes: 29_000_000, echo: 0 };
    const entries = [1, 2, 3, 4, 5].map((name) => ({ name, state: known }));
    expect(encodeRecord(entries).length).toBe(80);
  });

  it('is refused when it ends in the middle of an entry', () => {
    const bytes = encodeRecord([{ name: 1, state: { kind: 'contested', through: 1 } }]);
    expect(() => decodeRecord(viewOf(bytes.subarray(0, 9)))).toThrow(RangeError);
  });
});

describe('isUnchanged', () => {
  const nowMs = Date.UTC(2026, 0, 1);
  const freshness = freshnessClock(7)(nowMs);
  const print = new RowPrint(hashKeys(createHash('sha256').digest()));
  print.read('mbox3rdPartyId=1&profile.a=x&profile.b=y&profile.c=z');
  const names = [...print.names.subarray(0, 3)];
  const values = [...print.values.subarray(0, 3)];
  const setAtMinutes = toMinutes(nowMs);
  const knownEntry = (index: number): AttributeEntry => ({
    name: names[index] ?? 0,
    state: { kind: 'known', value: values[index] ?? 0n, setAtMinutes, echo: 0 },
  });
  const other: AttributeEntry = { name: 12345, state: { kind: 'contested', through: 3 } };
  const holds = (entries: AttributeEntry[]) => isUnchanged(viewOf(encodeRecord(entries)), print, freshness);
  const all = [0, 1, 2].map(knownEntry);
  const withState = (change: (entry: AttributeEntry) => AttributeState) =>
    all.map((entry, index) => (index === 2 ? { ...entry, state: change(entry) } : entry));

  it('holds when every attribute of the row is known and equal, in whatever order, among whatever others', () => {
    expect(holds(all)).toBe(true);
    expect(holds([...all].reverse())).toBe(true);
    expect(holds([other, ...all])).toBe(true);
    expect(holds([all[2] ?? other, other, all[0] ?? other, all[1] ?? other])).toBe(true);
  });

  it('holds where tries with the same value may still arrive', () => {
    expect(holds(withState(() => ({ kind: 'known', value: values[2] ?? 0n, setAtMinutes, echo: 7 })))).toBe(true);
  });

  it.each<[string, (value: bigint) => AttributeState]>([
    ['another value', (own) => ({ kind: 'known', value: own ^ 1n, setAtMinutes, echo: 0 })],
    ['another value in its high half', (own) => ({ kind: 'known', value: own ^ (1n << 40n), setAtMinutes, echo: 0 })],
    ['the value on its way', (own) => ({ kind: 'pending', value: own, run: 1, sequence: 1, earlierOpen: 0, echo: 0 })],
    ['contested', () => ({ kind: 'contested', through: 1 })],
    [
      'contested, by a number like the value',
      (own) => ({ kind: 'contested', through: Number(BigInt.asUintN(32, own)) }),
    ],
    ['due', (own) => ({ kind: 'known', value: own, setAtMinutes: setAtMinutes - 10_080, echo: 0 })],
  ])('does not hold when one attribute is %s', (_case, state) => {
    expect(holds(withState(() => state(values[2] ?? 0n)))).toBe(false);
  });

  it('does not hold when one attribute is missing', () => {
    expect(holds(all.slice(0, 2))).toBe(false);
    expect(holds([])).toBe(false);
  });
});
