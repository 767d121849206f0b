import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FileEnd } from '../../src/drop/options.js';
import { acquireLock } from '../../src/job/lock/lock.js';
import type { SendEvent } from '../../src/job/terms/events.js';
import { folderHome } from '../../src/ledger/folder/folder-home.js';
import { memoryLedgerStore } from '../../src/ledger/in-process-store.js';
import { realDisk } from '../../src/platform/disk.js';
import type { Disk } from '../../src/platform/ports.js';
import { realMachine } from '../../src/wiring/machine.js';
import { systemError, watchedDisk } from '../job/support/watched-disk.js';
import { movedClock } from '../support/index.js';
import { type DropWorld, dropWorld, header, unauthorized } from './support/drop-world.js';

const rows = (...ids: string[]) => header + ids.map((id) => `${id},x\n`).join('');

describe('a pass', () => {
  it('sends what matches in code-point order, and archives each file with its job files', async () => {
    const world = await dropWorld();
    for (const name of ['b.csv', 'Z.csv', 'a.csv', 'other.txt', '.hidden.csv', 'c.csv.part', 'a.csv.rejects.csv']) {
      world.put(name, rows(name));
    }
    const { exit_status: status, jobs, error } = await world.run();
    expect([status, error]).toEqual([0, null]);
    expect(world.sent).toEqual(['Z.csv', 'a.csv', 'b.csv']);
    expect(world.files()).toEqual(
      [
        ...['a.csv', 'b.csv', 'Z.csv'].flatMap((name) =>
          ['', '.checkpoint.json', '.results.csv', '.summary.json'].map((end) => `archive/${name}${end}`),
        ),
        ...['.hidden.csv', 'a.csv.rejects.csv', 'c.csv.part', 'other.txt'],
      ].sort(),
    );
    for (const job of jobs) {
      const results = job.files.results ?? '';
      expect(readFileSync(results, 'utf8')).toContain(',submitted,');
      expect(readFileSync(results.replace('.results.csv', '.summary.json'), 'utf8')).toContain(JSON.stringify(results));
    }
  });

  it('over an empty folder says so and ends with 0', async () => {
    const world = await dropWorld();
    expect(await world.run()).toMatchObject({ exit_status: 0, jobs: [], error: null });
    expect(world.notices()).toEqual(['drop-empty']);
  });

  it('ends with the worst status of its files, those that cannot be read set aside with the reason', async () => {
    const world = await dropWorld();
    world.put('a.csv', `${header}1,x\n,y\n`);
    world.put('b.csv', 'no header of ours\n1\n');
    world.put('c.csv', `${header}3,x\n4,"x\n`);
    world.put('d.csv', rows('5'));
    const { exit_status: status, jobs } = await world.run();
    expect(status).toBe(2);
    expect(world.sent).toEqual(['1', '3', '5']);
    const failed = world.files().filter((path) => path.startsWith('failed/'));
    expect(failed).toEqual([
      ...['b.csv', 'b.csv.error.txt'].map((name) => `failed/${name}`),
      ...['', '.checkpoint.json', '.error.txt', '.results.csv', '.summary.json'].map((end) => `failed/c.csv${end}`),
    ]);
    expect(readFileSync(join(world.folder, 'failed/c.csv.error.txt'), 'utf8')).toMatch(
      /line 3: a quote[\s\S]*Code: file-quote-open[\s\S]*are done \(1\)/,
    );
    expect(jobs.map(({ files }) => readFileSync(files.results ?? '', 'utf8').length > 0)).toEqual([true, true, true]);
  });

  it('takes one number for a whole set whose names exist already', async () => {
    const world = await dropWorld();
    world.put('a.csv', rows('1'));
    await world.run();
    world.put('a.csv', rows('2'));
    await world.run();
    world.put('a.csv', 'nothing of ours\n');
    await world.run();
    world.put('a.csv', 'nothing of ours\n');
    await world.run();
    expect(world.files()).toEqual(
      [
        ...['a.csv', 'a-2.csv'].flatMap((name) =>
          ['', '.checkpoint.json', '.results.csv', '.summary.json'].map((end) => `archive/${name}${end}`),
        ),
        ...['a.csv', 'a.csv.error.txt', 'a-2.csv', 'a-2.csv.error.txt'].map((name) => `failed/${name}`),
      ].sort(),
    );
    expect(world.sent).toEqual(['1', '2']);
  });

  it.each([
    ['is not a folder', 'file', /it is not a folder/],
    ['is not there', 'gone', /it does not exist/],
  ])('refuses a path that %s', async (_what, kind, message) => {
    const world = await dropWorld();
    rmSync(world.folder, { recursive: true });
    if (kind === 'file') writeFileSync(world.folder, '');
    await expect(world.run()).rejects.toMatchObject({ code: 'drop-no-folder', exitStatus: 2 });
    await expect(world.run()).rejects.toThrow(message);
  });

  it('refuses an archive on another file system before anything is sent', async () => {
    const world = await dropWorld();
    world.put('a.csv', rows('1'));
    const otherFileSystem: Disk = {
      ...realDisk,
      rename: (from, to) =>
        to.includes('/failed/') ? Promise.reject(systemError('EXDEV')) : realDisk.rename(from, to),
    };
    await expect(world.run({}, otherFileSystem)).rejects.toMatchObject({ code: 'drop-file-system', exitStatus: 2 });
    expect(world.sent).toEqual([]);
    expect(world.files()).toEqual(['a.csv']);
  });

  it('leaves the folder to another run that has it', async () => {
    const world = await dropWorld();
    world.put('a.csv', rows('1'));
    mkdirSync(join(world.folder, '.profile-drip'));
    const path = join(world.folder, '.profile-drip/.drop.lock');
    const lock = await acquireLock({ ...realMachine, path, runId: 'another' });
    await expect(world.run()).rejects.toMatchObject({ code: 'drop-busy', exitStatus: 75 });
    await expect(world.run()).rejects.toThrow(new RegExp(`process ${process.pid} on .*, since `));
    expect(world.sent).toEqual([]);
    await lock.release();
    await world.run();
    expect(world.sent).toEqual(['1']);
  });
});

describe('a name', () => {
  const long = `${'ä'.repeat(118)}.csv`;
  const latin1 = Buffer.from('caf\u00e9.csv', 'latin1');

  function putBytes(world: DropWorld, name: Buffer, content: string): void {
    writeFileSync(Buffer.concat([Buffer.from(`${world.folder}/`), name]), content);
  }

  it.each([null, '.done'])(
    'of 240 bytes, or not UTF-8, goes to failed/ with why, and the others are sent (marker %s)',
    async (marker) => {
      const world = await dropWorld();
      putBytes(world, latin1, rows('latin1'));
      for (const name of ['a.csv', long, 'z.csv']) world.put(name, rows(name));
      if (marker !== null) {
        for (const name of ['a.csv', long, 'z.csv']) world.put(name + marker, '');
        putBytes(world, Buffer.concat([latin1, Buffer.from(marker)]), '');
      }
      const { exit_status: status, error, jobs } = await world.run({ marker });
      expect(status).toBe(2);
      expect(['file-name-bytes', 'file-name-length']).toContain(error?.code);
      expect(jobs).toHaveLength(2);
      expect(world.sent).toEqual(['a.csv', 'z.csv']);
      const failed = readdirSync(join(world.folder, 'failed')).sort();
      expect(failed).toHaveLength(4);
      expect(readFileSync(join(world.folder, 'failed/caf%E9.csv'), 'utf8')).toBe(rows('latin1'));
      expect(readFileSync(join(world.folder, 'failed/caf%E9.csv.error.txt'), 'utf8')).toMatch(
        /in UTF-8[\s\S]*Code: file-name-bytes/,
      );
      expect(failed.find((name) => name.endsWith('~.csv.error.txt'))).toBeDefined();
      expect(readdirSync(world.folder).sort()).toEqual(['.profile-drip', 'archive', 'failed']);
      expect(world.notices()).toEqual(expect.arrayContaining(['file-name-bytes', 'file-name-length']));
    },
  );

  it('that a file system finds too long goes to failed/ too', async () => {
    const world = await dropWorld();
    for (const name of ['a.csv', 'b.csv']) world.put(name, rows(name));
    const short: Disk = {
      ...realDisk,
      open: (path, mode) =>
        path.includes('a.csv.lock') ? Promise.reject(systemError('ENAMETOOLONG')) : realDisk.open(path, mode),
    };
    expect(await world.run({}, short)).toMatchObject({ exit_status: 2, error: { code: 'file-name-length' } });
    expect(world.sent).toEqual(['b.csv']);
    expect(world.files()).toEqual(expect.arrayContaining(['failed/a.csv', 'failed/a.csv.error.txt']));
  });

  it('that no job can have is put away whatever dies meanwhile, once', async () => {
    await atEachStep(async (number) => {
      const world = await dropWorld();
      world.put(long, rows('1'));
      const disk = watchedDisk();
      let seen = -1;
      disk.before = (operation) => {
        if (seen >= 0 || operation.includes('.error.txt')) seen += 1;
        if (seen >= number) throw systemError('EIO');
      };
      await world.run({}, disk).catch(() => {});
      world.forgetLock();
      await world.run();
      const failed = readdirSync(join(world.folder, 'failed')).filter((name) => !name.endsWith('.tmp'));
      expect(failed, `operation ${number}`).toHaveLength(2);
      return seen >= number;
    });
  });

  it('is taken where it differs from the pattern in case alone', async () => {
    const world = await dropWorld();
    world.put('LOYALTY.CSV', rows('1'));
    expect(await world.run()).toMatchObject({ exit_status: 0 });
    expect(world.sent).toEqual(['1']);
  });

  it('that is passed over is told, once', async () => {
    const world = await dropWorld();
    for (const name of ['a.csv', 'b.txt', 'c.csv.part', 'd.csv.rejects.csv', '.hidden', 'e.csv.done'])
      world.put(name, rows(name));
    mkdirSync(join(world.folder, 'g.csv'));
    await world.run({ marker: '.done' });
    const told = world.events.flatMap((event) =>
      event.kind === 'notice' && event.code === 'drop-passed-over' ? [event.message] : [],
    );
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/: not taken: .*"b\.txt" \(does not match --match\).* and 1 more$/);
  });
});

describe('the cost of a file', () => {
  /** What the disk was asked for one more file, beside the many that wait for their marker. */
  async function operationsBeside(waitingCount: number): Promise<number> {
    const world = await dropWorld();
    for (let number = 0; number < waitingCount; number += 1) world.put(`w${number}.csv`, '');
    let count = 0;
    const counted = <Value>(value: Value): Value => {
      count += 1;
      return value;
    };
    const disk: Disk = {
      ...realDisk,
      open: (path, mode) => counted(realDisk.open(path, mode)),
      stat: (path) => counted(realDisk.stat(path)),
      rename: (from, to) => counted(realDisk.rename(from, to)),
      list: (folder) => counted(realDisk.list(folder)),
      listBytes: (folder) => counted(realDisk.listBytes(folder)),
    };
    const put = (name: string) => {
      world.put(name, rows(name));
      world.put(`${name}.done`, '');
    };
    put('a.csv');
    const stop = new AbortController();
    const counts: number[] = [];
    const onFileEnd = () => {
      counts.push(count);
      if (counts.length === 3) stop.abort('SIGTERM');
      else put(`${'bc'[counts.length - 1]}.csv`);
    };
    await world.run({ watch: true, marker: '.done' }, disk, { onFileEnd, signal: stop.signal });
    expect(world.sent).toEqual(['a.csv', 'b.csv', 'c.csv']);
    return (counts[2] ?? 0) - (counts[1] ?? 0);
  }

  it('does not grow with how many there are', async () => {
    const [few, many] = [await operationsBeside(1), await operationsBeside(300)];
    expect(many).toBeLessThan(few + 20);
  });

  it('in a single pass does not either: the folder is listed at its beginning and its end', async () => {
    const world = await dropWorld();
    for (let number = 0; number < 8; number += 1) world.put(`${number}.csv`, rows(String(number)));
    let listedCount = 0;
    const disk: Disk = {
      ...realDisk,
      listBytes(folder) {
        listedCount += 1;
        return realDisk.listBytes(folder);
      },
    };
    await world.run({}, disk);
    expect(world.sent).toHaveLength(8);
    expect(listedCount).toBe(2);
  });

  it('holds for the ledger and the connections, which stay open from one file to the next', async () => {
    const world = await dropWorld();
    for (let number = 0; number < 5; number += 1) world.put(`${number}.csv`, rows(String(number)));
    let [openedCount, closedCount] = [0, 0];
    const openLedger = async () => {
      openedCount += 1;
      const home = folderHome(memoryLedgerStore(), realMachine.clock, realMachine.bootClock, 'memory');
      return {
        ...home,
        close: async () => {
          closedCount += 1;
        },
      };
    };
    const { jobs } = await world.run({}, realDisk, {}, { openLedger });
    expect([openedCount, closedCount]).toEqual([1, 1]);
    expect(jobs.at(-1)?.cap.used).toBe(5);
  });
});

describe('the file before', () => {
  it('is put away while the next one is sent; what is wrong with that ends the call, and nothing is sent twice', async () => {
    const world = await dropWorld();
    for (const name of ['a.csv', 'b.csv', 'c.csv']) world.put(name, rows(name));
    const fates: string[] = [];
    const onFileEnd = ({ name, fate }: FileEnd) => fates.push(`${name} ${fate}`);
    let isBroken = true;
    const disk: Disk = {
      ...realDisk,
      rename: (from, to) =>
        isBroken && /archive\/[^/]+\/a\.csv$/.test(to) ? Promise.reject(systemError('EIO')) : realDisk.rename(from, to),
    };
    expect(await world.run({}, disk, { onFileEnd })).toMatchObject({ exit_status: 6, error: { code: 'disk-failed' } });
    expect(world.sent).toEqual(['a.csv', 'b.csv']);
    expect(fates).toEqual(['b.csv stays']);
    isBroken = false;
    expect(await world.run({}, disk, { onFileEnd })).toMatchObject({ exit_status: 0 });
    expect(world.sent).toEqual(['a.csv', 'b.csv', 'c.csv']);
    expect(world.files().filter((path) => !path.startsWith('archive/'))).toEqual([]);
  });

  it('is told before the next one, though that has ended meanwhile', async () => {
    const world = await dropWorld();
    for (const name of ['a.csv', 'b.csv', 'c.csv']) world.put(name, name === 'b.csv' ? 'bad\n' : rows(name));
    const fates: string[] = [];
    await world.run({}, realDisk, { onFileEnd: ({ name, fate }) => fates.push(`${name} ${fate}`) });
    expect(fates).toEqual(['a.csv archived', 'b.csv failed', 'c.csv archived']);
  });

  it('is not taken for a new one while it is still there', async () => {
    const world = await dropWorld();
    for (const name of ['a.csv', 'b.csv']) world.put(name, rows(name));
    const stop = new AbortController();
    const codes: string[] = [];
    const disk: Disk = {
      ...realDisk,
      async rename(from, to) {
        if (/archive\/[^/]+\/a\.csv$/.test(to)) await new Promise((resolve) => setTimeout(resolve, 100));
        await realDisk.rename(from, to);
      },
    };
    const onEvent = (event: SendEvent) => {
      if (event.kind === 'notice') codes.push(event.code);
      // The system gives notice of it just before it is put away.
      if (event.kind === 'ended' && event.file.endsWith('a.csv')) chmodSync(join(world.folder, 'a.csv'), 0o640);
    };
    const onFileEnd = ({ name }: FileEnd) => {
      if (name === 'b.csv') stop.abort('SIGTERM');
    };
    await world.run({ watch: true }, disk, { onEvent, onFileEnd, signal: stop.signal });
    expect(world.sent).toEqual(['a.csv', 'b.csv']);
    expect(codes).not.toContain('job-done');
  });

  it('leaves its name to another that comes while it is put away', async () => {
    const world = await dropWorld();
    world.put('a.csv', rows('1'));
    const stop = new AbortController();
    let isPut = false;
    const disk: Disk = {
      ...realDisk,
      async rename(from, to) {
        await realDisk.rename(from, to);
        if (isPut || !/archive\/[^/]+\/a\.csv$/.test(to)) return;
        isPut = true;
        world.put('a.csv', rows('2'));
        await new Promise((resolve) => setTimeout(resolve, 50)); // the notice of it comes while the name is hidden
      },
    };
    const onFileEnd = () => {
      if (world.sent.length === 2) stop.abort('SIGTERM');
    };
    await world.run({ watch: true }, disk, { onFileEnd, signal: stop.signal });
    expect(world.sent).toEqual(['1', '2']);
    expect(world.files()).toEqual(expect.arrayContaining(['archive/a.csv', 'archive/a-2.csv']));
  });
});

describe('a file whose place another takes as its job ends', () => {
  it('leaves its results alone in the archive, and the other is sent at once', async () => {
    const world = await dropWorld();
    world.put('a.csv', rows('1'));
    const stop = new AbortController();
    const onEvent = (event: SendEvent) => {
      if (event.kind === 'ended' && world.sent.length === 1) world.put('a.csv', rows('2', '3'));
    };
    const onFileEnd = () => {
      if (world.sent.length === 3) stop.abort('SIGTERM');
    };
    await world.run({ watch: true }, realDisk, { onEvent, onFileEnd, signal: stop.signal });
    expect(world.sent).toEqual(['1', '2', '3']);
    expect(world.files()).toEqual(expect.arrayContaining(['archive/a.csv.results.csv', 'archive/a-2.csv']));
  });
});

describe('a file that was stopped', () => {
  it('stays, is taken first the next time, and nothing after it is started', async () => {
    const world = await dropWorld();
    world.put('b.csv', rows('b'));
    world.put('c.csv', rows('c'));
    world.answer = () => unauthorized;
    expect(await world.run()).toMatchObject({ exit_status: 3 });
    expect(new Set(world.sent)).toEqual(new Set(['b']));
    expect(world.files()).toEqual(expect.arrayContaining(['b.csv', 'c.csv', '.profile-drip/b.csv.checkpoint.json']));

    world.put('a.csv', rows('a')); // an earlier name, but a later file
    world.sent.length = 0;
    const usual = await dropWorld();
    world.answer = usual.answer;
    expect(await world.run()).toMatchObject({ exit_status: 0 });
    expect(world.sent).toEqual(['b', 'a', 'c']);
  });

  it('resumes at once if it is identical; nothing overtakes it while somebody writes to it', async () => {
    const world = await dropWorld();
    const usual = world.answer;
    world.put('b.csv', rows('b'));
    world.answer = () => unauthorized;
    await world.run();
    world.answer = usual;
    world.sent.length = 0;

    world.put('c.csv', rows('c'));
    world.put('c.csv.done', '');
    const before = statSync(join(world.folder, 'b.csv'));
    writeFileSync(join(world.folder, 'b.csv'), rows('b', 'b2'));
    expect(await world.run({ marker: '.done' })).toMatchObject({ exit_status: 0, jobs: [] });
    expect(world.sent).toEqual([]);

    writeFileSync(join(world.folder, 'b.csv'), rows('b'));
    utimesSync(join(world.folder, 'b.csv'), before.atime, before.mtime);
    await world.run({ marker: '.done' });
    expect(world.sent).toEqual(['b', 'c']);
  });

  it('whose content is another by then blocks what comes after it, until --on-changed says what to do', async () => {
    const world = await dropWorld();
    const usual = world.answer;
    world.put('b.csv', rows('b', 'b1'));
    world.put('c.csv', rows('c'));
    world.answer = (id) => (id === 'b1' ? { ...unauthorized, httpStatus: 407 } : usual(id)); // stops, whatever the row
    await world.run({ concurrency: 1 });
    world.answer = usual;
    world.sent.length = 0;
    world.put('b.csv', rows('z', 'b2'));
    expect(await world.run()).toMatchObject({ exit_status: 2, error: { code: 'file-changed' } });
    expect(world.sent).toEqual([]);
    expect(world.files()).toEqual(expect.arrayContaining(['b.csv', 'c.csv']));

    expect(await world.run({ onChanged: 'supersede' })).toMatchObject({ exit_status: 0 });
    expect(world.sent).toEqual(['z', 'b2', 'c']);
    expect(world.files().filter((path) => path.startsWith('.profile-drip'))).toEqual([]);
    expect(world.files().filter((path) => /archive\/b\.csv\.\d.*results/.test(path))).toHaveLength(1);
  });

  it('says so once where it has been taken away, and lets the others have their turn', async () => {
    const world = await dropWorld();
    const usual = world.answer;
    world.put('b.csv', rows('b'));
    world.put('c.csv', rows('c'));
    world.answer = () => unauthorized;
    await world.run();
    world.answer = usual;
    world.sent.length = 0;
    rmSync(join(world.folder, 'b.csv'));
    expect(await world.run()).toMatchObject({ exit_status: 0 });
    expect(world.sent).toEqual(['c']);
  });
});

describe('--marker', () => {
  it('has a file taken when its marker is there, and removes that with it', async () => {
    const world = await dropWorld();
    for (const name of ['a.csv', 'b.csv', 'c.csv']) world.put(name, name === 'c.csv' ? 'bad\n' : rows(name));
    for (const name of ['b.csv.done', 'c.csv.done']) world.put(name, '');
    await world.run({ marker: '.done', match: ['*'], settleMs: 60_000 });
    expect(world.sent).toEqual(['b.csv']);
    expect(world.files().filter((path) => path.endsWith('.done'))).toEqual([]);
    expect(world.files()).toContain('a.csv');
    expect(world.notices()).toContain('drop-waiting');
  });
});

describe('--settle', () => {
  it('has a single pass wait for what stands still, and leave what is written to for the next', async () => {
    const world = await dropWorld();
    world.put('a.csv', rows('a'));
    world.put('b.csv', rows('b'));
    const clock = movedClock({ wallMs: Date.now() });
    const write = (...ids: string[]) => writeFileSync(join(world.folder, 'b.csv'), rows(...ids));
    let isDone = false;
    const hooks = { onFileEnd: () => write('b', 'b2', 'b3') };
    const done = world.run({ settleMs: 60_000 }, realDisk, hooks, { clock }).finally(() => {
      isDone = true;
    });
    while (clock.timerCount() < 2) await clock.advance(0); // the lock's, and the pause
    write('b', 'b2');
    while (!isDone) await clock.advance(60_000);
    expect(await done).toMatchObject({ exit_status: 0 });
    expect(world.sent).toEqual(['a']);
    expect(world.files()).toContain('b.csv');
    expect(world.notices().filter((code) => code === 'drop-settling')).toHaveLength(1);
    expect(world.notices()).toContain('drop-waiting');
  });
});

describe('a file dated tomorrow', () => {
  it('is taken when it stands still', async () => {
    const world = await dropWorld();
    world.put('a.csv', rows('a'));
    const tomorrow = new Date(Date.now() + 86_400_000);
    utimesSync(join(world.folder, 'a.csv'), tomorrow, tomorrow);
    const clock = movedClock({ wallMs: Date.now() });
    let isDone = false;
    const done = world.run({ settleMs: 60_000 }, realDisk, {}, { clock }).finally(() => {
      isDone = true;
    });
    while (clock.timerCount() < 2) await clock.advance(0); // the lock's, and the pause
    while (!isDone) await clock.advance(60_000);
    expect(await done).toMatchObject({ exit_status: 0 });
    expect(world.sent).toEqual(['a']);
  });
});

describe('--watch', () => {
  it('takes what arrives, until it is told to stop', async () => {
    const world = await dropWorld();
    const stop = new AbortController();
    const ends: string[] = [];
    const onFileEnd = () => {
      ends.push('one');
      if (ends.length === 1) world.put('b.csv', rows('b'));
      else stop.abort('SIGTERM');
    };
    world.put('a.csv', rows('a'));
    const summary = await world.run({ watch: true }, realDisk, { onFileEnd, signal: stop.signal });
    expect(summary).toMatchObject({ exit_status: 143, error: { code: 'interrupted' } });
    expect(world.sent).toEqual(['a', 'b']);
  });
});

describe('the status of --watch', () => {
  it('is that of what ended it, whatever became of the files before', async () => {
    const world = await dropWorld();
    world.put('a.csv', 'bad\n');
    world.put('b.csv', rows('b', 'c'));
    world.answer = () => unauthorized;
    expect(await world.run({ watch: true })).toMatchObject({ exit_status: 3, error: { code: 'unauthorized' } });
    const late = await dropWorld();
    late.put('a.csv', 'bad\n');
    late.put('b.csv', rows('b', 'c'));
    const options = { dailyCap: 1, onCap: 'stop' } as const;
    expect(await late.run({ watch: true, ...options })).toMatchObject({ exit_status: 4 });
  });
});

describe('a crash', () => {
  const isOver = (operation: string) => operation.startsWith('rename a.csv.lock ');

  /** Dies before operation `number` after the job has ended, and with it everything after that. */
  async function crashAt(number: number, content: string, marker: string | null) {
    const world = await dropWorld();
    world.put('a.csv', content);
    if (marker !== null) world.put(`a.csv${marker}`, '');
    const disk = watchedDisk();
    let seen = -1;
    disk.before = (operation) => {
      if (seen >= 0 || isOver(operation)) seen += 1;
      if (seen >= number) throw systemError('EIO');
    };
    await world.run({ marker }, disk).catch(() => {});
    world.forgetLock();
    return { world, hasDied: seen >= number };
  }

  it.each([
    ['a finished file', rows('1'), ['archive/a.csv', 'archive/a.csv.results.csv', 'archive/a.csv.checkpoint.json']],
    [
      'a file that cannot be read',
      `${header}1,x\n2,"x\n`,
      ['failed/a.csv', 'failed/a.csv.error.txt', 'failed/a.csv.results.csv'],
    ],
    ['a file without a header', 'bad\n', ['failed/a.csv', 'failed/a.csv.error.txt']],
  ])('anywhere while %s is put away is repaired, and nothing is sent again', async (_what, content, expected) => {
    const crashes = await atEachStep(async (number) => {
      const { world, hasDied } = await crashAt(number, content, '.done');
      const sentBefore = [...world.sent];
      await world.run({ marker: '.done' });
      expect(world.files(), `operation ${number}`).toEqual(expect.arrayContaining(expected));
      const left = world.files().filter((path) => !/^(archive|failed)\//.test(path));
      expect(left, `operation ${number}`).toEqual([]);
      expect(world.sent, `operation ${number}`).toEqual(sentBefore);
      return hasDied;
    });
    expect(crashes).toBeGreaterThan(10);
  });

  it('never has the next file of that name taken for the one that was moved', async () => {
    await atEachStep(async (number) => {
      const { world, hasDied } = await crashAt(number, rows('1'), null);
      world.put('a.csv', rows('2'));
      await world.run();
      expect(world.sent, `operation ${number}`).toEqual(['1', '2']);
      expect(archived(world, 'a-2.csv') ?? archived(world, 'a.csv'), `operation ${number}`).toBe(rows('2'));
      return hasDied;
    });
  });
});

/** Tests all steps, some at a time, until one comes after the end. Resolves to how many there were. */
async function atEachStep(tryStep: (number: number) => Promise<boolean>): Promise<number> {
  const atATime = 12;
  for (let first = 1; ; first += atATime) {
    const numbers = Array.from({ length: atATime }, (_, index) => first + index);
    const died = await Promise.all(numbers.map(tryStep));
    if (died.includes(false)) return first - 1 + died.indexOf(false);
  }
}

/** What an archived file holds; `null`: no file has that name. */
function archived({ folder }: DropWorld, name: string): string | null {
  const [day = ''] = readdirSync(join(folder, 'archive'));
  const path = join(folder, 'archive', day, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}
