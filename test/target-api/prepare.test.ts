import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readColumns } from '../../src/target-api/columns.js';
import { makeOutgoing, makePreparer, type PrepareOptions, requestSizeBytes } from '../../src/target-api/prepare.js';
import { decodeForm } from './support/form-decoder.js';

const defaults: PrepareOptions = {
  values: 'encoded',
  plus: null,
  method: 'post',
  clientCode: 'acme',
  route: 'update',
  trim: false,
  nullWords: null,
};

function preparer(line: string, options: Partial<PrepareOptions> = {}) {
  const all = { ...defaults, ...options };
  const header = { cells: line.split(','), lineNumber: 1, isUtf8: true };
  const columns = readColumns(header, {
    ...all,
    delimiter: ',',
    idColumn: null,
    idType: null,
    only: null,
    skip: null,
    rename: null,
  });
  return makePreparer(columns, all);
}

function prepare(line: string, cells: string[], options: Partial<PrepareOptions> = {}, isUtf8 = true) {
  return preparer(line, options)(cells, isUtf8);
}

/** What a receiver reads; fails if the row was not sendable. */
function received(line: string, cells: string[], options: Partial<PrepareOptions> = {}) {
  const prepared = prepare(line, cells, options);
  if (prepared.kind !== 'request') throw new Error(`not sendable: ${JSON.stringify(prepared)}`);
  return { id: prepared.id, pairs: decodeForm(prepared.form) };
}

function invalidCode(cells: string[], options: Partial<PrepareOptions> = {}, line = 'thirdPartyId,a,b', isUtf8 = true) {
  const prepared = prepare(line, cells, options, isUtf8);
  return prepared.kind === 'invalid' ? prepared.reason.code : prepared.kind;
}

describe('a sendable row', () => {
  it('becomes a form in the order of the columns, without its empty values', () => {
    expect(prepare('thirdPartyId,a,b,c', ['u1', 'x', '', 'z'])).toEqual({
      kind: 'request',
      id: 'u1',
      form: 'mbox3rdPartyId=u1&profile.a=x&profile.c=z',
    });
    expect(prepare('pcId,a', ['123.28_0', 'x'])).toMatchObject({ form: 'mboxPC=123.28_0&profile.a=x' });
  });

  it('may be short, and may have empty cells beyond the header', () => {
    expect(received('pcId,a,b', ['1', 'x']).pairs).toEqual([
      ['mboxPC', '1'],
      ['profile.a', 'x'],
    ]);
    expect(prepare('pcId,a', ['1', 'x', '', '']).kind).toBe('request');
  });

  it('reaches a receiver as the exact text that the file holds encoded', () => {
    const { id, pairs } = received('thirdPartyId,a%20b,c', ['J%C3%B6rg%20%26', 'x+y%2Bz%3D%26', '%F0%9F%A6%8A%0D%0A']);
    expect(id).toBe('Jörg &');
    expect(pairs).toEqual([
      ['mbox3rdPartyId', 'Jörg &'],
      ['profile.a b', 'x y+z=&'],
      ['profile.c', '🦊\r\n'],
    ]);
  });

  it('reaches a receiver letter by letter from a raw file', () => {
    const cells = ['a%20b', '100% + more', ' =1&2 '];
    expect(received('pcId,a,b', cells, { values: 'raw' }).pairs.map(([, value]) => value)).toEqual(cells);
  });

  it('keeps + where --plus says so, in values and ids', () => {
    const kept = received('pcId,a', ['1+2', 'x+y'], { plus: 'literal' });
    expect(kept.pairs).toEqual([
      ['mboxPC', '1+2'],
      ['profile.a', 'x+y'],
    ]);
    expect(received('pcId,a', ['1+2', 'x+y'], { plus: 'space' }).id).toBe('1 2');
  });

  it('keeps every value as text: spaces around it, zeros before it', () => {
    expect(received('pcId,a,b', [' 007', ' x ', '1e5']).pairs).toEqual([
      ['mboxPC', ' 007'],
      ['profile.a', ' x '],
      ['profile.b', '1e5'],
    ]);
  });

  it('survives any text, from encoded files and raw ones', () => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });
    const anyId = text.map((shown) => `${shown}1`); // blanks alone are not an id
    const encodedPrepare = preparer('pcId,a,b');
    const rawPrepare = preparer('pcId,a,b', { values: 'raw' });
    fc.assert(
      fc.property(fc.tuple(anyId, text, text), (cells) => {
        const [id, a, b] = cells;
        const wanted = [
          ['mboxPC', id],
          ['profile.a', a],
          ['profile.b', b],
        ];
        for (const prepared of [encodedPrepare(cells.map(encodeURIComponent), true), rawPrepare(cells, true)]) {
          if (prepared.kind !== 'request') throw new Error(prepared.kind);
          expect(prepared.id).toBe(id);
          expect(decodeForm(prepared.form)).toEqual(wanted);
          expect([...new URLSearchParams(prepared.form)]).toEqual(wanted);
        }
      }),
    );
  });
});

describe('a row that is not a visitor', () => {
  it.each([
    [['thirdPartyId', 'a', 'b'], 'header-again'],
    [['batch=thirdPartyId', 'a', 'b'], 'header-again'],
    [['thirdPartyId', 'other', 'names'], 'header-again'],
    [[' ', 'x', 'y'], 'id-empty'],
    [['%20\u200b%C2%A0', 'x', 'y'], 'id-empty'],
    [['%09', '', ''], 'id-empty'],
    [['\u200bx', 'x', 'y'], 'request'],
  ])('%j is %s', (cells, code) => expect(invalidCode(cells)).toBe(code));

  it('is the header alone where the id column has a name of its own', () => {
    const columns = readColumns(
      { cells: ['card', 'a'], lineNumber: 1, isUtf8: true },
      { ...defaults, delimiter: ',', idColumn: 'card', idType: 'pcId', only: null, skip: null, rename: null },
    );
    const own = makePreparer(columns, defaults);
    expect(own(['card', 'a'], true)).toMatchObject({ kind: 'invalid', reason: { code: 'header-again' } });
    expect(own(['card', 'x'], true).kind).toBe('request');
  });
});

describe('--trim and --null', () => {
  const options = { trim: true, nullWords: ['NULL', '-'], values: 'raw' } as const;

  it('are taken in this order, in ids too, and what is left of nothing is not sent', () => {
    expect(received('pcId,a,b,c,d', [' 1\u00a0', '\tx y ', ' NULL ', '-', ' '], options)).toEqual({
      id: '1',
      pairs: [
        ['mboxPC', '1'],
        ['profile.a', 'x y'],
      ],
    });
    expect(prepare('pcId,a,b', ['1', 'NULL', ' '], options)).toEqual({ kind: 'skipped', id: '1' });
    expect(invalidCode(['NULL', 'x', 'y'], options)).toBe('id-empty');
    expect(invalidCode(['1', 'x', 'y', ' '], options)).toBe('request');
  });

  it('are taken of what was decoded', () => {
    const encoded = { ...options, values: 'encoded' } as const;
    expect(received('pcId,a,b', ['%201', '%20x%C2%A0', 'NU%4CL'], encoded).pairs).toEqual([
      ['mboxPC', '1'],
      ['profile.a', 'x'],
    ]);
  });
});

describe('a row with nothing to send', () => {
  it('is skipped', () => {
    expect(prepare('pcId,a,b', ['1', '', ''])).toEqual({ kind: 'skipped', id: '1' });
    expect(prepare('pcId,a,b', ['1']).kind).toBe('skipped');
    expect(prepare('pcId', ['1']).kind).toBe('skipped');
    expect(prepare('pcId,a,b', ['', '', '']).kind).toBe('skipped');
    expect(prepare('pcId,a,b', ['', '', '', '']).kind).toBe('skipped');
  });

  it('is invalid all the same if its id is', () => {
    expect(invalidCode(['a/b', '', ''])).toBe('id-characters');
    expect(invalidCode(['', ' ', ''])).toBe('id-empty');
    expect(invalidCode([' ', '', ''])).toBe('id-empty');
  });
});

describe('an invalid row', () => {
  const long = 'x'.repeat(256);

  it.each<[string, string[], Partial<PrepareOptions>, string]>([
    ['an empty id', ['', 'x'], {}, 'id-empty'],
    ['a slash in the id', ['a/b', 'x'], {}, 'id-characters'],
    ['an encoded slash in the id', ['a%2fb', 'x'], {}, 'id-characters'],
    ['an encoded plus in the id', ['a%2Bb', 'x'], {}, 'id-characters'],
    ['a plus that is one', ['a+b', 'x'], { plus: 'literal' }, 'id-characters'],
    ['a plus in a raw id', ['a+b', 'x'], { values: 'raw' }, 'id-characters'],
    ['a plus of unknown meaning', ['a+b', 'x'], {}, 'id-plus'],
    ['a plus that is a space', ['a+b', 'x'], { plus: 'space' }, 'request'],
    ['an encoded slash in a raw id', ['a%2Fb', 'x'], { values: 'raw' }, 'request'],
    ['256 characters', [long, 'x'], {}, 'request'],
    ['257 characters', [`${long}x`, 'x'], {}, 'id-length'],
    ['256 emoji', [encodeURIComponent('🦊'.repeat(256)), 'x'], {}, 'request'],
    ['257 emoji', [encodeURIComponent('🦊'.repeat(257)), 'x'], {}, 'id-length'],
    ['a filled cell too many', ['u', 'x', 'y', '', 'z'], {}, 'extra-cells'],
    ['a broken id', ['a%', 'x'], {}, 'percent-broken'],
    ['a broken value', ['u', 'x', '5%'], {}, 'percent-broken'],
    ['a value that decodes to no UTF-8', ['u', '%FF'], {}, 'percent-broken'],
    ['a % in a raw value', ['u', '5%'], { values: 'raw' }, 'request'],
  ])('%s', (_, cells, options, code) => {
    expect(invalidCode(cells, options)).toBe(code);
  });

  it('may have + and / in a pcId, which is not a thirdPartyId', () => {
    expect(invalidCode(['a%2Fb%2B', 'x'], {}, 'pcId,a')).toBe('request');
    expect(invalidCode(['a+b', 'x'], {}, 'pcId,a')).toBe('id-plus');
  });

  it('gives the first reason in the order in which they are listed', () => {
    const emptyOfAll = ['', '%', 'x', 'extra'];
    expect(invalidCode(emptyOfAll, {}, 'thirdPartyId,a,b', false)).toBe('id-empty');
    expect(invalidCode([`/+${long}`, '%', 'x', 'extra'], {}, 'thirdPartyId,a,b', false)).toBe('id-characters');
    expect(invalidCode([`+${long}`, '%', 'x', 'extra'], {}, 'thirdPartyId,a,b', false)).toBe('id-plus');
    expect(invalidCode([`x${long}`, '%', 'x', 'extra'], {}, 'thirdPartyId,a,b', false)).toBe('id-length');
    expect(invalidCode(['u', '%', 'x', 'extra'], {}, 'thirdPartyId,a,b', false)).toBe('extra-cells');
    expect(invalidCode(['u', '%', 'x'], {}, 'thirdPartyId,a,b', false)).toBe('percent-broken');
    expect(invalidCode(['u', 'x'.repeat(70_000)], {}, 'thirdPartyId,a,b', false)).toBe('not-utf8');
  });

  it('shows its decoded id, and none where bytes of it were lost or it does not decode', () => {
    expect(prepare('pcId,a', ['J%C3%B6rg', '%'])).toMatchObject({ id: 'Jörg', reason: { text: 'in "a"' } });
    expect(prepare('pcId,a', ['a%20+b', 'x'])).toMatchObject({ id: 'a +b', reason: { code: 'id-plus' } });
    expect(prepare('pcId,a', ['%E4', 'x'])).toMatchObject({ id: '', reason: { code: 'percent-broken' } });
    expect(prepare('pcId,a', ['J\uFFFDrg', 'x'], {}, false)).toMatchObject({ id: '', reason: { code: 'not-utf8' } });
    expect(prepare('pcId,a', ['u', '\uFFFD'], {}, false)).toMatchObject({ id: 'u', reason: { code: 'not-utf8' } });
  });

  it('says nothing of values in its reason', () => {
    const rows = [
      ['u', 'secret%'],
      ['u', 'x', 'y', 'secret'],
      ['u', 'secret'.repeat(11_000)],
      ['secret/', 'x'],
    ];
    for (const cells of rows) {
      const prepared = prepare('thirdPartyId,a,b', cells);
      if (prepared.kind !== 'invalid') throw new Error(prepared.kind);
      expect(JSON.stringify(prepared.reason)).not.toContain('secret');
    }
  });
});

describe('the size of a request', () => {
  const fill = (sizeBytes: number, options: Partial<PrepareOptions>) => {
    const emptyBytes = requestSizeBytes('mboxPC=1&profile.a=', { ...defaults, ...options });
    return 'x'.repeat(sizeBytes - emptyBytes);
  };

  it.each([
    ['post', 60_000],
    ['get', 8_000],
  ] as const)('with %s is at most %d bytes', (method, sizeMax) => {
    expect(prepare('pcId,a', ['1', fill(sizeMax, { method })], { method }).kind).toBe('request');
    expect(prepare('pcId,a', ['1', fill(sizeMax + 1, { method })], { method })).toMatchObject({
      kind: 'invalid',
      reason: { code: 'request-size', text: `${sizeMax + 1} bytes, and ${method.toUpperCase()} takes ${sizeMax}` },
    });
  });

  it('is that of the body with POST, and of path and query with GET', () => {
    for (const method of ['post', 'get'] as const) {
      const out = makeOutgoing({ clientCode: 'ä', method, timeoutMs: 1 })('mboxPC=1', null);
      expect(requestSizeBytes('mboxPC=1', { method, clientCode: 'ä' })).toBe((out.body ?? out.path).length);
    }
  });

  it('counts encoded bytes, not characters', () => {
    expect(invalidCode(['1', encodeURIComponent('🦊'.repeat(6_000))], {}, 'pcId,a')).toBe('request-size');
    expect(invalidCode(['1', 'ü'.repeat(10_001)], { values: 'raw' }, 'pcId,a')).toBe('request-size');
    expect(invalidCode(['1', 'ü'.repeat(9_900)], { values: 'raw' }, 'pcId,a')).toBe('request');
  });
});

describe('the request', () => {
  const options = { clientCode: 'acme co', timeoutMs: 30_000 };

  it('is a POST with the form as its body', () => {
    expect(makeOutgoing({ ...options, method: 'post' })('mboxPC=1&profile.a=x', 'Bearer t')).toEqual({
      method: 'POST',
      path: '/m2/acme%20co/profile/update',
      body: 'mboxPC=1&profile.a=x',
      authorization: 'Bearer t',
      timeoutMs: 30_000,
    });
  });

  it('is a GET with the form as its query', () => {
    expect(makeOutgoing({ ...options, method: 'get' })('mboxPC=1', null)).toMatchObject({
      method: 'GET',
      path: '/m2/acme%20co/profile/update?mboxPC=1',
      body: null,
    });
  });
});
