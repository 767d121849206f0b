import { appendFile, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { Journal } from '../../../src/job/results/journal.js';
import { resultsHeader } from '../../../src/job/results/result.js';
import { realDisk } from '../../../src/platform/disk.js';
import type { ProfileDripError } from '../../../src/terms/errors.js';
import { type MovedClock, movedClock, settle, temporaryFolder } from '../../support/index.js';
import { anyRow, resultLine, rowResult } from '../support/result-rows.js';
import { systemError, type WatchedDisk, watchedDisk } from '../support/watched-disk.js';

let path = '';
let clock: MovedClock;
let disk: WatchedDisk;

beforeEach(async () => {
  path = join(await temporaryFolder(), 'drop.csv.results.csv');
  clock = movedClock();
  disk = watchedDisk();
});

const open = () => Journal.open(disk, clock, path, 'new');
const content = () => readFile(path, 'utf8');
const numbered = (rowNumber: number) => rowResult({ rowNumber });

/** Makes the operations that match wait until they are released. */
function hold(pattern: RegExp): () => void {
  let release: () => void = () => {};
  const free = new Promise<void>((resolve) => {
    release = resolve;
  });
  disk.before = (operation) => (pattern.test(operation) ? free : undefined);
  return release;
}

/** Lets real file operations come to their end. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await settle();
}

describe('opening', () => {
  it('makes the header durable, the folder after the file, before anything can speak of it', async () => {
    const journal = await open();
    expect(await content()).toBe(resultsHeader);
    expect(disk.operations.slice(-3)).toEqual([
      'append drop.csv.results.csv',
      'sync drop.csv.results.csv',
      'syncFolder',
    ]);
    expect(journal.endByte).toBe(resultsHeader.length);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await journal.close();
  });

  it('writes again what a crash left of a header', async () => {
    for (const left of ['', 'row,line', '\0\0\0\0', resultsHeader]) {
      await writeFile(path, left);
      const journal = await open();
      expect(await content()).toBe(resultsHeader);
      await journal.close();
    }
  });

  it('refuses a report that has results but no checkpoint, and any other file, and leaves it alone', async () => {
    for (const left of [`${resultsHeader}1,2,`, 'pcId,points\n1,2\n']) {
      await writeFile(path, left);
      await expect(open()).rejects.toMatchObject({ code: 'report-without-checkpoint', exitStatus: 2 });
      expect(await content()).toBe(left);
    }
  });

  it('says what is wrong where no file can be opened', async () => {
    const gone = join(path, 'x', 'drop.csv.results.csv');
    await expect(Journal.open(realDisk, clock, gone, 'new')).rejects.toMatchObject({
      code: 'disk-gone',
      exitStatus: 6,
    });
    await expect(Journal.open(realDisk, clock, join(path, '..'), 'new')).rejects.toMatchObject({
      code: 'job-file-foreign',
    });
  });

  it('does not continue a report that has just been removed', async () => {
    await expect(Journal.open(disk, clock, path, 'resume')).rejects.toMatchObject({ code: 'results-changed' });
  });

  it('continues at the end of a report', async () => {
    await writeFile(path, resultsHeader + resultLine(numbered(1)));
    const journal = await Journal.open(disk, clock, path, 'resume');
    journal.write(numbered(2));
    await journal.close();
    expect(await content()).toBe(resultsHeader + resultLine(numbered(1)) + resultLine(numbered(2)));
  });
});

describe('writing', () => {
  it('says beforehand where each line begins', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { minLength: 1, maxLength: 20 }), async (rows) => {
        await rm(path, { force: true });
        const journal = await open();
        const starts = rows.map((row) => journal.write(row));
        const endByte = journal.endByte;
        expect(await journal.sync()).toBe(endByte);
        const bytes = await readFile(path);
        expect(bytes).toHaveLength(endByte);
        const lines = starts.map((start, at) => bytes.subarray(start, starts[at + 1] ?? endByte).toString());
        expect(lines).toEqual(rows.map(resultLine));
        await journal.close();
      }),
      { numRuns: 20 },
    );
  });

  it('writes a line 50 ms after it came, with those that came since', async () => {
    const journal = await open();
    journal.write(numbered(1));
    await clock.advance(30);
    journal.write(numbered(2));
    await clock.advance(19);
    expect(await content()).toBe(resultsHeader);
    await clock.advance(1);
    await until(async () => (await content()) === resultsHeader + resultLine(numbered(1)) + resultLine(numbered(2)));
    expect(clock.timerCount()).toBe(0);
    await journal.close();
  });

  it('does not wait when much has gathered', async () => {
    const journal = await open();
    const before = disk.operations.length;
    while (disk.operations.length === before) journal.write(rowResult({ id: 'x'.repeat(1000) }));
    expect(journal.endByte).toBeGreaterThan(262_144);
    expect(journal.endByte).toBeLessThan(270_000);
    await journal.close();
  });

  it('has one append in flight at a time, and writes what gathered meanwhile right after it', async () => {
    const journal = await open();
    const release = hold(/^append/);
    const before = disk.operations.length;
    journal.write(numbered(1));
    await clock.advance(50);
    journal.write(numbered(2));
    await clock.advance(60);
    expect(disk.operations.length - before).toBe(1);
    release();
    await until(() => disk.operations.length - before === 2);
    await journal.close();
    expect(await content()).toBe(resultsHeader + resultLine(numbered(1)) + resultLine(numbered(2)));
  });

  it('lets nothing start while an outcome is older than 100 ms and not written, and says when it is', async () => {
    const journal = await open();
    let writtenCount = 0;
    journal.onWritten = () => {
      writtenCount += 1;
    };
    expect(journal.mayStart()).toBe(true);
    const release = hold(/^append/);
    journal.write(numbered(1));
    await clock.advance(100);
    expect(journal.mayStart()).toBe(true);
    await clock.advance(1);
    expect(journal.mayStart()).toBe(false);
    journal.write(numbered(2));
    expect(journal.mayStart()).toBe(false);
    expect(writtenCount).toBe(0);
    release();
    await until(() => writtenCount === 1);
    expect(journal.mayStart()).toBe(true);
    await journal.close();
    expect(journal.mayStart()).toBe(false);
  });
});

describe('room', () => {
  it('is there at once until 1 MB waits, then when it has been written, and after a fault', async () => {
    const journal = await open();
    await journal.room();
    const release = hold(/^append/);
    const big = rowResult({ id: 'x'.repeat(100_000) });
    for (let count = 0; count < 10; count += 1) journal.write(big);
    await journal.room();
    journal.write(big);
    let hasRoom = false;
    const room = journal.room().then(() => {
      hasRoom = true;
    });
    await settle(20);
    expect(hasRoom).toBe(false);
    release();
    await room;
    disk.before = () => {
      throw systemError('ENOSPC');
    };
    for (let count = 0; count < 11; count += 1) journal.write(big);
    await journal.room();
    await journal.close();
  });
});

describe('sync', () => {
  it('is durable up to what had been handed in, and does not hold up what comes meanwhile', async () => {
    const journal = await open();
    journal.write(numbered(1));
    const endByte = journal.endByte;
    const release = hold(/^sync/);
    const syncing = journal.sync();
    await until(() => disk.operations.at(-1) === 'sync drop.csv.results.csv');
    expect(disk.operations.at(-2)).toBe('append drop.csv.results.csv');
    journal.write(numbered(2));
    await clock.advance(50);
    await until(async () => (await content()).includes('\n2,'));
    release();
    expect(await syncing).toBe(endByte);
    await journal.close();
  });

  const meddling: [string, () => Promise<void>][] = [
    ['removed', () => rm(path)],
    [
      'replaced',
      async () => {
        await rename(path, `${path}.mine`);
        await writeFile(path, await readFile(`${path}.mine`));
      },
    ],
    ['cut', () => truncate(path, 20)],
    ['written to by others', () => appendFile(path, 'x')],
  ];
  for (const [what, meddle] of meddling) {
    it(`finds a report that was ${what}, and lets nothing start any more`, async () => {
      const journal = await open();
      const faults: ProfileDripError[] = [];
      journal.onFault = (fault) => faults.push(fault);
      journal.write(numbered(1));
      await journal.sync();
      await meddle();
      await expect(journal.sync()).rejects.toMatchObject({ code: 'results-changed', exitStatus: 6 });
      expect(faults).toHaveLength(1);
      expect(journal.mayStart()).toBe(false);
      await journal.close();
    });
  }

  it('never believes a disk again whose fsync has failed', async () => {
    const journal = await open();
    journal.write(numbered(1));
    disk.before = (operation) => {
      if (operation.startsWith('sync ')) throw systemError('EIO');
    };
    await expect(journal.sync()).rejects.toMatchObject({ code: 'disk-failed' });
    disk.before = () => {};
    await expect(journal.sync()).rejects.toMatchObject({ code: 'disk-failed' });
    expect(journal.mayStart()).toBe(false);
    await journal.close();
  });
});

describe('a disk that refuses', () => {
  /** Half of the line reaches the file, as on a disk that fills up. */
  function refuseHalfWay(code: string): void {
    disk.before = async (operation) => {
      if (!operation.startsWith('append')) return;
      await appendFile(path, resultLine(numbered(2)).slice(0, 9));
      throw systemError(code);
    };
  }

  it('stops the journal for good, cuts off the half line, and is told once', async () => {
    const journal = await open();
    const faults: ProfileDripError[] = [];
    journal.onFault = (fault) => faults.push(fault);
    journal.write(numbered(1));
    await journal.sync();
    refuseHalfWay('ENOSPC');
    journal.write(numbered(2));
    await clock.advance(50);
    await until(() => disk.operations.at(-1)?.startsWith('truncate') === true);
    disk.before = () => {};
    journal.write(numbered(3));
    expect(clock.timerCount()).toBe(0);
    await clock.advance(1000);
    await expect(journal.sync()).rejects.toMatchObject({ code: 'disk-full', exitStatus: 6 });
    expect(faults.map((fault) => fault.code)).toEqual(['disk-full']);
    expect(faults[0]?.message).toContain(path);
    expect(journal.mayStart()).toBe(false);
    expect(clock.timerCount()).toBe(0);
    await journal.close();
    expect(await content()).toBe(resultsHeader + resultLine(numbered(1)));
  });

  it('tells the first fault alone when one comes of another', async () => {
    const journal = await open();
    const faults: ProfileDripError[] = [];
    journal.onFault = (fault) => faults.push(fault);
    let release: () => void = () => {};
    const held = new Promise<void>((_, reject) => {
      release = () => reject(systemError('EIO'));
    });
    disk.before = (operation) => {
      if (operation.startsWith('append')) throw systemError('ENOSPC');
      return operation.startsWith('sync ') ? held : undefined;
    };
    const syncing = journal.sync();
    await until(() => disk.operations.at(-1)?.startsWith('sync ') === true);
    journal.write(numbered(1));
    await clock.advance(50);
    await until(() => faults.length > 0);
    release();
    await expect(syncing).rejects.toMatchObject({ code: 'disk-full' });
    expect(faults.map((fault) => fault.code)).toEqual(['disk-full']);
    await journal.close();
  });

  it('says what kind of fault it is', async () => {
    const codes = {
      EROFS: 'disk-read-only',
      EIO: 'disk-failed',
      ENODEV: 'disk-gone',
      EDQUOT: 'disk-full',
      EACCES: 'disk-no-access',
    };
    for (const [system, code] of Object.entries(codes)) {
      await rm(path, { force: true });
      disk.before = () => {};
      const journal = await open();
      refuseHalfWay(system);
      journal.write(numbered(1));
      await expect(journal.sync()).rejects.toMatchObject({ code });
      await journal.close();
    }
  });
});

describe('close', () => {
  it('writes what is left, and leaves no timer', async () => {
    const journal = await open();
    journal.write(numbered(1));
    await journal.close();
    expect(await content()).toBe(resultsHeader + resultLine(numbered(1)));
    expect(clock.timerCount()).toBe(0);
  });
});

describe('the lines of one update', () => {
  it('go in one append, however many they are', async () => {
    const journal = await open();
    const rows = Array.from({ length: 6000 }, (_, index) => rowResult({ rowNumber: index + 1, attempts: 0 }));
    journal.write(rowResult({ rowNumber: 9001 }));
    const appends = () => disk.operations.filter((operation) => operation.startsWith('append'));
    const before = appends().length;
    for (const row of rows) journal.write(row, 'follow');
    expect(rows.map(resultLine).join('').length).toBeGreaterThan(300_000);
    expect(appends()).toHaveLength(before);
    journal.write(rowResult({ rowNumber: 6001 }), 'done');
    await journal.sync();
    expect(appends()).toHaveLength(before + 1);
    await journal.close();
  });
});
