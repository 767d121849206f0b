import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type CheckOptions, checkBatch } from '../../src/check/check.js';
import { idLook } from '../../src/hints/cells.js';
import { countCharacters } from '../../src/hints/characters.js';
import { realDisk } from '../../src/platform/disk.js';
import { rawRowSource } from '../../src/thread/raw-row-source.js';
import { movedClock, noDelivery, seededRandom, temporaryFolder } from '../support/index.js';

const base: Omit<CheckOptions, 'stateDir'> = {
  stateUrl: null,
  memoryKeyFile: null,
  clientCode: 'acme',
  sandbox: false,
  endpoint: null,
  method: 'post',
  onCap: 'wait',
  ...noDelivery,
  values: 'encoded',
  plus: null,
  delimiter: ',',
  idColumn: null,
  idType: null,
  encoding: 'utf-8',
  only: null,
  skip: null,
  rename: null,
  nullWords: null,
  trim: false,
  ratePerSecond: 2,
  dailyCap: 1000,
  reserve: 0,
  pace: 'burst',
  timeoutMs: 30_000,
  tolerate: { kind: 'rows', rows: 0 },
  changedOnly: false,
  coalesce: false,
  refreshAfterDays: 7,
  out: null,
  name: null,
};

async function check(content: string | Buffer, given: Partial<CheckOptions> = {}) {
  const folder = await temporaryFolder();
  const path = join(folder, 'a.csv');
  await writeFile(path, content);
  const stateDir = join(folder, 'state');
  const clock = movedClock();
  const ports = {
    clock,
    bootClock: clock,
    random: seededRandom(1),
    disk: realDisk,
    openRowSource: rawRowSource,
    input: () => Readable.from([]),
    lookUp: async () => [],
  };
  const result = await checkBatch([path], { ...base, stateDir, ...given }, {}, ports);
  const [found] = result.files;
  if (found === undefined) throw new Error('no file was checked');
  return { result, found, stateDir };
}

describe('a check', () => {
  it('counts rows by fate, visitors, the largest request and what fills the columns', async () => {
    const { result, found, stateDir } = await check(
      'batch=thirdPartyId,a,b\n1,x,F%C3%BC%20%F0%9F%8E%89\n1,y,\n2,,\n,x,\n3,z,\n1,x,\n',
    );
    expect(result).toMatchObject({ schema: 1, exit_status: 1, error: null });
    expect(found.rows).toEqual({ total: 6, sendable: 4, skipped: 1, unchanged: 0, invalid: 1, coalesced: 0 });
    expect(found).toMatchObject({
      visitors: 2,
      repeated_visitors: 1,
      problems: [{ code: 'id-empty', count: 1, examples: [{ row: 4, line: 5 }] }],
      attributes: [
        { name: 'a', filled: 5, longest: 1 },
        { name: 'b', filled: 1, longest: 4 },
      ],
      hints: [],
      plan: {
        updates: 4,
        routes: { update: 4, delivery: 0 },
        cap_left: 1000,
        delivery_cap_left: null,
        seconds: 2,
        ends_at: '2026-01-01T00:00:02.000Z',
      },
    });
    expect(found.largest_request_bytes).toBe('mbox3rdPartyId=1&profile.a=x&profile.b=F%C3%BC%20%F0%9F%8E%89'.length);
    expect(existsSync(stateDir)).toBe(false);
  });

  it('keeps the first five examples of a problem', async () => {
    const { found } = await check(`pcId,a\n${',x\n'.repeat(9)}`);
    expect(found.problems).toHaveLength(1);
    expect(found.problems[0]).toMatchObject({ code: 'id-empty', count: 9 });
    expect(found.problems[0]?.examples.map(({ line }) => line)).toEqual([2, 3, 4, 5, 6]);
  });

  it('says where a file cannot be read on, and what stands before it', async () => {
    const { result, found } = await check('pcId,a\n1,x\n2,"y\n3,z\n');
    expect(result).toMatchObject({ exit_status: 2, error: { code: 'file-quote-open' } });
    expect(found.rows.total).toBe(1);
    expect(found.problems).toEqual([{ code: 'file-quote-open', count: 1, examples: [{ row: 2, line: 3 }] }]);
  });

  it('hints at values and ids that want an eye, by lines alone', async () => {
    const long = 'v'.repeat(257);
    const { result, found } = await check(`thirdPartyId,a,b\nanna@example.org,x+y,größe\n1,a & b,${long}\n`);
    const hints = Object.fromEntries(found.hints.map(({ code, count, example_line }) => [code, [count, example_line]]));
    expect(hints).toEqual({
      'id-email': [1, 2],
      'plus-in-values': [1, 2],
      'not-encoded': [2, 2],
      'long-values': [1, 3],
    });
    expect(JSON.stringify(result)).not.toMatch(/anna|größe|vvv/);
  });

  it('does not ask about + once --plus is given, nor about encoding in a raw file', async () => {
    expect((await check('pcId,a\n1,x+y\n', { plus: 'space' })).found.hints).toEqual([]);
    const raw = await check('pcId,a\n1,x y+ü\n2,a%20b\n', { values: 'raw' });
    expect(raw.found.hints).toEqual([{ code: 'looks-encoded', count: 1, example_line: 3 }]);
  });

  it('is content with rejected rows within --tolerate', async () => {
    const { result } = await check('pcId,a\n,x\n1,y\n', { tolerate: { kind: 'share', share: 0.5 } });
    expect(result.exit_status).toBe(0);
  });

  it('wants a client code where it looks for what was submitted', async () => {
    await expect(check('pcId,a\n1,x\n', { changedOnly: true, clientCode: null })).rejects.toMatchObject({
      code: 'client-code-missing',
    });
  });
});

describe('an id that wants an eye', () => {
  it.each([
    ['1'.repeat(38), 'id-ecid'],
    ['1'.repeat(37), null],
    ['4.91701E+11', 'id-scientific'],
    ['4,9E 11', 'id-scientific'],
    ['5e1234', null],
    ['a@b.de', 'id-email'],
    ['@home', null],
  ])('%s', (id, hint) => expect(idLook(id)).toBe(hint));
});

it.each(['', 'abc', 'F%C3%BC', '%F0%9F%8E%89a', '🎉x', '%e6%a8%aa'])(
  'counts the characters of %j as its decoding has',
  (cell) => {
    expect(countCharacters(cell, 'encoded')).toBe([...decodeURIComponent(cell)].length);
  },
);
