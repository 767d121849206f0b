import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import {
  FileError,
  ProfileDripError,
  type SendBatchOptions,
  type StartedSandbox,
  StoppedError,
  sendBatch,
  startSandbox,
  UsageError,
} from '../../src/index.js';
import { atEndOfFile, temporaryFolder } from '../support/index.js';

interface World {
  readonly sandbox: StartedSandbox;
  readonly folder: string;
  readonly options: SendBatchOptions;
}

async function world(): Promise<World> {
  const folder = await temporaryFolder();
  const sandbox = await startSandbox();
  atEndOfFile(() => sandbox.close());
  const options: SendBatchOptions = {
    clientCode: 'acme',
    endpoint: sandbox.url,
    ratePerSecond: 0,
    out: folder,
    name: 'night',
    stateDir: join(folder, 'state'),
  };
  return { sandbox, folder, options };
}

async function fileOf({ folder }: World, text: string): Promise<string> {
  const path = join(folder, 'in.csv');
  await writeFile(path, text);
  return path;
}

const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

async function* records(...given: readonly { id: string; attributes: Record<string, string | number | null> }[]) {
  yield* given;
}

const twoRows = 'batch=thirdPartyId,tier\na,gold\nb,silver\n';

describe('sendBatch with a stream', () => {
  it('sends its bytes and leaves no spool', async () => {
    const { sandbox, folder, options } = await world();
    const summary = await sendBatch(Readable.from([Buffer.from(twoRows)], { objectMode: false }), options);
    expect(summary.jobs[0]?.rows.submitted).toBe(2);
    expect(sandbox.profile('b')).toEqual({ tier: 'silver' });
    expect((await readdir(folder)).filter((name) => name.includes('spool'))).toEqual([]);
  });

  it('ends while the stream gives nothing, and is told so by the signal', async () => {
    const { options } = await world();
    const stop = new AbortController();
    const silent = new Readable({ read: () => stop.abort(new Error('enough')) });
    const error = await errorOf(sendBatch(silent, { ...options, signal: stop.signal }));
    expect(error).toMatchObject({ code: 'interrupted' });
    silent.destroy();
  });

  it('rejects with the error of the stream behind it, and sends nothing', async () => {
    const { sandbox, folder, options } = await world();
    const torn = new Error('torn at visitor-7');
    async function* bytes() {
      yield Buffer.from(twoRows);
      throw torn;
    }
    const error = await errorOf(sendBatch(Readable.from(bytes(), { objectMode: false }), options));
    expect(error).toBeInstanceOf(StoppedError);
    expect(error).toMatchObject({ code: 'input-unreadable', cause: { cause: torn } });
    expect(String(error)).not.toContain('visitor-7');
    expect(sandbox.requests()).toEqual([]);
    expect((await readdir(folder)).filter((name) => name.includes('spool'))).toEqual([]);
  });

  it('needs a name for the files of the job', async () => {
    const { options } = await world();
    const bytes = Readable.from([Buffer.from(twoRows)], { objectMode: false });
    expect(await errorOf(sendBatch(bytes, { ...options, name: undefined }))).toMatchObject({ code: 'name-missing' });
  });
});

describe('sendBatch with records', () => {
  it('sends every character of ids and values as it is', async () => {
    const { sandbox, options } = await world();
    const text = ' 50%2C "a", +b;\nü 日本 ';
    const rows = records(
      { id: 'a%41', attributes: { 'note,1': text, n: 1.5 } },
      { id: 'c', attributes: { n: null, 'note,1': 'x' } },
    );
    const summary = await sendBatch(rows, { ...options, idType: 'thirdPartyId' });
    expect(summary.jobs[0]?.rows.submitted).toBe(2);
    expect(sandbox.profile('a%41')).toEqual({ 'note,1': text, n: '1.5' });
    expect(sandbox.profile('c')).toEqual({ 'note,1': 'x' });
  });

  it('resumes with the same records', async () => {
    const { sandbox, options } = await world();
    const make = () => records(...Array.from({ length: 50 }, (_, at) => ({ id: `v${at}`, attributes: { n: at } })));
    const stop = new AbortController();
    const given: SendBatchOptions = { ...options, idType: 'pcId', concurrency: 1 };
    const onRow = () => stop.abort();
    const error = await errorOf(sendBatch(make(), { ...given, signal: stop.signal, onRow }));
    expect(error).toBeInstanceOf(StoppedError);
    const summary = await sendBatch(make(), given);
    expect(summary.jobs[0]).toMatchObject({ rows: { submitted: 50 } });
    expect(summary.jobs[0]?.resumed_from_row).toBeGreaterThan(1);
    expect(sandbox.requests()).toHaveLength(50);
  });

  it.each([
    [
      'an attribute that the first does not name',
      { id: 'b', attributes: { other: 1 } },
      'record 2: it has an attribute',
    ],
    [
      'a number that is not finite',
      { id: 'b', attributes: { n: Number.NaN } },
      'record 2: expected texts, finite numbers',
    ],
    ['half a character', { id: 'b', attributes: { n: '\ud83d' } }, 'record 2: it holds half a character'],
  ])('refuses %s, and sends nothing', async (_what, second, message) => {
    const { sandbox, options } = await world();
    const error = await errorOf(
      sendBatch(records({ id: 'a', attributes: { n: 1 } }, second), { ...options, idType: 'pcId' }),
    );
    expect(error).toMatchObject({ code: 'record-invalid' });
    expect(String(error)).toContain(message);
    expect(sandbox.requests()).toEqual([]);
  });

  it.each([
    [{ idType: undefined }, 'id-type-needed'],
    [{ values: 'encoded' as const }, 'option-contradiction'],
    [{ delimiter: ';' }, 'option-contradiction'],
  ])('refuses the options %o', async (more, code) => {
    const { options } = await world();
    const error = await errorOf(sendBatch(records(), { ...options, idType: 'pcId', ...more }));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ code });
  });
});

describe('sendBatch at once', () => {
  it('refuses an empty list', async () => {
    const { options } = await world();
    expect(await errorOf(sendBatch([], options))).toMatchObject({ code: 'argument-missing' });
  });

  it('refuses a token file that holds no token, and a token with a line break', async () => {
    const here = await world();
    const file = await fileOf(here, twoRows);
    const tokenFile = join(here.folder, 'token');
    await writeFile(tokenFile, 'one two\n', { mode: 0o600 });
    const wrongFile = await errorOf(sendBatch(file, { ...here.options, tokenFile }));
    expect(wrongFile).toBeInstanceOf(UsageError);
    expect(wrongFile).toMatchObject({ code: 'token-characters' });
    expect(await errorOf(sendBatch(file, { ...here.options, token: 'one\ntwo' }))).toMatchObject({
      code: 'token-characters',
    });
    expect(here.sandbox.requests()).toEqual([]);
  });
});

describe('sendBatch with tolerate', () => {
  it.each([
    [0, 1],
    [1, 0],
    ['49%', 1],
    ['50%', 0],
    [{ kind: 'rows', rows: 1 }, 0],
  ] as const)('%o: one bad row of two ends with %i', async (tolerate, status) => {
    const here = await world();
    const file = await fileOf(here, 'batch=thirdPartyId,tier\na,%zz\nb,silver\n');
    expect((await sendBatch(file, { ...here.options, tolerate })).exit_status).toBe(status);
  });

  it('refuses half a row', async () => {
    const here = await world();
    const file = await fileOf(here, twoRows);
    expect(await errorOf(sendBatch(file, { ...here.options, tolerate: 0.5 }))).toMatchObject({ code: 'option-value' });
  });
});

describe('the hooks of sendBatch', () => {
  it.each(['onRow', 'onEvent'] as const)('an %s that rejects rejects the run, with its own error', async (hook) => {
    const here = await world();
    const file = await fileOf(here, twoRows);
    const own = new Error('own');
    const error = await errorOf(sendBatch(file, { ...here.options, [hook]: async () => Promise.reject(own) }));
    expect(error).toBe(own);
  });

  it('an onRow that rejects after the last row rejects the run', async () => {
    const here = await world();
    const file = await fileOf(here, twoRows);
    const own = new Error('own');
    let isSettled = false;
    const onRow = () =>
      new Promise<void>((_resolve, reject) => {
        setTimeout(() => {
          isSettled = true;
          reject(own);
        }, 50);
      });
    expect(await errorOf(sendBatch(file, { ...here.options, onRow }))).toBe(own);
    expect(isSettled).toBe(true);
  });

  it('an onRow that throws rejects the run, and the same call resumes', async () => {
    const here = await world();
    const file = await fileOf(here, twoRows);
    const own = new Error('own');
    const onRow = () => {
      throw own;
    };
    expect(await errorOf(sendBatch(file, { ...here.options, onRow }))).toBe(own);
    const summary = await sendBatch(file, here.options);
    expect(summary.jobs[0]?.rows.submitted).toBe(2);
    expect(here.sandbox.requests()).toHaveLength(2);
  });
});

describe('the cause of a StoppedError', () => {
  it('is the FileError of the file', async () => {
    const here = await world();
    const file = await fileOf(here, 'batch=thirdPartyId,tier\na,gold\nb,"open\n');
    const error = await errorOf(sendBatch(file, { ...here.options, values: 'raw' }));
    expect(error).toBeInstanceOf(ProfileDripError);
    expect(error).toMatchObject({ cause: expect.any(FileError) });
  });

  it('is the reason of the signal, where that is an error', async () => {
    const here = await world();
    const file = await fileOf(here, twoRows);
    const reason = new Error('shutting down');
    const error = await errorOf(sendBatch(file, { ...here.options, signal: AbortSignal.abort(reason) }));
    expect(error).toMatchObject({ code: 'interrupted', cause: reason });
  });
});

it('reads a file under the name that it is given', async () => {
  const here = await world();
  const file = await fileOf(here, twoRows);
  await sendBatch([file], here.options);
  expect(await readFile(join(here.folder, 'night.results.csv'), 'utf8')).toContain('submitted');
});
