import { describe, expect, it } from 'vitest';
import { makeFormMerger } from '../../src/target-api/merge-forms.js';

const attributes = ['a', 'b', 'c'].map((name, at) => ({ index: at + 1, name, formKey: `profile.${name}=` }));
const merger = (method: 'post' | 'get' = 'post') =>
  makeFormMerger({ attributes }, { method, clientCode: 'acme', route: 'update' });
const form = (values: Readonly<Record<string, string>>) =>
  `mbox3rdPartyId=1${Object.entries(values)
    .map(([name, value]) => `&profile.${name}=${value}`)
    .join('')}`;

describe('forms of one visitor as one', () => {
  it('has of each attribute the last value, in the order of the columns', () => {
    const merged = merger()(form({ a: '1', c: '1' }), [form({ b: '2', c: '2' }), form({ a: '3' })]);
    expect(merged).toEqual({ form: form({ a: '3', b: '2', c: '2' }), followingCount: 2 });
  });

  it('keeps an earlier value where a later row has none', () => {
    expect(merger()(form({ a: '1', b: '1' }), [form({ a: '2' })]).form).toBe(form({ a: '2', b: '1' }));
  });

  it('takes an = inside a value for a part of it', () => {
    expect(merger()(form({ a: 'x=1' }), [form({ b: 'y=2' })]).form).toBe(form({ a: 'x=1', b: 'y=2' }));
  });

  it.each([
    ['post', 60_000],
    ['get', 8_000 - '/m2/acme/profile/update?'.length],
  ] as const)('takes as many as fit a request by %s, and none after the first that does not', (method, bytesMax) => {
    const left = bytesMax - form({ a: '', b: '' }).length;
    const first = form({ a: 'x'.repeat(left - 10) });
    const fits = form({ b: 'y'.repeat(10) });
    expect(merger(method)(first, [fits, form({ a: 'z' })])).toEqual({
      form: form({ a: 'z', b: 'y'.repeat(10) }),
      followingCount: 2,
    });
    expect(merger(method)(first, [fits]).form).toHaveLength(bytesMax);
    expect(merger(method)(first, [form({ b: 'y'.repeat(11) }), form({ a: 'z' })])).toEqual({
      form: first,
      followingCount: 0,
    });
  });

  it('reads no further form than it needs', () => {
    let readCount = 0;
    function* endless() {
      for (;;) {
        readCount += 1;
        yield form({ b: 'y'.repeat(59_000) });
      }
    }
    expect(merger()(form({ a: 'x'.repeat(59_000) }), endless()).followingCount).toBe(0);
    expect(readCount).toBe(1);
  });
});
