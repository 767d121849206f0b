import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { realDisk } from '../../src/platform/disk.js';
import { locateJob } from '../../src/report/locate-job.js';
import { temporaryFolder } from '../support/index.js';

const nothing = { out: null, name: null };

describe('the job that a report is on', () => {
  it('has its files beside FILE, whether FILE is still there or not', async () => {
    const file = join(await temporaryFolder(), 'drop.csv');
    expect((await locateJob(realDisk, { file, ...nothing })).files).toMatchObject({
      results: `${file}.results.csv`,
      report: `${file}.report.html`,
    });
  });

  it('has its files where --out and --name say', async () => {
    const { files } = await locateJob(realDisk, { file: '/data/drop.csv', out: '/jobs', name: 'night' });
    expect(files.report).toBe('/jobs/night.report.html');
  });

  it('is found by its results too, as those of a sandbox or of an earlier job are', async () => {
    const file = join(await temporaryFolder(), 'drop.csv.2026-01-30T200000Z.results.csv');
    const { files } = await locateJob(realDisk, { file, ...nothing });
    expect(files.results).toBe(file);
    expect(files.report).toBe(join(dirname(file), 'drop.csv.2026-01-30T200000Z.report.html'));
  });

  it('tells FILE from its results where FILE is there, and says where it is not', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'drop.csv.sandbox.results.csv');
    expect((await locateJob(realDisk, { file, ...nothing })).naming.file).toBeNull();
    await writeFile(join(folder, 'drop.csv'), '');
    expect((await locateJob(realDisk, { file, ...nothing })).naming.file).toBe(join(folder, 'drop.csv'));
  });

  it('is that of a file which only has the name of results, where it was sent itself', async () => {
    const file = join(await temporaryFolder(), 'x.results.csv');
    await writeFile(`${file}.results.csv`, '');
    expect((await locateJob(realDisk, { file, ...nothing })).files.results).toBe(`${file}.results.csv`);
  });

  it('needs a name for standard input', async () => {
    await expect(locateJob(realDisk, { file: '-', ...nothing })).rejects.toMatchObject({ exitStatus: 2 });
    expect((await locateJob(realDisk, { file: '-', out: null, name: 'feed' })).files.results).toBe('feed.results.csv');
  });
});
