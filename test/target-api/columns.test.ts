import { describe, expect, it } from 'vitest';
import { type ColumnOptions, type Header, readColumns } from '../../src/target-api/columns.js';
import { FileError, UsageError } from '../../src/terms/errors.js';

const defaults: ColumnOptions = {
  values: 'encoded',
  plus: null,
  delimiter: ',',
  idColumn: null,
  idType: null,
  only: null,
  skip: null,
  rename: null,
};

function header(line: string, delimiter = ','): Header {
  return { cells: line.split(delimiter), lineNumber: 1, isUtf8: true };
}

function read(line: string, options: Partial<ColumnOptions> = {}) {
  return readColumns(header(line), { ...defaults, ...options });
}

function names(line: string, options: Partial<ColumnOptions> = {}): string[] {
  return read(line, options).attributes.map(({ name }) => name);
}

function failure(line: string | Header, options: Partial<ColumnOptions> = {}): FileError | UsageError {
  try {
    readColumns(typeof line === 'string' ? header(line) : line, { ...defaults, ...options });
  } catch (error) {
    if (error instanceof FileError || error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('the header was taken');
}

describe('names of columns', () => {
  it("reads Adobe's own sample", () => {
    expect(read('pcId,param1,param2,param3,param4')).toEqual({
      idIndex: 0,
      idType: 'pcId',
      cellCount: 5,
      headerCells: ['pcId', 'param1', 'param2', 'param3', 'param4'],
      attributes: [
        { index: 1, name: 'param1', formKey: 'profile.param1=' },
        { index: 2, name: 'param2', formKey: 'profile.param2=' },
        { index: 3, name: 'param3', formKey: 'profile.param3=' },
        { index: 4, name: 'param4', formKey: 'profile.param4=' },
      ],
    });
  });

  it.each([
    ['pcId', 'pcId'],
    ['mboxPC', 'pcId'],
    ['thirdPartyId', 'thirdPartyId'],
    ['mbox3rdPartyId', 'thirdPartyId'],
  ])('takes %s as an id column', (name, idType) => {
    expect(read(`${name},a`).idType).toBe(idType);
  });

  it('trims names, decodes them, and keeps their case', () => {
    expect(names('pcId, Tier ,caf%C3%A9%20au%2Flait,tier,a+b')).toEqual(['Tier', 'café au/lait', 'tier', 'a b']);
  });

  it('reads + in a name as --plus says', () => {
    expect(names('pcId,a+b', { plus: 'literal' })).toEqual(['a+b']);
    expect(names('pcId,a+b', { plus: 'space' })).toEqual(['a b']);
  });

  it('decodes nothing in a raw file', () => {
    expect(names('pcId,50%,a+b,a%20b', { values: 'raw' })).toEqual(['50%', 'a+b', 'a%20b']);
  });

  it('takes one leading profile. off, and encodes the name again', () => {
    const { attributes } = read('pcId,profile.tier,profile.profile.x,loyalty.tier,a%26b');
    expect(attributes.map(({ formKey }) => formKey)).toEqual([
      'profile.tier=',
      'profile.profile.x=',
      'profile.loyalty.tier=',
      'profile.a%26b=',
    ]);
  });
});

describe('the id column', () => {
  it('stands anywhere if it is named', () => {
    const columns = read('tier,customer,city', { idColumn: 'customer', idType: 'thirdPartyId' });
    expect(columns.idIndex).toBe(1);
    expect(columns.idType).toBe('thirdPartyId');
    expect(columns.attributes.map(({ index }) => index)).toEqual([0, 2]);
  });

  it('needs no --id-type where its name says the type', () => {
    expect(read('tier,mboxPC', { idColumn: 'mboxPC' })).toMatchObject({ idIndex: 1, idType: 'pcId' });
  });

  it('is found under its decoded name, with and without profile.', () => {
    expect(read('a,cust%20no', { idColumn: 'cust no', idType: 'pcId' }).idIndex).toBe(1);
    expect(read('a,profile.no', { idColumn: 'profile.no', idType: 'pcId' }).idIndex).toBe(1);
  });

  it.each([
    ['customer,a', {}, 'header-id-column', '--id-column'],
    ['PCID,a', {}, 'header-id-column', 'add --rename PCID=pcId'],
    ['customer,a', { idType: 'pcId' }, 'header-id-column', '--id-column'],
    ['pcId,a', { idColumn: 'customer' }, 'header-id-column-missing', '"pcId", "a"'],
    ['customer,a', { idColumn: 'customer' }, 'id-type-needed', '--id-type'],
    ['pcId,a', { idType: 'thirdPartyId' }, 'id-type-contradicts', '--id-type'],
  ] as const)('of %s with %o is an error that says what to do', (line, options, code, words) => {
    const error = failure(line, options);
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
  });
});

describe('columns that are chosen', () => {
  it('are those that --only names, or all but those that --skip names', () => {
    expect(names('pcId,a,profile.b,c', { only: ['b', 'profile.b', 'pcId'] })).toEqual(['b']);
    expect(names('pcId,a,b,c', { skip: ['b'] })).toEqual(['a', 'c']);
    expect(names('pcId,ecid,a,a', { skip: ['ecid', 'a'] })).toEqual([]);
    expect(read('pcId,a,b', { skip: ['a'] }).attributes[0]).toMatchObject({ index: 2 });
  });

  it('are sent under the name that --rename gives them, the id column too', () => {
    expect(names('pcId,a,b', { rename: ['a=b', 'b=profile.a'] })).toEqual(['b', 'a']);
    expect(read('card,a', { rename: ['card=thirdPartyId'] })).toMatchObject({ idIndex: 0, idType: 'thirdPartyId' });
    expect(names('pcId,a b', { rename: ['a b=x=y'] })).toEqual(['x=y']);
  });

  it('are passed over at the end where they have no name', () => {
    expect(read('pcId,a,,')).toMatchObject({ cellCount: 2 });
    expect(names('pcId,a, ,', {})).toEqual(['a']);
  });

  it.each([
    ['pcId,a', { only: ['A'] }, 'column-unknown'],
    ['pcId,a', { skip: ['x'] }, 'column-unknown'],
    ['pcId,a', { rename: ['x=y'] }, 'column-unknown'],
    ['pcId,a', { skip: ['pcId'] }, 'column-clash'],
    ['pcId,a,b', { rename: ['a=b'] }, 'column-clash'],
    ['pcId,a,b', { rename: ['a=c', 'b=c'] }, 'column-clash'],
    ['pcId,a,b', { only: ['a'], rename: ['b=c'] }, 'column-clash'],
    ['pcId,a,b', { only: ['a'], skip: ['a'] }, 'column-clash'],
    ['pcId,a', { rename: ['a=ecid'] }, 'header-ecid'],
  ] as const)('%s with %o is %s', (line, options, code) => {
    expect(failure(line, options)).toMatchObject({ code, exitStatus: 2 });
  });
});

describe('a header that cannot be used', () => {
  it.each([
    ['pcId,,a', 'header-name-empty'],
    ['pcId, %20 ,a', 'header-name-empty'],
    ['pcId,profile.', 'header-name-empty'],
    ['', 'header-name-empty'],
    ['pcId,a,b,a', 'header-name-twice'],
    ['pcId,a b,a%20b', 'header-name-twice'],
    ['pcId,a,profile.a', 'header-name-twice'],
    ['pcId,pcId', 'header-name-twice'],
    ['pcId,100%', 'header-percent'],
    ['pcId,%E4', 'header-percent'],
    ['ecid,a', 'header-ecid'],
    ['pcId,MCID', 'header-ecid'],
    ['pcId,marketingCloudVisitorId', 'header-ecid'],
    ['pcId,experience_cloud_id', 'header-ecid'],
    ['pcId;a;b', 'header-delimiter'],
    ['pcId|a', 'header-delimiter'],
    ['pcId\ta\tb', 'header-delimiter'],
    ['pcId;a,b;c', 'header-delimiter'],
    ['customer;tier', 'header-delimiter'],
  ])('%j is %s', (line, code) => {
    const error = failure(line);
    expect(error).toBeInstanceOf(FileError);
    expect(error).toMatchObject({ code, lineNumber: 1, exitStatus: 2 });
  });

  it('says which character the names seem to be separated by, and names --delimiter', () => {
    expect(failure('pcId\ta').message).toMatch(/separated by a tab.*cut at a comma.*--delimiter/);
    const cut = { cells: ['pcId,a,b'], lineNumber: 3, isUtf8: true };
    expect(failure(cut, { delimiter: ';' }).message).toMatch(/separated by a comma.*cut at a semicolon.*line 3/);
  });

  it('takes another separator inside a later name for part of the name', () => {
    expect(names('pcId,a;b|c')).toEqual(['a;b|c']);
  });

  it('is one that is not UTF-8', () => {
    expect(failure({ cells: ['pcId', 'caf\uFFFD'], lineNumber: 1, isUtf8: false }).code).toBe('header-not-utf8');
  });

  it('is not quoted where it does not look like names: it may be a person', () => {
    for (const line of ['anna@example.org,a', 'pcId,a b@x.org,a b@x.org', 'pcId,anna@example.org%', 'J. Doe,+49']) {
      expect(failure(line).message).not.toMatch(/anna|example|@|J\. Doe|49/);
    }
    expect(failure('anna@example.org,x').message).toMatch(/Does this file have a header\?/);
    expect(failure('pcId,anna@example.org,tier', { idColumn: 'x' }).message).toMatch(/are "pcId", "tier" and 1 more/);
  });

  it('is told without what a terminal acts on, and not at any length', () => {
    const { message } = failure(`\u001b[31m\u202e"x${'y'.repeat(5_000)},a`);
    expect(message).toMatch(/^[ -~…]*$/);
    expect(message.length).toBeLessThan(500);
  });

  it('names a few columns, not a million, where the id column is missing', () => {
    const line = ['pcId', ...Array.from({ length: 1_000 }, (_, index) => `a${index}`)].join(',');
    expect(failure(line, { idColumn: 'customer' }).message.length).toBeLessThan(500);
  });
});
