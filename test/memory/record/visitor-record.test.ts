import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AttributeState } from '../../../src/memory/record/attribute-state.js';
import { freshnessClock, toMinutes } from '../../../src/memory/record/freshness.js';
import { hashKeys, RowPrint } from '../../../src/memory/record/row-hashes.js';
import {
  type AttributeEntry,
  decodeRecord,
  encodeRecord,
  isUnchanged,
} from '../../../src/memory/record/visitor-record.js';

const word = fc.integer({ min: 0, max: 0xffffffff });
/** Of the home, in whole seconds. */
const time = fc.oneof(
  fc.constant(0),
  word.map((seconds) => seconds * 1_000),
);
const anyState: fc.Arbitrary<AttributeState> = fc.oneof(
  fc.record({
    kind: fc.constant('known' as const),
    value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    setAtMinutes: fc.integer({ min: 0, max: 2 ** 30 - 1 }),
    openUntilMs: time,
  }),
  fc.record({
    kind: fc.constant('uncertain' as const),
    token: fc.record({ run: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), sequence: word }),
    untilMs: time,
    othersUntilMs: time,
  }),
);
const anyEntries: fc.Arbitrary<AttributeEntry[]> = fc.array(fc.record({ name: fc.integer(), state: anyState }), {
  maxLength: 300,
});
const visitor = Uint8Array.from({ length: 12 }, (_, index) => index);

function viewOf(bytes: Uint8Array): DataView {
  const copy = Uint8Array.from(bytes);
  return new DataView(copy.buffer);
}

describe('a visitor’s record', () => {
  it('comes back as it was written, however many attributes there are', () => {
    fc.assert(
      fc.property(anyEntries, (entries) => {
        expect(decodeRecord(visitor, viewOf(encodeRecord(visitor, entries)))).toEqual(entries);
      }),
    );
  });

  it('takes 16 bytes for an attribute at rest', () => {
    const known: AttributeState = { kind: 'known', value: 1n, setAtMinutes: 29_000_000, openUntilMs: 0 };
    const entries = [1, 2, 3, 4, 5].map((name) => ({ name, state: known }));
    expect(encodeRecord(visitor, entries).length).toBe(8 + 80);
  });

  it('never ends a doubt early: times are rounded up', () => {
    const token = { run: 1n, sequence: 1 };
    const state: AttributeState = { kind: 'uncertain', token, untilMs: 1_000.5, othersUntilMs: 1 };
    expect(decodeRecord(visitor, viewOf(encodeRecord(visitor, [{ name: 1, state }])))[0]?.state).toMatchObject({
      untilMs: 2_000,
      othersUntilMs: 1_000,
    });
  });

  it('is refused with any bit changed, cut off, or in another visitor’s place', () => {
    const state: AttributeState = { kind: 'known', value: 7n, setAtMinutes: 29_000_000, openUntilMs: 9_000 };
    const bytes = encodeRecord(visitor, [
      { name: 1, state },
      { name: 2, state },
    ]);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const damaged = Uint8Array.from(bytes);
      damaged[bit >>> 3] = (damaged[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => decodeRecord(visitor, viewOf(damaged)), `bit ${bit}`).toThrow(RangeError);
    }
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeRecord(visitor, viewOf(bytes.subarray(0, length)))).toThrow(RangeError);
    }
    expect(() => decodeRecord(Uint8Array.from(visitor).reverse(), viewOf(bytes))).toThrow(RangeError);
  });
});

describe('isUnchanged', () => {
  const nowMs = Date.UTC(2026, 0, 1);
  const freshness = freshnessClock(7)(nowMs);
  const hashes = new RowPrint(hashKeys(createHash('sha256').digest())).read(
    'mbox3rdPartyId=1&profile.a=x&profile.b=y&profile.c=z',
  );
  const values = [...new BigInt64Array(Int32Array.from(hashes.valueWords).buffer)];
  const setAtMinutes = toMinutes(nowMs);
  const knownEntry = (index: number): AttributeEntry => ({
    name: hashes.names[index] ?? 0,
    state: { kind: 'known', value: values[index] ?? 0n, setAtMinutes, openUntilMs: 0 },
  });
  const uncertain: AttributeState = {
    kind: 'uncertain',
    token: { run: 3n, sequence: 1 },
    untilMs: 0,
    othersUntilMs: 0,
  };
  const other: AttributeEntry = { name: 12345, state: uncertain };
  const holds = (entries: AttributeEntry[]) =>
    isUnchanged(viewOf(encodeRecord(hashes.visitor, entries)), hashes, freshness);
  const all = [0, 1, 2].map(knownEntry);
  const withState = (change: (entry: AttributeEntry) => AttributeState) =>
    all.map((entry, index) => (index === 2 ? { ...entry, state: change(entry) } : entry));

  it('holds when every attribute of the row is known and equal, in whatever order, among whatever others', () => {
    expect(holds(all)).toBe(true);
    expect(holds([...all].reverse())).toBe(true);
    expect(holds([other, ...all])).toBe(true);
    expect(holds([all[2] ?? other, other, all[0] ?? other, all[1] ?? other])).toBe(true);
  });

  it('holds where attempts with the same value may still arrive', () => {
    const state: AttributeState = { kind: 'known', value: values[2] ?? 0n, setAtMinutes, openUntilMs: 7_000 };
    expect(holds(withState(() => state))).toBe(true);
  });

  it.each<[string, (value: bigint) => AttributeState]>([
    ['another value', (own) => ({ kind: 'known', value: own ^ 1n, setAtMinutes, openUntilMs: 0 })],
    [
      'another value in its high half',
      (own) => ({ kind: 'known', value: own ^ (1n << 40n), setAtMinutes, openUntilMs: 0 }),
    ],
    ['uncertain', () => uncertain],
    [
      'uncertain, by a token like the value',
      (own) => ({ ...uncertain, token: { run: BigInt.asUintN(64, own), sequence: 1 } }),
    ],
    ['due', (own) => ({ kind: 'known', value: own, setAtMinutes: setAtMinutes - 10_080, openUntilMs: 0 })],
  ])('does not hold when one attribute is %s', (_case, state) => {
    expect(holds(withState(() => state(values[2] ?? 0n)))).toBe(false);
  });

  it('does not hold when one attribute is missing', () => {
    expect(holds(all.slice(0, 2))).toBe(false);
    expect(holds([])).toBe(false);
  });

  it('refuses a damaged record', () => {
    const bytes = encodeRecord(hashes.visitor, all);
    bytes[9] = (bytes[9] ?? 0) ^ 1;
    expect(() => isUnchanged(viewOf(bytes), hashes, freshness)).toThrow(RangeError);
  });
});
