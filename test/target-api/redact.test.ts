import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact, withheldText } from '../../src/target-api/redact.js';

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

/** How servers, gateways and their logs write what they were sent. */
const spellings: readonly (readonly [string, (value: string) => string])[] = [
  ['as it is', (value) => value],
  ['in upper case', (value) => value.toUpperCase()],
  ['in lower case', (value) => value.toLowerCase()],
  ['decomposed', (value) => value.normalize('NFD')],
  ['in full width', (value) => value.replace(/[!-~]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0))],
  ['URL-encoded', encodeURIComponent],
  ['URL-encoded in lower case', (value) => encodeURIComponent(value).toLowerCase()],
  ['URL-encoded to the last character', (value) => Buffer.from(value).toString('hex').replace(/../g, '%$&')],
  ['form-encoded', (value) => new URLSearchParams([['', value]]).toString().slice(1)],
  ['as %uXXXX', (value) => value.replace(/[^\w]/g, (c) => `%u${hex4(c)}`)],
  ['with the entities of XML', (value) => value.replace(/[&<>"']/g, (c) => xmlEntities[c] ?? c)],
  ['with the entities of HTML', (value) => value.replace(/[&<>"'öüßéÖ]/g, (c) => htmlEntities[c] ?? c)],
  ['with decimal entities', (value) => [...value].map((c) => `&#${c.codePointAt(0)};`).join('')],
  ['with hexadecimal entities', (value) => [...value].map((c) => `&#x${c.codePointAt(0)?.toString(16)};`).join('')],
  ['in JSON', (value) => JSON.stringify(value).slice(1, -1)],
  ['in JSON of ASCII', (value) => json(value, /[^ -~]/)],
  ['in JSON, all escaped', (value) => json(value, /./su)],
  ['in JSON with escaped slashes', (value) => JSON.stringify(value).slice(1, -1).replaceAll('/', '\\/')],
  ['as JavaScript writes bytes', (value) => Buffer.from(value).toString('hex').replace(/../g, '\\x$&')],
  ['in octal', (value) => [...Buffer.from(value)].map((b) => `\\${b.toString(8).padStart(3, '0')}`).join('')],
  ['as code points', (value) => [...value].map((c) => `\\u{${c.codePointAt(0)?.toString(16)}}`).join('')],
  ['in base64', (value) => Buffer.from(value).toString('base64')],
  ['in base64 for URLs', (value) => Buffer.from(value).toString('base64url')],
  ['in base64 behind other bytes', (value) => Buffer.from(`x${value}`).toString('base64')],
  ['in base64 as a part of the form', (value) => Buffer.from(`profile.a0=${value}&b=1`).toString('base64')],
  ['in base64, wrapped', (value) => Buffer.from(value).toString('base64').replace(/.{6}/g, '$&\r\n')],
  ['in hex', (value) => Buffer.from(value).toString('hex')],
  ['in hex, in capitals', (value) => Buffer.from(value).toString('hex').toUpperCase()],
  [
    'in hex with spaces',
    (value) =>
      Buffer.from(value)
        .toString('hex')
        .replace(/..(?=.)/g, '$& '),
  ],
  ['quoted-printable', (value) => Buffer.from(value).toString('hex').toUpperCase().replace(/../g, '=$&')],
  ['in the wrong character set', (value) => Buffer.from(value).toString('latin1')],
  ['with other white space', (value) => value.replace(/\s+/g, '\u00a0\u200b ')],
];

/** Of these only text in Latin-1 has a form. */
const latinSpellings: typeof spellings = [
  ['URL-encoded in Latin-1', (value) => Buffer.from(value, 'latin1').toString('hex').replace(/../g, '%$&')],
  ['with what Latin-1 lost', (value) => value.replace(/[^ -~]/g, '\ufffd')],
  ['with question marks', (value) => value.replace(/[^ -~]/g, '?')],
];

const xmlEntities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const htmlEntities: Record<string, string> = {
  ...xmlEntities,
  ...{ ö: '&ouml;', ü: '&uuml;', ß: '&szlig;', é: '&eacute;', Ö: '&Ouml;' },
};

function hex4(unit: string): string {
  return unit.charCodeAt(0).toString(16).padStart(4, '0');
}

function json(value: string, escaped: RegExp): string {
  const units = value.split('');
  return units.map((unit) => (escaped.test(unit) ? `\\u${hex4(unit)}` : JSON.stringify(unit).slice(1, -1))).join('');
}

describe('redaction', () => {
  const value = 'Jörg & "Söhne" <GmbH>/O\'Neil';

  it.each([...spellings, ...latinSpellings])('withholds a text that repeats a value %s', (_, spell) => {
    expect(redact(`bad value ${spell(value)} here`, form('u1', value), null)).toBe(withheldText);
    expect(redact(`{"bad":"${spell(value)}"}`, form(value, 'gold'), null)).toBe(withheldText);
  });

  it.each(spellings)('withholds a text that repeats the token %s', (_, spell) => {
    const token = 'eyJhbGciOi.JIUzI1-NiJ9_x';
    expect(redact(`Bearer ${spell(token)}.`, form('u1', 'gold'), token)).toBe(withheldText);
  });

  it('withholds a percent sign that is spelled as %u0025 before letters that look like an escape of a byte', () => {
    expect(redact('invalid: A%u0025AAA', form('u1', 'a%aaa'), null)).toBe(withheldText);
  });

  it('withholds a value of four characters or more, whatever it is and however it is spelled, spelled again', () => {
    const character = fc.constantFrom(...'abcXYZ0189 äßéÖü&<>"\'%+=;/.@-#'.normalize());
    const anyValue = fc
      .string({ unit: character, minLength: 4, maxLength: 24 })
      .filter((text) => (text.match(/[\p{L}\p{N}]/gu) ?? []).length >= 4);
    const changes = spellings.filter(([name]) => / case$|decomposed|width|white space/.test(name));
    const encodings = spellings.filter((one) => !changes.includes(one) && one[0] !== 'in the wrong character set');
    const change = fc.constantFrom(...changes, ['as it is', (text: string) => text] as const);
    const encoding = fc.constantFrom(...encodings);
    const context = fc.constantFrom<(text: string) => string>(
      (text) => `invalid: ${text}`,
      (text) => `{"error":{"value":"${text}"}}`,
      (text) => `The parameter "profile.a0" [${text}] is not allowed, ever.`,
    );
    fc.assert(
      fc.property(anyValue, change, encoding, encoding, context, (secret, [, changed], [, inner], [, outer], quote) => {
        const text = quote(outer(inner(changed(secret))));
        expect(redact(text, form('u1', secret), null)).toBe(withheldText);
        expect(redact(text, form(secret, 'x'), null)).toBe(withheldText);
        expect(redact(text, form('u1', 'x'), secret)).toBe(withheldText);
      }),
      { numRuns: 200 },
    );
  });

  it('withholds what a server quotes in part', () => {
    const secret = 'a rather long value with many words in it';
    expect(redact(`too long: ${secret.slice(0, 20)}... (cut)`, form('u', secret), null)).toBe(withheldText);
    expect(redact(`too long: ${secret.slice(20)}`, form('u', secret), null)).toBe(withheldText);
  });

  it('withholds a value whose tags were removed', () => {
    expect(redact('bad: Jo Doe', form('u', 'Jo<br>Doe'), null)).toBe(withheldText);
  });

  it('withholds signs alone, where there are four of them', () => {
    expect(redact('bad: #*-*#', form('u', '#*-*#'), null)).toBe(withheldText);
    expect(redact('bad: 🦊🦊', form('u', '🦊🦊'), null)).toBe(withheldText);
  });

  it('takes shorter values out where they stand as words', () => {
    expect(redact('DE is not a DEAL; "m" in men, %44%45', form('u', 'DE', 'm'), null)).toBe(
      '[…] is not a DEAL; "[…]" in men, […]',
    );
  });

  it('leaves a text alone in which none of it stands', () => {
    const text = '50% off, 100%zz & <more>: C:\\new, a0b1c2d3e4f5 and dGhpcyBpcyBhbGwgZmluZQ==';
    expect(redact(text, form('customer-77', 'platinum', 'Jörg'), 'token')).toBe(text);
  });

  it('looks as far as it shows', () => {
    const secret = 'sEcReT-';
    expect(redact(`${'&#120;'.repeat(199)}${secret}`, form('u', secret), null)).toBe(withheldText);
    const long = 'abcdefghij'.repeat(6_000);
    expect(redact(`bad: ${long}`, form('u', long), null)).toBe(withheldText);
  });

  it('is over at once with the largest request and the largest page', () => {
    const values = Array.from({ length: 10 }, (_, index) => String(index).repeat(5_900));
    expect(redact(values.join(' ').repeat(2), form('u', ...values), 't'.repeat(5_000))).toBe(withheldText);
    for (const noise of ['\u001b[', '\u001b]', '&amp', '%25', '\\\\', '=3', 'a0', '\\u{', 'ö']) {
      expect(redact(noise.repeat(32_768), form('u', ...values), null).length).toBeLessThanOrEqual(200);
    }
  });
});
