import { existsSync } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { realDisk } from '../../src/platform/disk.js';
import { temporaryFolder } from '../support/index.js';

describe('making a folder', () => {
  it('makes what is missing above it too, for its owner alone, and takes one that is there', async () => {
    const path = join(await temporaryFolder(), 'a', 'b', 'c');
    await realDisk.makeFolder(path);
    await realDisk.makeFolder(path);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
  });

  it('rejects where a file stands in its place', async () => {
    const path = join(await temporaryFolder(), 'file');
    await writeFile(path, '');
    await expect(realDisk.makeFolder(path)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(realDisk.makeFolder(join(path, 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it.runIf(existsSync('/proc/self'))('comes to an end where the file system takes no folders', async () => {
    await expect(realDisk.makeFolder('/proc/nope/deeper')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
