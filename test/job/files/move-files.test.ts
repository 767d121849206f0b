import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { formatCheckpoint, type Move, writeCheckpoint } from '../../../src/job/files/checkpoint.js';
import { type JobFiles, jobFilesOf } from '../../../src/job/files/job-files.js';
import { archiveJobFiles, beginMove, readEarlier } from '../../../src/job/files/move-files.js';
import { loadCheckpoint } from '../../../src/job/files/read-checkpoint.js';
import { realDisk } from '../../../src/platform/disk.js';
import { temporaryFolder } from '../../support/index.js';
import { checkpointOf } from '../support/checkpoints.js';
import { systemError, watchedDisk } from '../support/watched-disk.js';

let folder = '';
let files: JobFiles;
const checkpoint = checkpointOf({ state: 'complete', exitStatus: 1 });
const kinds = ['checkpoint.json', 'rejects.csv', 'report.html', 'results.csv', 'summary.json'];
const keptStem = 'drop.csv.2026-11-23T151704Z';

beforeEach(async () => {
  folder = await temporaryFolder();
  await makeJob(folder);
});

async function makeJob(inFolder: string): Promise<void> {
  files = jobFilesOf(join(inFolder, 'drop.csv'), { out: null, name: null, sandbox: false });
  await writeFile(join(inFolder, 'drop.csv'), 'pcId\n1\n');
  await writeFile(files.checkpoint, formatCheckpoint(checkpoint));
  for (const kind of ['results', 'rejects', 'summary', 'report'] as const) await writeFile(files[kind], kind);
}

const names = async (of = folder) => (await readdir(of)).sort();

describe('archiveJobFiles', () => {
  it('renames all that is kept of a job with the time that it started', async () => {
    const kept = await archiveJobFiles(realDisk, files, checkpoint);
    expect(await names()).toEqual(['drop.csv', ...kinds.map((kind) => `${keptStem}.${kind}`)]);
    expect(kept?.stem).toBe(keptStem);
    expect(await readFile(join(folder, `${keptStem}.results.csv`), 'utf8')).toBe('results');
    expect(await loadCheckpoint(realDisk, join(folder, `${keptStem}.checkpoint.json`))).toEqual(checkpoint);
  });

  it('takes one number for all files where a name is taken', async () => {
    await writeFile(join(folder, `${keptStem}.summary.json`), 'another job');
    await writeFile(join(folder, `${keptStem}-2.rejects.csv`), 'yet another');
    const kept = await archiveJobFiles(realDisk, files, checkpoint);
    expect(kept?.stem).toBe(`${keptStem}-3`);
    expect((await names()).filter((name) => name.startsWith(`${keptStem}-3.`))).toHaveLength(kinds.length);
    expect(await readFile(join(folder, `${keptStem}.summary.json`), 'utf8')).toBe('another job');
  });

  it('uses the age of the files where no checkpoint can be read', async () => {
    await writeFile(files.checkpoint, '{');
    for (const kind of kinds)
      await utimes(join(folder, `drop.csv.${kind}`), new Date(), new Date('2026-01-02T03:04:05Z'));
    expect((await archiveJobFiles(realDisk, files, null))?.stem).toBe('drop.csv.2026-01-02T030405Z');
    expect((await names()).filter((name) => name.startsWith('drop.csv.2026-01-02'))).toHaveLength(kinds.length);
    expect(await archiveJobFiles(realDisk, files, null)).toBeNull();
  });

  it('is completed by the next run, wherever it was cut off', async () => {
    for (let number = 1; ; number += 1) {
      folder = await temporaryFolder();
      await makeJob(folder);
      const disk = watchedDisk();
      let isDead = false;
      disk.before = (_, at) => {
        isDead ||= at === number;
        if (isDead) throw systemError('EIO'); // from here on nothing reaches the disk any more
      };
      const hasEnded = await archiveJobFiles(disk, files, checkpoint).then(
        () => true,
        () => false,
      );
      if (hasEnded) {
        expect(number).toBeGreaterThan(12);
        return;
      }
      const earlier = await readEarlier(realDisk, files);
      const all = await names();
      if (earlier === null) {
        expect(all).toEqual(['drop.csv', ...kinds.map((kind) => `${keptStem}.${kind}`)]);
        expect(await loadCheckpoint(realDisk, join(folder, `${keptStem}.checkpoint.json`))).toEqual(checkpoint);
      } else {
        expect(earlier).toEqual(checkpoint); // it had not begun: the caller asks again if it wants it
        expect(all).toEqual(['drop.csv', ...kinds.map((kind) => `drop.csv.${kind}`)]);
      }
    }
  });

  it('makes the renames durable before the checkpoint goes', async () => {
    const disk = watchedDisk();
    await archiveJobFiles(disk, files, checkpoint);
    const place = (operation: string) => disk.operations.findIndex((one) => one.startsWith(operation));
    const lastRename = disk.operations.findLastIndex((one) => one.startsWith('rename drop.csv.report.html'));
    const syncAfter = disk.operations.findIndex((one, at) => at > lastRename && one === 'syncFolder');
    expect(place('rename drop.csv.checkpoint.json.')).toBeLessThan(place('rename drop.csv.results.csv'));
    expect(syncAfter).toBeGreaterThan(lastRename);
    expect(syncAfter).toBeLessThan(place(`open ${keptStem}.checkpoint.json`));
    expect(disk.operations.slice(-2)).toEqual(['remove drop.csv.checkpoint.json', 'syncFolder']);
  });
});

describe('beginMove', () => {
  it('moves FILE first and its job files after it, into another folder', async () => {
    const archive = join(folder, 'archive');
    await mkdir(archive);
    const from = join(folder, 'drop.csv');
    const disk = watchedDisk();
    const move = { role: 'archive', day: '2026-11-23', stem: 'drop-2.csv', fileName: 'drop-2.csv' } as const;
    const file = { from, to: join(archive, 'drop-2.csv') };
    await beginMove(disk, files, checkpoint, move, { folder: archive, stem: 'drop-2.csv', file, marker: null });
    expect(await names(archive)).toEqual(['drop-2.csv', ...kinds.map((kind) => `drop-2.csv.${kind}`)]);
    expect(await names()).toEqual(['archive']);
    expect(disk.operations.filter((operation) => operation.startsWith('rename drop.csv '))).toHaveLength(1);
    const renames = disk.operations.filter((operation) => operation.startsWith('rename'));
    expect(renames[1]).toBe('rename drop.csv drop-2.csv');
  });
});

describe('readEarlier', () => {
  it('removes what a killed run left half written, of this job alone', async () => {
    for (const name of [
      'drop.csv.checkpoint.json.0a4c.tmp',
      'drop.csv.rejects.csv.0a4c.tmp',
      'drop.csv.lock.0a4c-old.tmp',
    ]) {
      await writeFile(join(folder, name), 'half');
    }
    const others = ['drop.csv.gz.checkpoint.json.0a4c.tmp', 'drop.csv.tmp', 'drop.csv.results.csv.tmp'];
    for (const name of others) await writeFile(join(folder, name), 'not ours');
    expect(await readEarlier(realDisk, files)).toEqual(checkpoint);
    expect((await names()).filter((name) => name.endsWith('.tmp'))).toEqual([...others].sort());
  });

  it('takes up a kept job whose files were given their old names back', async () => {
    await archiveJobFiles(realDisk, files, checkpoint);
    for (const kind of kinds)
      await realDisk.rename(join(folder, `${keptStem}.${kind}`), join(folder, `drop.csv.${kind}`));
    expect(await readEarlier(realDisk, files)).toEqual(checkpoint);
  });

  it('finishes a move to the name of an earlier job of this one, and to nothing else', async () => {
    const begun = (move: Move) => writeCheckpoint(realDisk, files.checkpoint, { ...checkpoint, move });
    await begun({ role: 'kept', stem: 'bashrc' });
    await expect(readEarlier(realDisk, files)).rejects.toMatchObject({ code: 'checkpoint-damaged' });
    await begun({ role: 'archive', day: '2026-11-23', stem: 'drop.csv', fileName: 'drop.csv' });
    await expect(readEarlier(realDisk, files)).rejects.toMatchObject({ code: 'move-unfinished', exitStatus: 2 });
    expect(await names()).toEqual(['drop.csv', ...kinds.map((kind) => `drop.csv.${kind}`)]);
    await begun({ role: 'kept', stem: keptStem });
    expect(await readEarlier(realDisk, files)).toBeNull();
    expect(await names()).toEqual(['drop.csv', ...kinds.map((kind) => `${keptStem}.${kind}`)]);
  });

  it('is null where there was no job', async () => {
    const fresh = jobFilesOf(join(folder, 'other.csv'), { out: null, name: null, sandbox: false });
    expect(await readEarlier(realDisk, fresh)).toBeNull();
  });
});
