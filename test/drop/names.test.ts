import { describe, expect, it } from 'vitest';
import { byCodePoint, matcherOf, mayBeInput, numbered } from '../../src/drop/names.js';

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
    expect(mayBeInput(name, '.done')).toBe(false);
  });

  it('may be an input otherwise', () => {
    for (const name of ['loyalty.csv', 'results.csv.gz', 'part.csv'])
      expect(mayBeInput(name, '.done'), name).toBe(true);
    expect(mayBeInput('loyalty.csv.done', null)).toBe(true);
  });

  it.each([
    [
      ['*.csv', '*.csv.gz'],
      ['a.csv', 'a.csv.gz', '.csv'],
      ['a.csv.bak', 'a.CSV', 'acsv'],
    ],
    [['loyalty-????.csv'], ['loyalty-2026.csv'], ['loyalty-26.csv', 'loyalty-20267.csv']],
    [
      ['[a-c]*.csv', '[!a-z]*.txt'],
      ['b.csv', '1.txt'],
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
});
