import { describe, expect, it } from 'vitest';
import { RowReader } from '../../src/batch/row-reader.js';
import { HintTally } from '../../src/hints/hint-tally.js';
import { Marker, type MarkOptions } from '../../src/hints/marker.js';
import { readColumns } from '../../src/target-api/columns.js';
import { makePreparer } from '../../src/target-api/prepare.js';

type Options = Partial<MarkOptions> & { readonly rename?: readonly string[] };

/** What is found in a file: code to count and first line. */
async function hintsOf(content: string | Buffer, given: Options = {}) {
  const options = {
    ...({ values: 'raw', plus: null, trim: false, nullWords: null, delimiter: ',' } as const),
    ...({
      idColumn: null,
      idType: null,
      only: null,
      skip: null,
      rename: null,
      method: 'post',
      clientCode: 'a',
    } as const),
    ...given,
  };
  const bytes = Buffer.from(content);
  const reader = new RowReader('a.csv', options, { rowNumber: 0, lineNumber: 1, byte: 0 }, false);
  const [header, ...rows] = [...(await reader.take(bytes)).rows, ...(await reader.finish()).rows];
  if (header === undefined) throw new Error('no header');
  const columns = readColumns(header, options);
  const prepare = makePreparer(columns, { ...options, route: 'update' });
  const marker = new Marker(columns, options);
  const tally = new HintTally(columns, 1);
  let skippedCount = 0;
  for (const row of rows) {
    const prepared = prepare(row.cells, row.isUtf8);
    if (prepared.kind === 'skipped') skippedCount += 1;
    const marks = marker.look(row, prepared.id);
    tally.take({ rowNumber: row.rowNumber, lineNumber: row.lineNumber, marks, details: marker.details });
  }
  const hints = tally.atEnd(rows.length, rows.length - skippedCount);
  return Object.fromEntries(hints.map(({ code, count, example_line: line }) => [code, [count, line]]));
}

const clean = 'thirdPartyId,a,b\nc-1,gold,12.5\nc-2,"O\'Neil, Jo",a b\nc-3,"6"" pipe",{"x":1}\nc-4,50 %,=\n';

describe('hints', () => {
  it('name escaped tabs and line ends in a file that is cut at tabs', async () => {
    const rows = 'thirdPartyId\ta\n1\tx\\ny\n2\tC:\\\\dir\n3\tplain\n';
    expect(await hintsOf(rows, { delimiter: '\t' })).toMatchObject({ 'backslash-sequences': [2, 2] });
  });

  it('name names in upper case, where the id column has one too', async () => {
    const given = { rename: ['THIRDPARTYID=thirdPartyId'] };
    expect(await hintsOf('THIRDPARTYID,CITY,T_1\n1,a,b\n', given)).toEqual({ 'upper-case-names': [1, 1] });
    expect(await hintsOf('THIRDPARTYID,CITY,tier\n1,a,b\n', given)).toEqual({});
    expect(await hintsOf('thirdPartyId,CITY\n1,a\n')).toEqual({});
  });

  it('do not call characters lost that this reading alone cannot read', async () => {
    const row = Buffer.concat([
      Buffer.from('thirdPartyId,a\n1,'),
      Buffer.from([0x91, 0xe5, 0x8d, 0xe3]),
      Buffer.from('\n'),
    ]);
    expect(await hintsOf(row)).not.toHaveProperty('lost-characters');
  });

  it('are not given for a file that has nothing odd in it', async () => {
    expect(await hintsOf(clean.replace('{"x":1}', '"{""x"":1}"'))).toEqual({});
    expect(await hintsOf('pcId,a\n1,K%C3%B6ln%20Nord\n2,x%2By\n', { values: 'encoded' })).toEqual({});
    expect(await hintsOf('pcId,a\n"1","x"\n"2","y, z"\n')).toEqual({});
  });

  type Case = readonly [name: string, rows: string, expected: Record<string, readonly number[]>, options?: Options];
  const found: readonly Case[] = [
    [
      'blanks round ids',
      ' 1,x\n2 ,x\n\u00a03,x\n4\u200b,x\n5\u200e,x\n\t6,x\nx\u00a0y,x\nok,x\n',
      { 'id-space': [7, 2] },
    ],
    ['encoded blanks round ids', '%201,x\n2%C2%A0,x\n3,x\n', { 'id-space': [2, 2] }, { values: 'encoded' }],
    ['blanks round values', '1, x\n2,y  \n3,\u00a0z\n4,a b\n', { 'padded-values': [3, 2] }],
    ['encoded blanks round values', '1,%20x\n2,y%09\n3,a%20b\n', { 'padded-values': [2, 2] }, { values: 'encoded' }],
    ['no blanks where they are trimmed', '1, x\n', {}, { trim: true }],
    [
      'words for nothing',
      '1,NULL\n2,\\N\n3,null\n4,nan\n5,None\n6,#N/A\n7,(null)\n8,nothing\n9,nullable\n',
      { 'null-values': [7, 2] },
    ],
    [
      'encoded words for nothing',
      '1,%5CN\n2,%23N%2FA\n3,%28null%29\n',
      { 'null-values': [3, 2] },
      { values: 'encoded' },
    ],
    ['no words that --null names', '1,NULL\n2,\\N\n', { 'null-values': [1, 3] }, { nullWords: ['NULL'] }],
    ['ids that are such a word', 'NULL,x\nnull,x\n1,x\n', { 'id-null': [2, 2] }],
    [
      'quotes beside blanks',
      '"C-2" ,"Ulm"\n1, "Ulm"\n',
      { 'id-quoted': [1, 2], 'id-space': [1, 2], 'stray-quotes': [1, 3], 'padded-values': [1, 3] },
    ],
    ['single and curly quotes', "'1',x\n2,'Ulm'\n“3”,x\n4,„Ulm“\n", { 'id-quoted': [2, 2], 'stray-quotes': [2, 3] }],
    ['a backslash before a quote', '1,"size 5\\" pipe"\n', { 'backslash-escapes': [1, 2], 'stray-quotes': [1, 2] }],
    ['a backslash before a delimiter', '1,Smith\\,\n2,C:\\dir\n', { 'backslash-escapes': [1, 2] }],
    ['JSON that was cut', '1,{"a":1\n2,[{"a":1\n3,"{""a"":1}"\n4,[x\n', { 'json-cells': [2, 2] }],
    ['ids from a number', '1001.0,x\n1002.5,x\n1.2.3,x\n', { 'id-decimal': [2, 2] }],
    [
      'ids in scientific notation',
      '1.2E9,x\n1.2e+12,x\n4.91701E+11,x\n5e-3,x\n5e1234,x\n1E9,x\n',
      { 'id-scientific': [4, 2] },
    ],
    [
      'ids from a spreadsheet',
      '="001",x\n\'001,x\n"1,001",x\n#NAME?,x\n####,x\n#1,x\n',
      { 'id-spreadsheet': [5, 2], 'id-null': [1, 5] },
    ],
    [
      'ids that a spreadsheet took for dates',
      '3-Feb,x\nMay-05,x\nmay-5,x\n1-Feb-2026,x\n',
      { 'id-spreadsheet': [3, 2] },
    ],
    [
      'ids of which a spreadsheet kept 15 digits',
      '1234567890123450,x\n1234567890123460,x\n12345678901234000,x\n',
      { 'id-rounded': [3, 2] },
    ],
    [
      'long ids of which not all end in zeros',
      '1234567890123450,x\n1234567890123460,x\n12345678901230000,x\n1234567890123467,x\n',
      {},
    ],
    ["values that are a spreadsheet's errors", 'a,#REF!\nb,#DIV/0!\nc,#ref\n', { 'null-values': [2, 2] }],
    ['values as a spreadsheet shows them', 'a,########\nb,"=""001"""\nc,#\nd,=\n', { 'spreadsheet-values': [2, 2] }],
    ['escaped line ends in a file cut at commas', 'a,x\\ny\n', {}],
    ['ids that lost zeros', '00123,x\n123,x\n04567,x\n99999,x\n45,x\n', { 'id-zeros': [2, 3] }],
    ['no lost zeros among ids of one length', '00123,x\n12345,x\n', {}],
    ['e-mail addresses and ECIDs', `a@b.de,x\n${'1'.repeat(38)},x\n`, { 'id-email': [1, 2], 'id-ecid': [1, 3] }],
    ['values encoded twice', '1,K%25C3%25B6ln\n2,100%25\n', { 'double-encoded': [1, 2] }, { values: 'encoded' }],
    [
      'lost characters',
      '1,\ufffd\n2,KÃ¶ln\n3,itâ€™s\n4,Ãœber\n5,São Paulo\n6,Ålesund\n',
      { 'lost-characters': [4, 2] },
    ],
    [
      'encoded lost characters',
      '1,%EF%BF%BD\n2,K%C3%83%C2%B6ln\n3,K%C3%B6ln\n',
      { 'lost-characters': [2, 2] },
      { values: 'encoded' },
    ],
    ['a line of dashes', '------,---\n1,x\n', { 'odd-first-row': [1, 2] }],
    ['a line of types', 'VARCHAR(20),INT\n1,x\n', { 'odd-first-row': [1, 2] }],
    ['a total', '1,x\nTotal,30\n', { 'odd-last-row': [1, 3] }],
    ['a trailer', '1,x\nTRL,20261123\n', { 'odd-last-row': [1, 3] }],
    ['a count of rows', '1,x\n(2 rows),\n', { 'odd-last-row': [1, 3] }],
    [
      'subtotals',
      'Subtotal,1\n1,x\nSubtotal,2\n2,x\nGrand Total,3\n',
      { 'odd-first-row': [1, 2], 'odd-row': [1, 4], 'odd-last-row': [1, 6] },
    ],
    ['a file that was cut', '1,Ulm\n2,Bo', { 'last-line-open': [1, 3] }],
    ['nothing in one row without an end', '1,Ulm', {}],
    ['no values', '1,\n2,\n', { 'nothing-to-send': [1, 1] }],
    ['no rows', '', { 'no-rows': [1, 1] }],
    [
      'plus and encoding',
      '1,C++\n2,a & b\n3,ü\n',
      { 'plus-in-values': [1, 2], 'not-encoded': [2, 3] },
      { values: 'encoded' },
    ],
    ['long values', `1,${'v'.repeat(257)}\n2,${'v'.repeat(256)}\n`, { 'long-values': [1, 2] }],
  ];
  it.each(found.map(([name, ...rest]) => ({ name, rest })))('are given for $name', async ({ rest }) => {
    const [rows, expected, options] = rest;
    expect(await hintsOf(`thirdPartyId,a\n${rows}`, options)).toEqual(expected);
  });

  it('are given for a second column of ids', async () => {
    expect(await hintsOf('pcId,thirdPartyId,tier\n1,2,x\n')).toEqual({ 'two-id-columns': [1, 1] });
  });

  it('are given for Windows-1252, and not for bytes that are something else', async () => {
    const file = (bytes: number[]) => Buffer.from([...Buffer.from('pcId,a\n1,'), ...bytes, 0x0a]);
    expect(await hintsOf(file([0x4d, 0xfc, 0x6c]))).toMatchObject({ 'windows-1252': [1, 2] });
    expect(await hintsOf(file([0x81, 0x40]))).not.toHaveProperty('windows-1252');
    expect(await hintsOf(file([0xe6, 0x97, 0xa5, 0xe6, 0x9c]))).not.toHaveProperty('windows-1252');
  });

  it('count the same where another run carries on', () => {
    const columns = readColumns(
      { cells: ['pcId', 'a'], lineNumber: 1, isUtf8: true },
      { values: 'raw', plus: null, delimiter: ',', idColumn: null, idType: null, only: null, skip: null, rename: null },
    );
    const rows = Array.from({ length: 40 }, (_, index) => ({
      rowNumber: index + 1,
      lineNumber: index + 2,
      marks: index % 3 === 0 ? 2 ** (index % 22) : 0,
      details: index * 2 ** 20,
    }));
    const whole = new HintTally(columns, 1);
    for (const row of rows) whole.take(row);
    for (let cut = 0; cut < rows.length; cut += 1) {
      const first = new HintTally(columns, 1);
      for (const row of rows.slice(0, cut)) first.take(row);
      const second = new HintTally(columns, 1, first.state());
      for (const row of rows.slice(cut)) second.take(row);
      expect(second.state()).toEqual(whole.state());
    }
  });
});
