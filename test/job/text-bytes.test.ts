import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextBytes } from '../../src/job/text-bytes.js';
import { nastyText } from './rows.js';

const piece = fc.oneof(
  nastyText,
  fc.string({ unit: 'binary', maxLength: 3_000 }),
  fc.nat(),
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  fc.constantFrom(0, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31, Number.MAX_SAFE_INTEGER, 'a\ud800', '\udc00b'),
);

function add(bytes: TextBytes, one: string | number): void {
  if (typeof one === 'number') bytes.number(one);
  else bytes.text(one);
}

describe('text put together as bytes', () => {
  it('is the UTF-8 of its pieces, and its length theirs', () => {
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const bytes = new TextBytes();
        for (const one of pieces) add(bytes, one);
        const expected = Buffer.concat(pieces.map((one) => Buffer.from(String(one))));
        expect(bytes.length).toBe(expected.length);
        expect(bytes.take().equals(expected)).toBe(true);
      }),
    );
  });

  it('begins anew once it is taken, and leaves what was taken alone until the next is', () => {
    const bytes = new TextBytes().text('one').number(1);
    const taken = bytes.take();
    expect(bytes.length).toBe(0);
    bytes.text('two').text('x'.repeat(10_000));
    expect(taken.toString()).toBe('one1');
    expect(bytes.take().toString()).toBe(`two${'x'.repeat(10_000)}`);
    expect(bytes.text('three').take().toString()).toBe('three');
  });

  it('can be dropped', () => {
    const bytes = new TextBytes().text('one');
    bytes.clear();
    expect(bytes.text('two').take().toString()).toBe('two');
  });
});
