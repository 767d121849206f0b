import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  type BatchOptions,
  FileError,
  type StartedSandbox,
  sendBatch,
  startSandbox,
  UsageError,
  type VerifyEvent,
  VerifyStoppedError,
  type VisitorVerdict,
  verifyBatch,
} from '../../src/index.js';
import { atEndOfFile, temporaryFolder } from '../support/index.js';

let folder: string;
let file: string;
let sandbox: StartedSandbox;
let options: BatchOptions;

beforeEach(async () => {
  folder = await temporaryFolder();
  file = join(folder, 'a.csv');
  await writeFile(file, 'batch=thirdPartyId,tier\na,gold\nb,silver\nx,none\n');
  sandbox = await startSandbox({ known: ['a', 'b'] });
  atEndOfFile(() => sandbox.close());
  options = { clientCode: 'acme', endpoint: sandbox.url, ratePerSecond: 0, stateDir: join(folder, 'state') };
});

const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

describe('verifyBatch', () => {
  it('resolves to what --json shows, and tells each verdict and where it is', async () => {
    await sendBatch(file, options);
    const verdicts: VisitorVerdict[] = [];
    const events: VerifyEvent[] = [];
    const result = await verifyBatch(file, {
      ...options,
      sample: 'all',
      onVerdict: async (verdict) => void verdicts.push(verdict),
      onEvent: (event) => void events.push(event),
    });
    expect(result).toMatchObject({ schema: 1, exit_status: 1, error: null });
    expect(result.files[0]).toMatchObject({ asked: 3, visitors: 3, verdicts: { applied: 2, pending: 1 } });
    expect(verdicts.map(({ id, rowNumber, verdict }) => `${rowNumber} ${id} ${verdict}`).sort()).toEqual([
      '1 a applied',
      '2 b applied',
      '3 x pending',
    ]);
    expect(events.map(({ kind }) => kind)).toEqual(['started', 'ended']);
    expect(await readFile(`${file}.verify.csv`, 'utf8')).toContain('applied');
  });

  it('sends the token to the fetch API, also with the options of a send by the Delivery API, which gets none', async () => {
    const locked = await startSandbox({ token: 'made-up-token' });
    atEndOfFile(() => locked.close());
    const delivery = { route: 'delivery', deliveryCap: 10, token: 'made-up-token' } as const;
    await sendBatch(file, { ...options, ...delivery, endpoint: locked.url });
    expect(locked.requests().map(({ authorization }) => authorization)).toEqual([null, null, null]);
    const result = await verifyBatch(file, { ...options, ...delivery, endpoint: locked.url, sample: 'all' });
    expect(result.files[0]).toMatchObject({ verdicts: { applied: 3 } });
  });

  it.each([
    [1, 1],
    ['100%', 3],
    ['all', 3],
    [{ kind: 'visitors', visitors: 2 }, 2],
  ] as const)('asks about a sample of %o', async (sample, asked) => {
    await sendBatch(file, options);
    expect((await verifyBatch([file], { ...options, sample })).files[0]?.asked).toBe(asked);
  });

  it('takes what is wrong within tolerate', async () => {
    await sendBatch(file, options);
    const aged = (await readFile(`${file}.results.csv`, 'utf8')).replace(/\d{4}(-\d\d-\d\dT[\d:.]+Z)/g, '2020$1');
    await writeFile(`${file}.results.csv`, aged);
    const result = await verifyBatch(file, { ...options, tolerate: '34%' });
    expect(result).toMatchObject({ exit_status: 0, files: [{ verdicts: { 'not-found': 1 } }] });
    expect(await readFile(result.files[0]?.files.not_found ?? '', 'utf8')).toContain('x,none');
  });

  it('is stopped by its signal, and the same call resumes', async () => {
    await sendBatch(file, options);
    const stop = new AbortController();
    const reason = new Error('shutting down');
    const onVerdict = () => stop.abort(reason);
    const stopped = await errorOf(
      verifyBatch(file, { ...options, concurrency: 1, ratePerSecond: 20, signal: stop.signal, onVerdict }),
    );
    expect(stopped).toBeInstanceOf(VerifyStoppedError);
    expect(stopped).toMatchObject({ code: 'interrupted', cause: reason, result: { exit_status: 130 } });
    expect((await verifyBatch(file, options)).files[0]).toMatchObject({ asked: 3 });
    const fetched = sandbox.requests().filter(({ method }) => method === 'GET');
    expect(fetched.length).toBeLessThanOrEqual(4);
  });

  it.each(['onVerdict', 'onEvent'] as const)('an %s that rejects rejects the run, with its own error', async (hook) => {
    await sendBatch(file, options);
    const own = new Error('own');
    expect(await errorOf(verifyBatch(file, { ...options, [hook]: async () => Promise.reject(own) }))).toBe(own);
  });

  it('rejects with the reason, and what lies behind it, where it cannot be done', async () => {
    const missing = await errorOf(verifyBatch(file, options));
    expect(missing).toBeInstanceOf(VerifyStoppedError);
    expect(missing).toMatchObject({ code: 'job-missing', exitStatus: 2, cause: expect.any(UsageError) });
    await sendBatch(file, options);
    await writeFile(file, '');
    expect(await errorOf(verifyBatch(file, options))).toMatchObject({ cause: expect.any(FileError) });
  });

  it.each([
    [[], {}, 'argument-missing'],
    ['a.csv', { sample: '0%' as const }, 'option-value'],
    ['a.csv', { waitMs: -1 }, 'option-value'],
    ['a.csv', { token: 'one\ntwo' }, 'token-characters'],
    ['a.csv', { tokenFile: '/nowhere/token' }, 'token-unreadable'],
    ['a.csv', { clientCode: null }, 'client-code-missing'],
  ])('refuses %o with %o at once', async (files, more, code) => {
    const error = await errorOf(verifyBatch(files, { ...options, ...more }));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ code });
  });

  it('asks 20 a second with 8 in flight, unless it is told otherwise', async () => {
    // Read from the types' comments by an editor; held to the table here.
    const { settingsFor } = await import('../../src/library/options.js');
    const surroundings = { environment: {}, homeDir: '/home/me' };
    expect(settingsFor('verifyBatch', {}, null, surroundings)).toMatchObject({ ratePerSecond: 20, concurrency: 8 });
    expect(settingsFor('sendBatch', {}, null, surroundings)).toMatchObject({ ratePerSecond: 100, concurrency: 32 });
  });
});
