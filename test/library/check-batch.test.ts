import { readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { checkBatch, sendBatch, UsageError, verifyBatch } from '../../src/index.js';
import { temporaryFolder } from '../support/index.js';

const bytesOf = (text: string) => Readable.from([Buffer.from(text)], { objectMode: false });
const twoRows = 'batch=thirdPartyId,tier\na,gold\nb,%zz\n';
const idType = 'thirdPartyId';

async function* records(...given: readonly { id: string; attributes: Record<string, string | number | null> }[]) {
  yield* given;
}

const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

const leftFolders = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('profile-drip-check-'));

describe('checkBatch', () => {
  it('reads a stream of bytes, and leaves nothing of it', async () => {
    const before = await leftFolders();
    const { exit_status, files } = await checkBatch(bytesOf(twoRows));
    expect(exit_status).toBe(1);
    expect(files[0]).toMatchObject({ file: '-', rows: { total: 2, sendable: 1, invalid: 1 } });
    expect(await leftFolders()).toEqual(before);
  });

  it('reads records as they are', async () => {
    const bodies: string[] = [];
    const rows = records({ id: 'a%41', attributes: { tier: '50% +', n: null } }, { id: 'b', attributes: { n: 2 } });
    const { exit_status, files } = await checkBatch(rows, {
      idType,
      onFirstRequest: ({ form }) => void bodies.push(form),
    });
    expect(exit_status).toBe(0);
    expect(files[0]).toMatchObject({ rows: { total: 2, sendable: 2 }, visitors: 2 });
    expect(bodies).toEqual(['mbox3rdPartyId=a%2541&profile.tier=50%25%20%2B', 'mbox3rdPartyId=b&profile.n=2']);
  });

  it('rejects with what the source failed with', async () => {
    const torn = new Error('torn at visitor-7');
    async function* bytes() {
      yield Buffer.from(twoRows);
      throw torn;
    }
    const error = await errorOf(checkBatch(Readable.from(bytes(), { objectMode: false })));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ code: 'input-unreadable', cause: torn });
    const wrong = records({ id: 'a', attributes: { n: 1 } }, { id: 'b', attributes: { m: 1 } });
    expect(await errorOf(checkBatch(wrong, { idType }))).toMatchObject({ code: 'record-invalid' });
  });

  it('says how to give a web stream, and bytes that are not a Readable', async () => {
    const web: unknown = new Response(twoRows).body;
    async function* bytes(): AsyncGenerator<unknown> {
      yield Buffer.from(twoRows);
    }
    const given = (source: unknown) => errorOf(Reflect.apply(checkBatch, null, [source, { idType }]));
    expect(String(await given(web))).toContain('Readable.fromWeb(stream)');
    expect(String(await given(bytes()))).toContain('Readable.from(source, { objectMode: false })');
  });

  it('ends while the source gives nothing', async () => {
    const stop = new AbortController();
    const silent = new Readable({ read: () => stop.abort('SIGTERM') });
    const { exit_status, error } = await checkBatch(silent, { signal: stop.signal });
    expect([exit_status, error?.code]).toEqual([143, 'interrupted']);
    silent.destroy();
  });

  it.each(['onEvent', 'onFirstRequest'] as const)('an %s that rejects rejects it, with its own error', async (hook) => {
    const own = new Error('own');
    expect(await errorOf(checkBatch(bytesOf(twoRows), { [hook]: async () => Promise.reject(own) }))).toBe(own);
  });

  it('takes the options of a send as they are, and looks at the token', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'a.csv');
    await writeFile(file, twoRows);
    const options = { clientCode: 'acme', concurrency: 4, stateDir: join(folder, 'state'), tolerate: 1, token: 'abc' };
    expect((await checkBatch(file, options)).exit_status).toBe(0);
    expect(await errorOf(checkBatch(file, { ...options, token: 'a b' }))).toMatchObject({ code: 'token-characters' });
  });
});

/** As a program gives them that is not compiled with types. */
const untyped = (given: object): object => given;

describe('an option that the library does not have', () => {
  it.each([
    ['stateUrlFile', 'state.url'],
    ['config', 'drip.json'],
    ['onEnd', 'true'],
    ['dryRun', true],
    ['waitMs', 5],
  ])('%s is refused by sendBatch, and not passed over', async (key, value) => {
    const error = await errorOf(sendBatch('a.csv', untyped({ clientCode: 'acme', [key]: value })));
    expect(error).toMatchObject({ code: 'option-unknown' });
    expect(String(error)).toContain(key);
  });

  it.each(['json', 'onRow'])('%s is refused by verifyBatch', async (key) => {
    const error = await errorOf(verifyBatch('a.csv', untyped({ clientCode: 'acme', [key]: () => {} })));
    expect(error).toMatchObject({ code: 'option-unknown' });
    expect(String(error)).toContain('verifyBatch');
  });
});
