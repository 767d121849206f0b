import { readFile, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Machine } from '../../src/job/terms/machine.js';
import type { SendOptions } from '../../src/job/terms/options.js';
import { folderHome } from '../../src/ledger/folder/folder-home.js';
import { memoryLedgerStore } from '../../src/ledger/in-process-store.js';
import type { Memory } from '../../src/memory/memory.js';
import { type StartedSandbox, startOwnSandbox } from '../../src/sandbox/started-sandbox.js';
import type { VerifyHooks, VerifyOptions } from '../../src/verify/terms.js';
import { verifyFiles } from '../../src/verify/verify-files.js';
import { type RunWorld, runWorld } from '../job/support/job-run-world.js';
import { atEndOfFile } from '../support/index.js';

/** A job that was sent, and what a verify makes of it, against a sandbox whose time the test moves. */

let world: RunWorld;
let sandbox: StartedSandbox;
let doubted: string[];

const dayMs = 86_400_000;
const header = 'batch=thirdPartyId,tier,city\r\n';

async function start(options: Parameters<typeof startOwnSandbox>[0]): Promise<void> {
  sandbox = await startOwnSandbox(options, world.clock);
  atEndOfFile(() => sandbox.close());
}

const send = (file: string, options: Partial<SendOptions> = {}) =>
  world.run(file, { endpoint: sandbox.url, ...options });

function verify(
  file: string,
  options: Partial<VerifyOptions> = {},
  hooks: VerifyHooks = {},
  machine: Partial<Machine> = {},
) {
  const all: VerifyOptions = {
    ...world.options,
    endpoint: sandbox.url,
    sample: { kind: 'visitors', visitors: 1000 },
    waitMs: 0,
    ...options,
  };
  const memory: Memory = {
    examine: async () => [],
    mayLeave: () => true,
    standingMark: () => null,
    submitted: () => {},
    absence: () => null,
    watchAbsence: () => {},
    doubt: async (forms) => void doubted.push(...forms),
    size: async () => ({ visitors: 0, bytesOnDisk: 0 }),
    flush: async () => {},
    close: async () => {},
  };
  const own = { ...world.machine, openMemory: async () => memory, ...machine };
  return world.drive(verifyFiles([file], all, hooks, own).then(({ result }) => result));
}

const verdictsOf = async () =>
  (await world.read('a.csv.verify.csv'))
    .split('\n')
    .slice(1, -1)
    .map((line) => line.split(','))
    .map(([row, , id, verdict, matching, compared]) => `${row} ${id} ${verdict} ${matching}/${compared}`)
    .sort();

const rows = (count: number) => Array.from({ length: count }, (_, index) => `v${index + 1},gold,\r\n`).join('');

beforeEach(async () => {
  world = await runWorld();
  doubted = [];
});

describe('verify', () => {
  it('says of each visitor whether it holds what the file says last', async () => {
    await start({ known: ['v1', 'v2'] });
    const file = await world.put(
      'a.csv',
      `${header}v1,gold,Bonn\r\nx1,a,b\r\nv2,a%20b,\r\nv1,silver,\r\nx1,c,\r\n,no,id\r\n`,
    );
    await send(file);
    const fresh = await verify(file);
    expect(fresh.exit_status).toBe(1);
    expect(fresh.files[0]).toMatchObject({
      asked: 3,
      visitors: 3,
      verdicts: { applied: 2, pending: 1, 'not-found': 0 },
      share_applied: null,
      files: { not_found: null },
    });
    expect(doubted).toEqual([]);
    await world.clock.advance(dayMs);
    const later = await verify(file);
    expect(later.exit_status).toBe(1);
    expect(await verdictsOf()).toEqual(['3 v2 applied 1/1', '4 v1 applied 2/2', '5 x1 not-found 0/2']);
    expect(await readFile(later.files[0]?.files.not_found ?? '', 'utf8')).toBe(`${header}x1,a,b\r\nx1,c,\r\n`);
    expect(doubted).toEqual(['mbox3rdPartyId=x1']);
    expect((await verify(file, { tolerate: { kind: 'rows', rows: 1 } })).exit_status).toBe(0);
  });

  it('asks again those that are not there yet, until they are or --wait is over', async () => {
    await start({ applyAfterMs: 600_000 });
    const file = await world.put('a.csv', header + rows(5));
    await send(file);
    expect((await verify(file, { waitMs: 60_000 })).files[0]?.verdicts).toMatchObject({ pending: 5 });
    const end = await verify(file, { waitMs: 3_600_000 });
    expect(end.exit_status).toBe(0);
    expect(end.files[0]?.verdicts).toMatchObject({ applied: 5, pending: 0 });
  });

  it('draws a sample that is the same when asked again, with its interval', async () => {
    await start({});
    const file = await world.put('a.csv', header + rows(200));
    await send(file);
    const first = await verify(file, { sample: { kind: 'visitors', visitors: 20 } });
    expect(first.files[0]).toMatchObject({ asked: 20, visitors: 200, share_applied: { value: 1, high: 1 } });
    const asked = await verdictsOf();
    await verify(file, { sample: { kind: 'visitors', visitors: 20 } });
    expect(await verdictsOf()).toEqual(asked);
  });

  it('resumes where a signal ended it, and starts again when it was done', async () => {
    await start({});
    const file = await world.put('a.csv', header + rows(60));
    await send(file);
    const stop = new AbortController();
    const ended = verify(
      file,
      { concurrency: 1 },
      {
        signal: stop.signal,
      },
      {
        openTransport: async (destination, options) => {
          const transport = await world.machine.openTransport(destination, options);
          let count = 0;
          return {
            ...transport,
            send(outgoing, sender) {
              count += 1;
              if (count === 20) stop.abort('SIGTERM');
              transport.send(outgoing, sender);
            },
            abortAll: () => transport.abortAll(),
            close: () => transport.close(),
          };
        },
      },
    );
    expect((await ended).exit_status).toBe(143);
    const known = await verdictsOf();
    expect(known.length).toBeGreaterThan(10);
    expect(known.length).toBeLessThan(25);
    // As a kill leaves it.
    await writeFile(world.path('a.csv.verify.csv'), `${await world.read('a.csv.verify.csv')}7,8,v`);
    expect((await verify(file)).files[0]).toMatchObject({ asked: 60, verdicts: { applied: 60 } });
    const all = await verdictsOf();
    expect(new Set(all).size).toBe(60);
    expect(all).toHaveLength(60);
    await verify(file);
    expect(await verdictsOf()).toHaveLength(60);
  });

  it('reads an unfinished job as far as it is recorded', async () => {
    await start({});
    const file = await world.put('a.csv', header + rows(10));
    await send(file, { limit: 4 });
    expect((await verify(file)).files[0]).toMatchObject({ asked: 4, visitors: 4, verdicts: { applied: 4 } });
  });

  it('counts fetches in a ledger of their own', async () => {
    await start({});
    const file = await world.put('a.csv', header + rows(3));
    await send(file);
    const entries = new Map<string, string>();
    const openLedger = async () => folderHome(memoryLedgerStore(entries), world.clock, world.clock, 'memory');
    await verify(file, {}, {}, { openLedger });
    expect([...entries.keys()].filter((key) => key.startsWith('ledger '))).toEqual(['ledger loopback-fetch/acme']);
  });

  it('refuses what is not the job that was sent', async () => {
    await start({});
    const file = await world.put('a.csv', header + rows(3));
    expect((await verify(file)).error?.code).toBe('job-missing');
    await send(file);
    expect((await verify(file, { plus: 'literal' })).error?.code).toBe('job-differs');
    await world.put('a.csv', header + rows(4));
    const changed = await verify(file);
    expect([changed.exit_status, changed.error?.code]).toEqual([2, 'file-changed']);
    expect((await verify('-', { name: 'x' })).error?.code).toBe('verify-input');
  });
});

describe('where Target does not answer well', () => {
  it('a token that is not accepted stops with 3, and nobody has a verdict', async () => {
    await start({ token: 'secret' });
    const file = await world.put('a.csv', header + rows(3));
    await send(file, { token: 'secret' });
    const end = await verify(file);
    expect([end.exit_status, end.error?.code]).toEqual([3, 'unauthorized']);
    expect(await verdictsOf()).toEqual([]);
    expect((await verify(file, { token: 'secret' })).exit_status).toBe(0);
  });

  it('an endpoint that is gone stops with 3, and the same command resumes', async () => {
    await start({});
    const file = await world.put('a.csv', header + rows(3));
    await send(file);
    await sandbox.close();
    const end = await verify(file);
    expect([end.exit_status, end.error?.code]).toEqual([3, 'endpoint-suspect']);
    expect(await verdictsOf()).toEqual([]);
  });
});
