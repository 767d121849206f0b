import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { readdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JobEnd } from '../../src/job/run-job.js';
import { sendFiles } from '../../src/job/send-files.js';
import { atEndOfFile } from '../support/index.js';
import { ids, type RunWorld, rowsText, runWorld, taken } from './support/job-run-world.js';
import { systemError } from './support/watched-disk.js';

/** What a run makes of the disk, of standard input, and of texts that mean harm. */

let world: RunWorld;

beforeEach(async () => {
  world = await runWorld();
});

const codes = ({ error, exitStatus }: JobEnd) => [exitStatus, error?.code ?? null];
const sent = () => world.seen.map(({ id }) => id);
const byNumber = (list: readonly string[]) => [...list].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
const rowNumbers = async (name: string) =>
  (await world.results(name)).map((cells) => Number(cells[0])).sort((a, b) => a - b);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe('a disk', () => {
  it('that fills up in the middle stops the run with 6 before much is sent in vain, and the same command resumes', async () => {
    const file = await world.put('a.csv', rowsText(200));
    let isFull = false;
    world.answer = (_seen, index) => {
      if (index === 60) isFull = true;
      return taken;
    };
    world.disk.before = (operation) => {
      if (isFull && /^(append|open .* create)/.test(operation)) throw systemError('ENOSPC');
    };
    const first = await world.run(file, { ratePerSecond: 100, concurrency: 4 });
    expect(codes(first)).toEqual([6, 'disk-full']);
    expect(first.error?.message).toMatch(/Free some space, then run the same command again/);
    expect(first.jobs).toMatchObject([{ complete: false }]);
    const inVain = world.seen.length;
    expect(inVain).toBeLessThan(61 + 25); // what 150 ms let out at this rate, and what was in flight
    isFull = false;
    expect(codes(await world.run(file))).toEqual([0, null]);
    expect(await rowNumbers('a.csv')).toEqual(upTo(200));
    expect(byNumber([...new Set(sent())])).toEqual(ids(200));
    expect(world.seen.length - 200).toBeLessThanOrEqual(25);
  });

  it.each([
    ['.checkpoint.json', 'EIO', 'disk-failed'],
    ['.rejects.csv', 'ENOSPC', 'disk-full'],
    ['.summary.json', 'EROFS', 'disk-read-only'],
  ])('that refuses %s alone (%s) stops the run with 6, and the same command resumes', async (suffix, system, code) => {
    const file = await world.put('a.csv', `${rowsText(20)},no id\n`);
    world.disk.before = (operation) => {
      if (operation.startsWith(`append a.csv${suffix}`) && world.seen.length > 10) throw systemError(system);
    };
    const first = await world.run(file, { ratePerSecond: 10 });
    expect(codes(first)).toEqual([6, code]);
    expect(first.jobs).toHaveLength(1);
    world.disk.before = () => {};
    const end = await world.run(file);
    expect(codes(end)).toEqual([1, null]);
    expect(end.jobs[0]?.rows).toMatchObject({ total: 21, submitted: 20, invalid: 1 });
    expect(await rowNumbers('a.csv')).toEqual(upTo(21));
  });

  it('from which the report is taken away stops the run with 6; put back, the same command resumes', async () => {
    const file = await world.put('a.csv', rowsText(100));
    world.answer = async (_seen, index) => {
      if (index === 30) await rename(`${file}.results.csv`, world.path('away'));
      return taken;
    };
    const first = await world.run(file, { ratePerSecond: 10 });
    expect(codes(first)).toEqual([6, 'results-changed']);
    expect(world.seen.length).toBeLessThan(50); // noticed within a second
    await rename(world.path('away'), `${file}.results.csv`);
    expect(codes(await world.run(file))).toEqual([0, null]);
    expect(await rowNumbers('a.csv')).toEqual(upTo(100));
  });

  it.runIf(canMount())(
    'that is really full, and really read-only, stops the run with 6, and sends nothing unrecorded',
    async () => {
      const small = world.path('small');
      mkdirSync(small);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small]);
      atEndOfFile(async () => void execFileSync('umount', ['-l', small]));
      const file = await world.put('a.csv', rowsText(1500));
      const first = await world.run(file, { out: small });
      expect(codes(first)).toEqual([6, 'disk-full']);
      execFileSync('mount', ['-o', 'remount,ro', small]);
      const countBefore = world.seen.length;
      expect(codes(await world.run(file, { out: small }))).toEqual([6, 'disk-read-only']);
      expect(world.seen).toHaveLength(countBefore);
      execFileSync('mount', ['-o', 'remount,rw,size=4m', small]);
      const end = await world.run(file, { out: small });
      expect(codes(end)).toEqual([0, null]);
      expect(end.jobs[0]?.rows).toMatchObject({ total: 1500, submitted: 1500 });
      const report = await readFile(join(small, 'a.csv.results.csv'), 'utf8');
      expect(report.split('\n').slice(1, -1)).toHaveLength(1500);
    },
  );

  it('holds the job’s files for their owner’s eyes alone', async () => {
    const modes = new Map<string, number>();
    world.answer = async () => {
      for (const name of await readdir(world.folder)) {
        if (name.startsWith('job.')) modes.set(name, (await stat(world.path(name))).mode & 0o777);
      }
      return taken;
    };
    const input = async function* () {
      yield Buffer.from(`${rowsText(2)},no id\n`);
    };
    await world.run('-', { name: 'job', out: world.folder, concurrency: 1 }, {}, { input });
    for (const name of await readdir(world.folder)) {
      if (name.startsWith('job.')) modes.set(name, (await stat(world.path(name))).mode & 0o777);
    }
    expect([...modes.keys()].sort()).toEqual(
      ['checkpoint.json', 'lock', 'rejects.csv', 'rejects.reasons.csv', 'results.csv', 'spool', 'summary.json'].map(
        (end) => `job.${end}`,
      ),
    );
    expect(new Set(modes.values())).toEqual(new Set([0o600]));
  });
});

describe('standard input', () => {
  const piped = (text: string) => {
    let openCount = 0;
    const input = async function* () {
      openCount += 1;
      yield Buffer.from(text);
    };
    return { input, openCount: () => openCount };
  };

  it('is kept while its job is not done: the same command resumes with no input', async () => {
    const options = { name: 'job', out: world.folder, concurrency: 1 };
    const stop = new AbortController();
    world.answer = (_seen, index) => {
      if (index === 9) stop.abort('SIGTERM');
      return taken;
    };
    const first = piped(rowsText(20));
    expect((await world.run('-', options, { signal: stop.signal }, { input: first.input })).exitStatus).toBe(143);
    expect(await world.read('job.spool')).toBe(rowsText(20));
    const second = piped('');
    expect(codes(await world.run('-', options, {}, { input: second.input }))).toEqual([0, null]);
    expect(second.openCount()).toBe(1);
    expect(sent()).toEqual(ids(20));
    expect(await readdir(world.folder)).not.toContain('job.spool');
  });

  it('with a header that is refused leaves nothing behind', async () => {
    const { input } = piped('batch=ecid,a\n1,2\n');
    const end = await world.run('-', { name: 'job', out: world.folder }, {}, { input });
    expect(end.exitStatus).toBe(2);
    expect(await readdir(world.folder)).toEqual([]);
  });

  it('that ends because the run is being stopped is not taken for the whole', async () => {
    const stop = new AbortController();
    const input = async function* () {
      yield Buffer.from(rowsText(3));
      stop.abort('SIGINT'); // the signal also ends the program that writes into the pipe
    };
    const end = await world.run('-', { name: 'job', out: world.folder }, { signal: stop.signal }, { input });
    expect(codes(end)).toEqual([130, 'interrupted']);
    expect(await readdir(world.folder)).toEqual([]);
    expect(world.seen).toEqual([]);
  });

  it('that cannot be read is an error of the command line', async () => {
    const input = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('batch=');
      throw systemError('EISDIR');
    };
    const end = await world.run('-', { name: 'job', out: world.folder }, {}, { input });
    expect(codes(end)).toEqual([2, 'input-unreadable']);
  });
});

describe('texts from outside', () => {
  const clearScreen = '\u001b[2J';

  it('do no harm in the report: one line a row, no terminal sequence, no formula', async () => {
    const hostile = ['=cmd|calc', '@SUM(1)', '-2-3-cmd', `e${clearScreen}e`, 'a\nb', 'q"q', 'c,c', 'a\u2028b'];
    const cells = hostile.map((id) => `${encodeURIComponent(id)},1\n`);
    const file = await world.put('a.csv', `batch=thirdPartyId,a\n${cells.join('')}`);
    world.answer = () => ({ status: 400, body: `=HYPERLINK("http://x")\r\n${clearScreen}<b>"no", he said</b>` });
    const end = await world.run(file);
    expect(end.jobs[0]?.rows.refused).toBe(hostile.length);
    const report = await world.read('a.csv.results.csv');
    expect(report.split('\n')).toHaveLength(hostile.length + 2);
    expect([...report].filter((character) => isControl(character) && character !== '\n')).toEqual([]);
    expect(report).not.toMatch(/(^|,)"?[=@]/m);
    expect(byNumber(sent()).sort()).toEqual([...hostile].sort());
  });

  it('do not get into messages and events: neither ids nor values nor the server’s words', async () => {
    const file = await world.put('a.csv', 'batch=thirdPartyId,a\nsecret-id,secret-value\nsecret-id-2,secret-value\n');
    const said: string[] = [];
    world.answer = () => ({ status: 400, body: 'no: secret-id secret-value' });
    const onEvent = (event: object) => void said.push(JSON.stringify(event));
    const end = await world.run(file, {}, { onEvent });
    expect(`${said.join()}${JSON.stringify(end)}`).not.toContain('secret');
    expect(await world.read('a.csv.results.csv')).not.toContain('secret-value');
  });
});

describe('rows of 60 KB', () => {
  it('stay within bounds: no more than 16 MB of them are read ahead of a row that is held up', async () => {
    const value = 'x'.repeat(55_000);
    const file = await world.put(
      'a.csv',
      `batch=thirdPartyId,a\n${ids(500)
        .map((id) => `${id},${value}\n`)
        .join('')}`,
    );
    let readRowCount = 0;
    let snapshot: () => { readRowCount: number } = () => ({ readRowCount: 0 });
    world.answer = ({ id }) => {
      if (id !== 'v1') return taken;
      readRowCount = Math.max(readRowCount, snapshot().readRowCount);
      return 'stall';
    };
    const stop = new AbortController();
    world.clock.schedule(20_000, () => {
      readRowCount = snapshot().readRowCount;
      stop.abort('SIGTERM');
    });
    await world.run(
      file,
      { concurrency: 2, ratePerSecond: 1 },
      {
        signal: stop.signal,
        onEvent: (event) => {
          if (event.kind === 'started') snapshot = event.snapshot;
        },
      },
    );
    expect(readRowCount * value.length).toBeGreaterThan(10_000_000);
    expect(readRowCount * value.length).toBeLessThan(20_000_000);
  });
});

describe('several files', () => {
  const files = async (...names: string[]) => Promise.all(names.map((name) => world.put(name, rowsText(3))));
  const send = (paths: readonly string[], options = {}) =>
    world.drive(sendFiles(paths, { ...world.options, ...options }, {}, world.machine)).then(({ summary }) => summary);

  it('get their turn one after the other; 1 and 2 let the next have its own, and the worst status is the call’s', async () => {
    const [good] = await files('good.csv');
    const bad = await world.put('bad.csv', 'nonsense\n1\n');
    const some = await world.put('some.csv', `${rowsText(2)},no id\n`);
    const summary = await send([some, bad, good ?? '']);
    expect(summary.exit_status).toBe(2);
    expect(summary.error?.code).not.toBe(null);
    expect(summary.jobs.map(({ file, complete }) => [file, complete])).toEqual([
      [some, true],
      [good, true],
    ]);
  });

  it('end with the first that stops', async () => {
    const paths = await files('a.csv', 'b.csv');
    world.answer = () => ({ status: 302 });
    const summary = await send(paths);
    expect(summary.exit_status).toBe(3);
    expect(summary.jobs).toHaveLength(1);
  });

  it('are refused with one --name, or with the same job files, before anything is sent', async () => {
    const [a = '', b = ''] = await files('a.csv', 'b.csv');
    await expect(send([a, b], { name: 'x' })).rejects.toMatchObject({ code: 'name-several' });
    await expect(send([a, a])).rejects.toMatchObject({ code: 'files-clash' });
    expect(world.seen).toEqual([]);
  });

  it('pass over the job files of another among them', async () => {
    const [a = ''] = await files('a.csv');
    await send([a]);
    const all = (await readdir(world.folder))
      .filter((name) => name.startsWith('a.csv'))
      .map((name) => world.path(name));
    expect(all.length).toBeGreaterThan(3);
    const summary = await send(all);
    expect(summary).toMatchObject({ exit_status: 0, error: null });
    expect(summary.jobs.map(({ file }) => file)).toEqual([a]);
  });
});

/** What could fake a line or drive a terminal. */
function isControl(character: string): boolean {
  return /[\p{Cc}\p{Zl}\p{Zp}]/u.test(character);
}

function canMount(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0;
}
