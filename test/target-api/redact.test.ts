import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact } from '../../src/target-api/redact.js';

function form(id: string, ...values: string[]): string {
  const pairs = values.map((value, index) => `&profile.a${index}=${encodeURIComponent(value)}`);
  return `mbox3rdPartyId=${encodeURIComponent(id)}${pairs.join('')}`;
}

describe("what is shown of a server's words", () => {
  it('is one line', () => {
    expect(redact('  first\r\n second\tthird\u2028fourth\u00a0 ', '', null)).toBe('first second third fourth');
  });

  it('has nothing in it that a terminal acts on or that turns text around', () => {
    expect(
      redact(
        '\u001b[31mred\u001b[0m \u001b]0;title\u0007 bell\u0007 \u009b2J \u202eright\u202c to\u200bleft\0',
        '',
        null,
      ),
    ).toBe('red bell right toleft');
  });

  it('is at most 200 characters, and cuts no pair in half', () => {
    expect(redact('x'.repeat(200), '', null)).toBe('x'.repeat(200));
    expect(redact('x'.repeat(201), '', null)).toBe(`${'x'.repeat(199)}…`);
    expect(redact(`${'x'.repeat(198)}🦊🦊`, '', null)).toBe(`${'x'.repeat(198)}…`);
  });

  it('may be nothing', () => {
    expect(redact('', form('u1', 'gold'), 't')).toBe('');
  });
});

describe('redaction', () => {
  const value = 'Jörg & "Söhne" <GmbH>/O\'Neil';

  it.each([
    ['as it is', value],
    ['URL-encoded', encodeURIComponent(value)],
    ['URL-encoded in lower case', encodeURIComponent(value).toLowerCase()],
    ['form-encoded', new URLSearchParams([['', value]]).toString().slice(1)],
    ['encoded twice', encodeURIComponent(encodeURIComponent(value))],
    [
      'with entities',
      value.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] ?? c),
    ],
    ['with numeric entities', [...value].map((c) => `&#x${c.codePointAt(0)?.toString(16)};`).join('')],
    ['in JSON', JSON.stringify(value)],
    [
      'in JSON of ASCII',
      JSON.stringify(value).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
    ],
    ['in upper case', value.toUpperCase().replaceAll('Ö', 'ö')],
  ])('takes a value out %s', (_, quoted) => {
    const shown = redact(`bad value ${quoted} here`, form('u1', value), null);
    expect(shown).not.toMatch(/rg|hne|gmb|neil/i);
    expect(shown).toMatch(/^bad value .*\[…\].* here$/);
  });

  it('takes out the id and the token', () => {
    expect(redact('no profile for customer-77, Bearer tok3n', form('customer-77', 'x'), 'tok3n')).toBe(
      'no profile for […], Bearer […]',
    );
  });

  it('takes short values out where they stand alone, and longer ones wherever they stand', () => {
    expect(redact('DE is not a DEAL; "m" in men; xgoldx', form('u', 'DE', 'm', 'gold'), null)).toBe(
      '[…] is not a DEAL; "[…]" in men; x[…]x',
    );
  });

  it('takes out values within, over and beside each other as one', () => {
    expect(redact('<abcdefghij> <efgxyz>', form('u', 'bcd', 'abcdef', 'defgh', 'ghij', 'efgxyz'), null)).toBe(
      '<[…]> <[…]>',
    );
  });

  it('takes out what a server quotes in part', () => {
    const secret = 'a rather long value with many words in it';
    expect(redact(`too long: ${secret.slice(0, 20)}... (cut)`, form('u', secret), null)).toBe('too long: […]... (cut)');
  });

  it('leaves no half of a character that a value shares with the text', () => {
    expect(redact('bad: abcdefg🦊', form('u', 'abcdefg🦁'), null)).toBe('bad: […]');
  });

  it('takes out a short value that JSON escapes', () => {
    expect(redact('{"bad":"a\\"ü\\"c"}', form('u', 'a"ü"c'), null)).toBe('{"bad":"[…]"}');
    expect(redact('{"bad":"a\\"\\u00fc\\"c"}', form('u', 'a"ü"c'), null)).toBe('{"bad":"[…]"}');
  });

  it('takes out a value of which white space or control characters were folded', () => {
    expect(redact('bad: first second', form('u', 'first\r\n\t second\u0007'), null)).toBe('bad: […]');
  });

  it('takes out a value of which the tags were taken', () => {
    expect(redact('bad: Jo Doe', form('u', 'Jo<br>Doe'), null)).toBe('bad: […]');
  });

  it('leaves no end of a value where it stops looking', () => {
    const secret = 'sEcReT-';
    const shown = redact(`${secret.repeat(1_000)}`, form('u', secret), null);
    expect(shown).toBe('[…]');
    const long = 'abcdefghij'.repeat(6_000);
    expect(redact(`bad: ${long}`, form('u', long), null)).toBe('bad: […]');
  });

  it('leaves a text alone in which none of it stands', () => {
    expect(redact('50% off, 100%zz & <more>', form('u1', 'gold'), 'token')).toBe('50% off, 100%zz & <more>');
  });

  it('shows no value of three characters or more, whatever it is and however it is quoted', () => {
    const character = fc.constantFrom(...'abcXYZ019 äß🦊&<>"\'%+=;/\\-\n\t#'.normalize());
    const anyValue = fc
      .string({ unit: character, minLength: 3, maxLength: 24 })
      .filter((text) => text.trim().length >= 3);
    const quoting = fc.constantFrom<(text: string) => string>(
      (text) => text,
      encodeURIComponent,
      (text) => JSON.stringify(text),
      (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    );
    fc.assert(
      fc.property(anyValue, anyValue, quoting, (one, two, quote) => {
        const shown = redact(`x: ${quote(one)} (${quote(two)})`, form(one, two), two);
        for (const secret of [one, two]) {
          const folded = secret.replace(/\s+/g, ' ').trim();
          expect(shown).not.toContain(folded);
        }
      }),
    );
  });

  it('is over at once with the largest request and the largest page', () => {
    const values = Array.from({ length: 10 }, (_, index) => String(index).repeat(5_900));
    expect(redact(values.join(' ').repeat(2), form('u', ...values), 't'.repeat(5_000)).length).toBeLessThanOrEqual(200);
    expect(redact('\u001b['.repeat(32_768), form('u', 'x'), null).length).toBeLessThanOrEqual(200);
    expect(redact('\u001b]'.repeat(32_768), form('u', 'x'), null).length).toBeLessThanOrEqual(200);
  });
});
