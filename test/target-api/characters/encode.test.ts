import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formDecode, formEncode, isEncoded } from '../../../src/target-api/characters/encode.js';
import { decodeFormText } from '../support/form-decoder.js';

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

describe('what is already as it goes out', () => {
  const pieces = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({
      unit: fc.constantFrom('%', '2', '0', '4', 'e', 'E', 'F', '9', 'B', 'C', 'D', 'A', '1', '8', '+', '~', "'"),
    }),
    fc
      .array(fc.integer({ min: 0, max: 255 }))
      .map((bytes) => bytes.map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')),
  );

  it('is what decoding and encoding again leaves as it was, and nothing else', () => {
    fc.assert(
      fc.property(pieces, (cell) => {
        const decoded = formDecode(cell, 'space');
        const again = decoded === null ? null : formEncode(decoded);
        expect(isEncoded(cell)).toBe(again === cell);
      }),
      { numRuns: 3000 },
    );
  });

  it('is every text that was encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(isEncoded(formEncode(text))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('is told of every single character', () => {
    for (let code = 0; code < 0x110000; code += code < 0x3000 || (code >= 0xd700 && code < 0xe100) ? 1 : 37) {
      if (code >= 0xd800 && code < 0xe000) continue;
      const encoded = formEncode(String.fromCodePoint(code));
      if (!isEncoded(encoded)) expect(encoded).toBe('taken as encoded');
    }
    // Lower case, what needs no encoding, overlong forms, surrogates, beyond the last character.
    for (const cell of ['%c3%bc', '%41', '%7E', '%2D', '%C0%80', '%E0%80%80', '%ED%A0%80', '%F4%90%80%80', '%C3', '%'])
      expect({ cell, isEncoded: isEncoded(cell) }).toEqual({ cell, isEncoded: false });
  });
});
