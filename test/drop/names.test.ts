import { describe, expect, it } from 'vitest';
import { byCodePoint, matcherOf, numbered, safeName, textOf, whyNoInput } from '../../src/drop/names.js';

describe('a name in a drop folder', () => {
  it.each([
    '.loyalty.csv',
    'loyalty.csv.tmp',
    'loyalty.csv.part',
    'loyalty.csv.filepart',
    'loyalty.csv.results.csv',
    'loyalty.csv.rejects.csv',
    'loyalty.csv.done',
  ])('%s is never an input, whatever --match says', (name) => {
    expect(whyNoInput(name, '.done')).not.toBeNull();
  });

  it('may be an input otherwise', () => {
    for (const name of ['loyalty.csv', 'results.csv.gz', 'part.csv'])
      expect(whyNoInput(name, '.done'), name).toBeNull();
    expect(whyNoInput('loyalty.csv.done', null)).toBeNull();
  });

  it.each([
    [
      ['*.csv', '*.csv.gz'],
      ['a.csv', 'a.csv.gz', '.csv'],
      ['a.csv.bak', 'acsv'],
    ],
    [['*.csv', '*.csv.gz'], ['LOYALTY.CSV', 'Loyalty.Csv.GZ'], ['LOYALTY.TXT']],
    [['[A-Z]*.csv'], ['A.csv', 'a.CSV'], ['1.csv']],
    [
      ['!x.csv', '#1.csv', 'report (1).csv'],
      ['!x.csv', '#1.csv', 'report (1).csv'],
      ['y.csv', 'report 1.csv'],
    ],
    [
      ['{a,b.csv', 'a{1..3}.csv', '"q".csv'],
      ['{a,b.csv', 'a2.csv', '"q".csv'],
      ['b.csv', 'a4.csv', 'q.csv'],
    ],
    [['loyalty-????.csv'], ['loyalty-2026.csv'], ['loyalty-26.csv', 'loyalty-20267.csv']],
    [
      ['[a-c]*.csv', '[!a-z]*.txt'],
      ['b.csv', '1.txt', 'X.txt'],
      ['d.csv', 'x.txt'],
    ],
    [['*.{csv,csv.gz}'], ['a.csv', 'a.csv.gz'], ['a.{csv', 'a.txt']],
    [['a+(b)^$[.csv'], ['a+(b)^$[.csv'], ['aab.csv']],
    [['?.csv'], ['🚚.csv', 'ü.csv'], ['ab.csv']],
  ])('matches %j as a shell would', (globs, good, bad) => {
    const matches = matcherOf(globs);
    expect(good.filter((name) => !matches(name))).toEqual([]);
    expect(bad.filter(matches)).toEqual([]);
  });

  it('has its turn by code point, not by a language or by halves of characters', () => {
    const names = ['\u{1f69a}.csv', '\uff5e.csv', 'ä.csv', 'Z.csv', 'a.csv', '10.csv', '9.csv'];
    expect(names.sort(byCodePoint)).toEqual([
      '10.csv',
      '9.csv',
      'Z.csv',
      'a.csv',
      'ä.csv',
      '\uff5e.csv',
      '\u{1f69a}.csv',
    ]);
  });

  it('gets a number before what tells the kind of file', () => {
    expect(numbered('loyalty.csv', 1)).toBe('loyalty.csv');
    expect(numbered('loyalty.2026.csv.gz', 2)).toBe('loyalty.2026-2.csv.gz');
    expect(numbered('loyalty', 3)).toBe('loyalty-3');
    expect(numbered('.csv', 2)).toBe('.csv-2');
  });

  it('of a file that is put into failed/ is one that every system takes', () => {
    expect(safeName(Buffer.from('loyalty.csv'))).toBe('loyalty.csv');
    expect(safeName(Buffer.from('caf\u00e9 100%.csv', 'latin1'))).toBe('caf%E9%20100%25.csv');
    for (const long of [`${'ä'.repeat(120)}.csv.gz`, 'x'.repeat(255), `a${'.gz'.repeat(84)}`, '\u{1f69a}'.repeat(63)]) {
      const name = safeName(Buffer.from(long));
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
      if (!long.startsWith('a')) expect(Buffer.byteLength(name)).toBeGreaterThan(190);
      expect(textOf(Buffer.from(name))).toBe(name);
    }
    expect(safeName(Buffer.from(`${'ä'.repeat(120)}.csv.gz`))).toMatch(/ä~\.csv\.gz$/);
  });
});
