import { chmod, chown, link, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { realDisk } from '../../src/platform/disk.js';
import { distrust, type FileOwnership } from '../../src/platform/trusted-file.js';
import { temporaryFolder } from '../support/index.js';

const trusted: FileOwnership = { kind: 'file', linkCount: 1, ownerId: 1000, mode: 0o660 };
const as = (userId: number | null, folderOwnerId = 7) => ({ userId, folderOwnerId: async () => folderOwnerId });

describe('a file is trusted', () => {
  it.each([
    ['of this user, with a group that may write', trusted, as(1000)],
    ["root's", { ...trusted, ownerId: 0 }, as(1000)],
    ["of the folder's owner, for root", trusted, as(0, 1000)],
    ['on a system without users', { ...trusted, ownerId: 5 }, as(null)],
  ])('that is %s', async (_, file, user) => {
    expect(await distrust(file, user, 1)).toBeNull();
  });

  it.each([
    ['a link', { ...trusted, kind: 'link' as const }, as(1000)],
    ['a pipe', { ...trusted, kind: 'other' as const }, as(1000)],
    ['a folder', { ...trusted, kind: 'folder' as const }, as(1000)],
    ['with a second link', { ...trusted, linkCount: 2 }, as(1000)],
    ["another user's", { ...trusted, ownerId: 1001 }, as(1000)],
    ["of the folder's owner, for another user than root", { ...trusted, ownerId: 1001 }, as(1000, 1001)],
    ["for root in a third user's folder", trusted, as(0, 1001)],
    ['writable for everybody', { ...trusted, mode: 0o602 }, as(1000)],
  ])('but not %s', async (_, file, user) => {
    expect(await distrust(file, user, 1)).not.toBeNull();
  });

  it('with two links where it gets its name by linking', async () => {
    expect(await distrust({ ...trusted, linkCount: 2 }, as(1000), 2)).toBeNull();
    expect(await distrust({ ...trusted, linkCount: 3 }, as(1000), 2)).not.toBeNull();
  });
});

describe('the disk opens no file of its own that', () => {
  let folder = '';
  let victim = '';
  let path = '';
  const foreign = { code: 'job-file-foreign', exitStatus: 2 };

  beforeEach(async () => {
    folder = await temporaryFolder();
    victim = join(folder, 'victim');
    path = join(folder, 'x.results.csv');
    await writeFile(victim, 'precious', { mode: 0o600 });
  });

  async function expectRefusal(): Promise<void> {
    for (const mode of ['read', 'append'] as const) {
      await expect(realDisk.open(path, mode), mode).rejects.toMatchObject(foreign);
    }
    expect(await readFile(victim, 'utf8')).toBe('precious');
  }

  it('is a link, to a file or to nothing', async () => {
    await symlink(victim, path);
    await expectRefusal();
    const dangling = join(folder, 'y.lock');
    await symlink(join(folder, 'nowhere'), dangling);
    for (const mode of ['read', 'read-linked', 'append'] as const) {
      await expect(realDisk.open(dangling, mode)).rejects.toMatchObject(foreign);
    }
    await expect(realDisk.open(dangling, 'create')).rejects.toMatchObject({ code: 'EEXIST' });
    expect((await readdir(folder)).sort()).toEqual(['victim', 'x.results.csv', 'y.lock']);
  });

  it('has a second name', async () => {
    await link(victim, path);
    await expectRefusal();
    await (await realDisk.open(path, 'read-linked')).close();
  });

  it('everybody can write to; the message has the command that corrects it', async () => {
    await writeFile(path, 'x');
    await chmod(path, 0o666);
    await expectRefusal();
    await expect(realDisk.open(path, 'read')).rejects.toThrow(`chmod o-w -- '${path}'`);
  });

  it.runIf(process.geteuid?.() === 0)("is another user's, unless the folder is that user's as well", async () => {
    await writeFile(path, 'x', { mode: 0o600 });
    await chown(path, 12345, 12345);
    await expectRefusal();
    await chown(folder, 12345, 12345);
    await (await realDisk.open(path, 'append')).close();
  });

  it('is a folder', async () => {
    await mkdir(path);
    await expectRefusal();
  });

  it('and makes no folder of its own through a link', async () => {
    await mkdir(join(folder, 'elsewhere'));
    await symlink(join(folder, 'elsewhere'), join(folder, 'failed'));
    await expect(realDisk.makeOwnFolder(join(folder, 'failed'))).rejects.toMatchObject(foreign);
    await realDisk.makeOwnFolder(join(folder, 'archive'));
    await realDisk.makeOwnFolder(join(folder, 'archive'));
    expect((await stat(join(folder, 'archive'))).mode & 0o777).toBe(0o700);
  });

  it('but FILE as it is handed in, by a link or not', async () => {
    await symlink(victim, path);
    const file = await realDisk.openInput(path);
    const into = Buffer.alloc(8);
    await file.read(into, 0);
    await file.close();
    expect(into.toString()).toBe('precious');
  });
});
