import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Replacement, replaceFile } from '../../src/storage/replace-file.js';
import { systemError, type WatchedDisk, watchedDisk } from '../job/support/watched-disk.js';
import { temporaryFolder } from '../support/index.js';

let folder = '';
let path = '';
let disk: WatchedDisk;

beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder, 'a.json');
  disk = watchedDisk();
});

describe('replaceFile', () => {
  it('puts the new content in the place of the old, for its owner alone', async () => {
    await writeFile(path, 'old', { mode: 0o644 });
    await replaceFile(disk, path, 'new', 'run-1');
    expect(await readFile(path, 'utf8')).toBe('new');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['a.json']);
  });

  it('leaves the old content and no temp file, whatever the disk refuses before the rename', async () => {
    for (const refused of ['open', 'append', 'sync ', 'rename']) {
      await writeFile(path, 'old');
      disk.before = (operation) => {
        if (operation.startsWith(refused)) throw systemError('ENOSPC');
      };
      await expect(replaceFile(disk, path, 'new', 'run-1')).rejects.toMatchObject({ code: 'disk-full', exitStatus: 6 });
      expect(await readFile(path, 'utf8')).toBe('old');
      expect(await readdir(folder)).toEqual(['a.json']);
    }
  });

  it('tells when the folder could not be made durable', async () => {
    disk.before = (operation) => {
      if (operation === 'syncFolder') throw systemError('EIO');
    };
    await expect(replaceFile(disk, path, 'new', 'run-1')).rejects.toMatchObject({ code: 'disk-failed' });
    expect(await readdir(folder)).toEqual(['a.json']);
  });

  it('writes its own temp file again that an error left behind', async () => {
    await writeFile(`${path}.run-1.tmp`, 'left behind');
    await replaceFile(disk, path, 'new', 'run-1');
    expect(await readFile(path, 'utf8')).toBe('new');
  });

  it('is whole when another run writes the same file at the same time', async () => {
    const mine = await Replacement.open(disk, path, 'run-1');
    const other = await Replacement.open(disk, path, 'run-2');
    await mine.append(Buffer.from('mine, '));
    await other.append(Buffer.from('half of'));
    await mine.append(Buffer.from('whole'));
    await mine.keep();
    expect(await readFile(path, 'utf8')).toBe('mine, whole');
    await other.discard();
    expect(await readdir(folder)).toEqual(['a.json']);
  });

  it('keeps an internal error apart from an error of the disk', async () => {
    disk.before = () => {
      throw new TypeError('an internal error');
    };
    await expect(replaceFile(disk, path, 'new', 'run-1')).rejects.toBeInstanceOf(TypeError);
  });
});
