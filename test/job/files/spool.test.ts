import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { spoolInput } from '../../../src/job/files/spool.js';
import { temporaryFolder } from '../../support/index.js';
import { systemError, type WatchedDisk, watchedDisk } from '../support/watched-disk.js';

let folder = '';
let files: { spool: string; spoolPart: string };
let disk: WatchedDisk;

beforeEach(async () => {
  folder = await temporaryFolder();
  files = { spool: join(folder, 'night.spool'), spoolPart: join(folder, 'night.spool.part') };
  disk = watchedDisk();
});

async function* input(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

function unread(): never {
  throw new Error('standard input must not be read');
}

describe('spoolInput', () => {
  it('keeps the whole of the input, for its owner alone, and gives it its name once it is durable', async () => {
    expect(await spoolInput(disk, files, () => input('pcId\n', '1\n'))).toBe(files.spool);
    expect(await readFile(files.spool, 'utf8')).toBe('pcId\n1\n');
    expect((await stat(files.spool)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['night.spool']);
    expect(disk.operations.slice(-3)).toEqual([
      'sync night.spool.part',
      'rename night.spool.part night.spool',
      'syncFolder',
    ]);
  });

  it('reads nothing while a spool is there', async () => {
    await writeFile(files.spool, 'pcId\n1\n');
    expect(await spoolInput(disk, files, unread)).toBe(files.spool);
    expect(await readFile(files.spool, 'utf8')).toBe('pcId\n1\n');
  });

  it('begins a left-over part anew', async () => {
    await writeFile(files.spoolPart, 'pcId\n9\n');
    await spoolInput(disk, files, () => input('pcId\n1\n'));
    expect(await readFile(files.spool, 'utf8')).toBe('pcId\n1\n');
    expect(await readdir(folder)).toEqual(['night.spool']);
  });

  it('leaves nothing behind when the disk refuses', async () => {
    for (const refused of ['append', 'sync ', 'rename']) {
      disk.before = (operation) => {
        if (operation.startsWith(refused)) throw systemError('ENOSPC');
      };
      await expect(spoolInput(disk, files, () => input('a', 'b'))).rejects.toMatchObject({
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
    await expect(spoolInput(disk, files, broken)).rejects.toMatchObject({ code: 'input-unreadable' });
    expect(await readdir(folder)).toEqual([]);
  });
});
