import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashKeys, RowPrint } from '../../../src/memory/record/row-hashes.js';

const keys = hashKeys(createHash('sha256').digest());

function printed(form: string, print = new RowPrint(keys)) {
  const { visitor, names, valueWords, share } = print.read(form);
  const values = [...new BigInt64Array(Int32Array.from(valueWords).buffer)];
  return { visitor: Buffer.from(visitor).toString('hex'), names, values, share };
}

describe('what a row is known by', () => {
  const one = printed('mbox3rdPartyId=1&profile.a=x&profile.b=y');

  it('is the same for the same row, whatever was read before it', () => {
    const print = new RowPrint(keys);
    printed('mboxPC=7&profile.b=q&profile.a=r&profile.c=s', print);
    expect(printed('mbox3rdPartyId=1&profile.a=x&profile.b=y', print)).toEqual(one);
  });

  it('goes by attribute: another order or other attributes change nothing of those that are the same', () => {
    const other = printed('mbox3rdPartyId=1&profile.b=y&profile.c=z&profile.a=x');
    expect(other.visitor).toBe(one.visitor);
    expect([other.names[2], other.names[0]]).toEqual(one.names);
    expect([other.values[2], other.values[0]]).toEqual(one.values);
  });

  it('differs between visitors, kinds of id and keys, for equal values too', () => {
    for (const other of [
      printed('mbox3rdPartyId=2&profile.a=x&profile.b=y'),
      printed('mboxPC=1&profile.a=x&profile.b=y'),
      printed('mbox3rdPartyId=1&profile.a=x&profile.b=y', new RowPrint(hashKeys(new Uint8Array(32)))),
    ]) {
      expect(other.visitor).not.toBe(one.visitor);
      expect(other.share).not.toBe(one.share);
      expect(other.values.filter((value) => one.values.includes(value))).toEqual([]);
    }
  });

  it('differs between names and between values, however the same characters are divided', () => {
    const prints = ['a=bc', 'ab=c', 'a=b%3Dc', 'a=', 'a=b', 'A=b'].map((pair) => printed(`mboxPC=1&profile.${pair}`));
    expect(new Set(prints.map((print) => print.values[0])).size).toBe(6);
    expect(new Set(prints.map((print) => print.names[0])).size).toBe(3);
  });

  it('takes a form apart as it was put together, with any number of attributes', () => {
    const part = fc.stringMatching(/^[A-Za-z0-9%.*_-]{1,12}$/);
    const print = new RowPrint(keys);
    fc.assert(
      fc.property(
        part,
        fc.uniqueArray(fc.tuple(part, part), { selector: ([name]) => name, maxLength: 150, size: 'max' }),
        (id, pairs) => {
          const whole = printed(
            `mboxPC=${id}${pairs.map(([name, value]) => `&profile.${name}=${value}`).join('')}`,
            print,
          );
          const single = pairs.map(([name, value]) => printed(`mboxPC=${id}&profile.${name}=${value}`));
          expect(whole.names).toEqual(single.flatMap((each) => each.names));
          expect(whole.values).toEqual(single.flatMap((each) => each.values));
        },
      ),
      { numRuns: 20 },
    );
  });

  it('has a salt that says nothing of where the record stands', () => {
    const key = Buffer.from(one.visitor, 'hex');
    const salt = Math.round(one.share * 2 ** 32);
    for (const offset of [0, 4, 8]) expect(key.readUInt32LE(offset)).not.toBe(salt);
  });

  it('spreads visitors evenly', () => {
    const print = new RowPrint(keys);
    const shares = Array.from({ length: 10_000 }, (_, index) => printed(`mboxPC=${index}&profile.a=x`, print).share);
    const inFirstTenth = shares.filter((share) => share < 0.1).length;
    expect(inFirstTenth).toBeGreaterThan(900);
    expect(inFirstTenth).toBeLessThan(1_100);
    expect(shares.every((share) => share >= 0 && share < 1)).toBe(true);
  });

  it('puts neighbours in numbering side by side, and others elsewhere', () => {
    const cluster = (id: string) => printed(`mbox3rdPartyId=${id}&profile.a=x`).visitor.slice(0, 8);
    expect(new Set(['c-1000', 'c-1001', 'c-1999'].map(cluster)).size).toBe(1);
    expect(new Set(['c-1000', 'c-2000', 'd-1000'].map(cluster)).size).toBe(3);
    expect(new Set(['1', '22', ''].map((id) => printed(`mboxPC=${id}&profile.a=x`).visitor)).size).toBe(3);
  });

  it('reads the key of a visitor from the id alone', () => {
    const key = Buffer.from(new RowPrint(keys).readVisitor('mbox3rdPartyId=1')).toString('hex');
    expect(key).toBe(one.visitor);
  });
});
