import { readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { discardNext, receiveInput, takeNext } from '../../../src/job/files/spool.js';
import { temporaryFolder } from '../../support/index.js';
import { systemError, type WatchedDisk, watchedDisk } from '../support/watched-disk.js';

let folder = '';
let files: { spool: string; spoolNext: string };
let disk: WatchedDisk;

beforeEach(async () => {
  folder = await temporaryFolder();
  files = { spool: join(folder, 'night.spool'), spoolNext: join(folder, 'night.spool.next') };
  disk = watchedDisk();
});

async function* input(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

describe('receiveInput', () => {
  it('keeps the whole of the input, for its owner alone, and gives it its name once it is durable', async () => {
    expect(await receiveInput(disk, files, () => input('pcId\n', '1\n'))).toBe('taken');
    expect(await readFile(files.spool, 'utf8')).toBe('pcId\n1\n');
    expect((await stat(files.spool)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['night.spool']);
    expect(disk.operations.slice(-3)).toEqual([
      'sync night.spool.next',
      'rename night.spool.next night.spool',
      'syncFolder',
    ]);
  });

  it.each([
    ['empty', ''],
    ['identical', 'pcId\n1\n'],
  ])('resumes the spool that is there where the input is %s', async (_, text) => {
    await writeFile(files.spool, 'pcId\n1\n');
    expect(await receiveInput(disk, files, () => input(text))).toBe('resumed');
    expect(await readFile(files.spool, 'utf8')).toBe('pcId\n1\n');
    expect(await readdir(folder)).toEqual(['night.spool']);
  });

  it.each([
    ['of another length', 'pcId\n1\n2\n'],
    ['of the same length', 'pcId\n2\n'],
  ])('lets other content %s wait beside the spool', async (_, text) => {
    await writeFile(files.spool, 'pcId\n1\n');
    expect(await receiveInput(disk, files, () => input(text))).toBe('waiting');
    expect(await readFile(files.spool, 'utf8')).toBe('pcId\n1\n');
    await takeNext(disk, files);
    expect(await readFile(files.spool, 'utf8')).toBe(text);
    expect(await readdir(folder)).toEqual(['night.spool']);
    await discardNext(disk, files); // none is there
  });

  it('tells content apart that differs in its last byte alone, beyond a block', async () => {
    const long = 'x'.repeat(600_000);
    await writeFile(files.spool, `${long}1`);
    expect(await receiveInput(disk, files, () => input(long, '2'))).toBe('waiting');
    expect(await receiveInput(disk, files, () => input(long, '1'))).toBe('resumed');
  });

  it('begins again what a kill left', async () => {
    await writeFile(files.spoolNext, 'pcId\n9\n');
    await receiveInput(disk, files, () => input('pcId\n1\n'));
    expect(await readFile(files.spool, 'utf8')).toBe('pcId\n1\n');
    expect(await readdir(folder)).toEqual(['night.spool']);
  });

  it('does not read or write through a planted link', async () => {
    await writeFile(join(folder, 'victim'), 'precious');
    await symlink(join(folder, 'victim'), files.spool);
    await expect(receiveInput(disk, files, () => input('pcId\n1\n'))).rejects.toMatchObject({
      code: 'job-file-foreign',
    });
    expect(await readFile(join(folder, 'victim'), 'utf8')).toBe('precious');
    expect((await readdir(folder)).sort()).toEqual(['night.spool', 'victim']);
  });

  it('leaves nothing behind when the disk refuses', async () => {
    for (const refused of ['append', 'sync ']) {
      disk.before = (operation) => {
        if (operation.startsWith(refused)) throw systemError('ENOSPC');
      };
      await expect(receiveInput(disk, files, () => input('a', 'b'))).rejects.toMatchObject({
        code: 'disk-full',
        exitStatus: 6,
      });
      expect(await readdir(folder)).toEqual([]);
    }
  });

  it('leaves nothing behind when the input breaks off, and tells why', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('pcId\n');
      throw systemError('EPIPE');
    }
    await expect(receiveInput(disk, files, broken)).rejects.toMatchObject({ code: 'input-unreadable' });
    expect(await readdir(folder)).toEqual([]);
  });
});
