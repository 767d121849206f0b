import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formDecode, formEncode } from '../../src/target/encode.js';
import { decodeFormText } from './form-decoder.js';

const hostile = [
  '&',
  '=',
  '%',
  '+',
  '%26',
  'a&b=c',
  '\r\n',
  '\0',
  'a b',
  "'()*!~",
  '🦊',
  'e\u0301',
  '\uFEFF',
  'x'.repeat(500),
];

describe('form encoding', () => {
  it('gives ASCII that the standard decoder and one of our own read as the exact text', () => {
    const check = (text: string) => {
      const encoded = formEncode(text);
      expect(encoded).toMatch(/^[!-~]*$/);
      expect(encoded).not.toMatch(/[&=+]/);
      expect(new URLSearchParams(`a=${encoded}`).get('a')).toBe(text);
      expect(decodeFormText(encoded)).toBe(text);
    };
    hostile.forEach(check);
    fc.assert(fc.property(fc.string({ unit: 'binary' }), check));
  });

  it('writes a space as %20, which is a space to decoders with and without the rule for +', () => {
    expect(formEncode('a b')).toBe('a%20b');
  });
});

describe('form decoding', () => {
  it('reads what URLSearchParams wrote', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const written = new URLSearchParams([['a', text]]).toString().slice('a='.length);
        expect(formDecode(written, 'space')).toBe(text);
      }),
    );
  });

  it('reads + as it is told to', () => {
    expect(formDecode('a+b+%2Bc', 'space')).toBe('a b +c');
    expect(formDecode('a+b%2Bc', 'literal')).toBe('a+b+c');
  });

  it('takes bare text beside encoded text', () => {
    expect(formDecode('Zürich%20', 'space')).toBe('Zürich ');
  });

  it.each(['%', 'a%2', '%zz', '100% sure', '%C3', '%C3%28', '%FF', '%ED%A0%80', '%C0%80', '%F4%90%80%80'])(
    'finds %s broken',
    (cell) => {
      expect(formDecode(cell, 'space')).toBeNull();
    },
  );
});
