import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as kinds from '../../../src/settings/kinds/kinds.js';
import type { Kind } from '../../../src/settings/kinds/setting.js';

function read<Value>(kind: Kind<Value>, text: string): Value | 'wrong' {
  const reading = kind.read(text);
  return reading.kind === 'value' ? reading.value : 'wrong';
}

describe('numbers', () => {
  it.each([
    ['1', 1],
    ['1024', 1024],
    ['0', 'wrong'],
    ['1025', 'wrong'],
    ['1.5', 'wrong'],
    ['-1', 'wrong'],
    ['+1', 'wrong'],
    ['1e3', 'wrong'],
    ['0x10', 'wrong'],
    ['1,000', 'wrong'],
    [' 1', 'wrong'],
    ['١', 'wrong'],
    ['Infinity', 'wrong'],
    ['9999999999999999', 'wrong'],
  ])('a whole number from 1 to 1,024 reads %j as %j', (text, expected) => {
    expect(read(kinds.wholeNumber('requests', 1, 1024), text)).toBe(expected);
  });

  it.each([
    ['0.1', 100],
    ['30', 30_000],
    ['2.5', 2500],
    ['0.0001', 'wrong'],
    ['601', 'wrong'],
    ['.5', 'wrong'],
    ['5.', 'wrong'],
    ['NaN', 'wrong'],
  ])('seconds from 0.1 to 600 read %j as %j milliseconds', (text, expected) => {
    expect(read(kinds.seconds(0.1, 600), text)).toBe(expected);
  });

  it('says that a unit is not wanted', () => {
    expect(kinds.seconds(0, 600).read('30s')).toEqual({ kind: 'wrong', why: 'write it without a unit' });
  });
});

describe('row limits', () => {
  it.each([
    ['20', { kind: 'rows', rows: 20 }],
    ['0', { kind: 'rows', rows: 0 }],
    ['5%', { kind: 'share', share: 0.05 }],
    ['0.5%', { kind: 'share', share: 0.005 }],
    ['100%', { kind: 'share', share: 1 }],
    ['101%', 'wrong'],
    ['5 %', 'wrong'],
    ['%', 'wrong'],
    ['-5%', 'wrong'],
    ['5.5', 'wrong'],
  ])('%j is %j', (text, expected) => {
    expect(read(kinds.rowLimit, text)).toEqual(expected);
  });
});

describe('flags', () => {
  it.each([
    ['true', true],
    ['1', true],
    ['yes', true],
    ['YES', true],
    ['false', false],
    ['0', false],
    ['no', false],
    ['on', 'wrong'],
    ['2', 'wrong'],
    ['constructor', 'wrong'],
  ])('%j is %j', (text, expected) => {
    expect(read(kinds.flag, text)).toBe(expected);
  });
});

describe('delimiters', () => {
  it.each([
    [';', ';'],
    ['\t', '\t'],
    ['\\t', '\t'],
    ['tab', '\t'],
    ['-', '-'],
    [' ', ' '],
    ['"', 'wrong'],
    ['\n', 'wrong'],
    [',,', 'wrong'],
  ])('%j is %j', (text, expected) => {
    expect(read(kinds.delimiter, text)).toBe(expected);
  });
});

describe('names', () => {
  it.each([
    ['acme', 'acme'],
    ['ACME-2_x', 'ACME-2_x'],
    ['-acme', 'wrong'],
    ['acme.inc', 'wrong'],
    ['acme/../x', 'wrong'],
    ['a'.repeat(64), 'wrong'],
    ['café', 'wrong'],
  ])('a client code %j is %j', (text, expected) => {
    expect(read(kinds.clientCode, text)).toBe(expected);
  });

  it('names the client code in a host that was given for it', () => {
    const expected = { kind: 'wrong', why: 'give the code alone, acme' };
    expect(kinds.clientCode.read('acme.tt.omtrdc.net')).toEqual(expected);
    expect(kinds.clientCode.read('https://acme.tt.omtrdc.net/')).toEqual(expected);
  });

  it.each([
    ['loyalty', 'loyalty'],
    ['nightly 2026', 'nightly 2026'],
    ['..', 'wrong'],
    ['a/b', 'wrong'],
    ['a\\b', 'wrong'],
    ['a\u0007', 'wrong'],
    ['ü'.repeat(101), 'wrong'],
  ])('a stem %j is %j', (text, expected) => {
    expect(read(kinds.stem, text)).toBe(expected);
  });
});

describe('endpoints', () => {
  it.each([
    ['https://proxy.example', 'https://proxy.example'],
    ['https://proxy.example/', 'https://proxy.example'],
    ['https://proxy.example:8443', 'https://proxy.example:8443'],
    ['http://[::1]:8099', 'http://[::1]:8099'],
    ['https://proxy.example/m2', 'wrong'],
    ['https://proxy.example?x=1', 'wrong'],
    ['https://proxy.example#x', 'wrong'],
    ['https://me:pw@proxy.example', 'wrong'],
    ['ftp://proxy.example', 'wrong'],
    ['proxy.example', 'wrong'],
    ['localhost:8099', 'wrong'],
    ['https://', 'wrong'],
  ])('%j is %j', (text, expected) => {
    expect(read(kinds.origin, text)).toBe(expected);
  });

  it('is not repeated where it may hold a password', () => {
    expect(kinds.origin.mayRepeat?.('https://me:pw@proxy.example')).toBe(false);
    expect(kinds.origin.mayRepeat?.('https://proxy.example/m2')).toBe(true);
  });
});

describe('every kind', () => {
  it('reads what it shows as the same value', () => {
    const shares = fc.integer({ min: 0, max: 100_000 }).map((thousandths) => thousandths / 100_000);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 600_000 }), shares, fc.nat(), (milliseconds, share, rows) => {
        const seconds = kinds.seconds(0, 600);
        expect(read(seconds, seconds.show(milliseconds))).toBe(milliseconds);
        for (const limit of [
          { kind: 'share' as const, share },
          { kind: 'rows' as const, rows },
        ]) {
          const again = read(kinds.rowLimit, kinds.rowLimit.show(limit));
          expect(again).toEqual(limit.kind === 'rows' ? limit : { kind: 'share', share: expect.closeTo(share, 12) });
        }
      }),
    );
  });
});
