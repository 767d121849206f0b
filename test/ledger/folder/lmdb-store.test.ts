import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { findLedgerStore, openLedgerStore } from '../../../src/ledger/folder/lmdb-store.js';
import { networkDisk } from '../../../src/ledger/folder/network-disks.js';
import { MachineError } from '../../../src/terms/errors.js';
import { atEndOfFile, temporaryFolder } from '../../support/index.js';
import { isBuilt, start } from '../support/child.js';

let stateDir: string;
let dataPath: string;
let guardPath: string;

beforeEach(async () => {
  stateDir = join(await temporaryFolder(), 'state');
  dataPath = join(stateDir, 'ledger/data.mdb');
  guardPath = join(stateDir, 'ledger.guard');
});

/** A ledger with something in it. */
async function makeLedger(folder = stateDir): Promise<void> {
  const store = await openLedgerStore(folder);
  await store.transact((records) => {
    for (let index = 0; index < 2_000; index += 1) records.put(`key ${index}`, 'x'.repeat(50));
  });
  await store.close();
}

async function digest(path: string): Promise<string | null> {
  const bytes = await readFile(path).catch(() => null);
  return bytes === null ? null : createHash('sha256').update(bytes).digest('hex');
}

async function refusal(opening: Promise<unknown>): Promise<MachineError> {
  const error = await opening.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof MachineError)) throw new Error(`no refusal: ${error}`);
  return error;
}

describe('a ledger on disk', () => {
  it('keeps what was written, for its owner alone', async () => {
    await makeLedger();
    const store = await openLedgerStore(stateDir);
    expect(await store.transact((records) => records.get('key 1999'))).toBe('x'.repeat(50));
    await store.close();
    const modes = await Promise.all(
      [stateDir, join(stateDir, 'ledger'), dataPath, join(stateDir, 'ledger/lock.mdb'), guardPath].map(
        async (path) => (await stat(path)).mode & 0o777,
      ),
    );
    expect(modes).toEqual([0o700, 0o700, 0o600, 0o600, 0o600]);
    expect(await readdir(stateDir)).toEqual(['ledger', 'ledger.guard']);
  });

  it('is made once, however many make it at the same time', async () => {
    const stores = await Promise.all([1, 2, 3].map(() => openLedgerStore(stateDir)));
    await stores[0]?.transact((records) => records.put('a', 'b'));
    for (const store of stores) expect(await store.transact((records) => records.get('a'))).toBe('b');
    for (const store of stores) await store.close();
  });

  it('is not made by those who only look', async () => {
    expect(await findLedgerStore(stateDir)).toBeNull();
    await expect(stat(stateDir)).rejects.toThrow('ENOENT');
    await makeLedger();
    const store = await findLedgerStore(stateDir);
    expect(await store?.transact((records) => records.get('key 0'))).toBe('x'.repeat(50));
    await store?.close();
  });

  it('keeps nothing of work that throws, and rejects with what it threw', async () => {
    const store = await openLedgerStore(stateDir);
    const fault = new TypeError('an internal error');
    const work = store.transact((records) => {
      records.put('a', 'b');
      throw fault;
    });
    await expect(work).rejects.toBe(fault);
    expect(await store.transact((records) => records.get('a'))).toBeNull();
    await store.close();
  });

  it('shows work its own writing', async () => {
    const store = await openLedgerStore(stateDir);
    await store.transact((records) => {
      records.put('a', '1');
      expect(records.get('a')).toBe('1');
      records.remove('a');
      expect(records.get('a')).toBeNull();
    });
    await store.close();
  });
});

describe('a ledger that cannot be trusted', () => {
  const damages: readonly [string, string, () => Promise<unknown>][] = [
    ['cut in half', 'ledger-damaged', async () => truncate(dataPath, (await stat(dataPath)).size / 2)],
    ['shorter by a byte', 'ledger-damaged', async () => truncate(dataPath, (await stat(dataPath)).size - 1)],
    ['cut to its first page', 'ledger-damaged', () => truncate(dataPath, 4_096)],
    ['empty', 'ledger-damaged', () => truncate(dataPath, 0)],
    ['another kind of file', 'ledger-damaged', () => writeFile(dataPath, 'x'.repeat(5_000_000))],
    ['of another version of lmdb', 'ledger-damaged', () => patch(dataPath, 24 + 4, 1)],
    ['gone', 'ledger-missing', () => rm(dataPath)],
    ['gone with its folder', 'ledger-missing', () => rm(join(stateDir, 'ledger'), { recursive: true })],
    ['guarded by a broken file', 'ledger-damaged', () => writeFile(guardPath, '{"format":1,')],
    ['guarded by an empty file', 'ledger-damaged', () => writeFile(guardPath, '')],
    ['guarded by a later version', 'ledger-version', () => writeFile(guardPath, '{"format":3}')],
    ['of a later version', 'ledger-version', () => overwrite('format', '3')],
    ['without its format', 'ledger-damaged', () => overwrite('format', null)],
  ];

  async function patch(path: string, position: number, byte: number): Promise<void> {
    const bytes = await readFile(path);
    bytes[position] = byte;
    await writeFile(path, bytes);
  }

  async function overwrite(key: string, value: string | null): Promise<void> {
    const store = await openLedgerStore(stateDir);
    await store.transact((records) => (value === null ? records.remove(key) : records.put(key, value)));
    await store.close();
  }

  it.each(damages)('is refused when it is %s, with status 6, and left as it is', async (_title, code, damage) => {
    await makeLedger();
    await damage();
    const before = await digest(dataPath);
    for (const open of [openLedgerStore, findLedgerStore]) {
      const error = await refusal(open(stateDir));
      expect([error.code, error.exitStatus]).toEqual([code, 6]);
      expect(error.message).toContain(stateDir);
    }
    expect(await digest(dataPath)).toBe(before);
  });

  it('says how to create a new one on purpose, and that works', async () => {
    await makeLedger();
    await truncate(dataPath, 10);
    const { message } = await refusal(openLedgerStore(stateDir));
    expect(message).toContain(`remove ${stateDir}/ledger and ${stateDir}/ledger.guard`);
    await rm(join(stateDir, 'ledger'), { recursive: true });
    await rm(guardPath);
    await (await openLedgerStore(stateDir)).close();
  });

  it('is refused when its folder is there without the data', async () => {
    await mkdir(join(stateDir, 'ledger'), { recursive: true });
    await writeFile(join(stateDir, 'ledger/lock.mdb'), '');
    expect((await refusal(openLedgerStore(stateDir))).code).toBe('ledger-damaged');
    expect(await readdir(stateDir)).toEqual(['ledger']);
  });

  it('gets its guard back when that alone is gone', async () => {
    await makeLedger();
    await rm(guardPath);
    await makeLedger();
    await rm(join(stateDir, 'ledger'), { recursive: true });
    expect((await refusal(openLedgerStore(stateDir))).code).toBe('ledger-missing');
  });

  it.each(['moved away', 'replaced', 'removed'])('stops a run when it is %s under it', async (how) => {
    await makeLedger();
    const store = await openLedgerStore(stateDir);
    const folder = join(stateDir, 'ledger');
    if (how === 'removed') await rm(folder, { recursive: true });
    else await rename(folder, `${folder}.away`);
    if (how === 'replaced') await cp(`${folder}.away`, folder, { recursive: true });
    expect((await refusal(store.transact((records) => records.get('a')))).code).toBe('ledger-moved');
    await store.close();
  });
});

describe('a lock file', () => {
  it.each(['removed', 'replaced', 'emptied'])('stops every run that uses it when it is %s', async (how) => {
    const store = await openLedgerStore(stateDir);
    await store.transact((records) => records.put('a', '1'));
    const before = await digest(dataPath);
    const lockPath = join(stateDir, 'ledger/lock.mdb');
    if (how === 'emptied') await truncate(lockPath, 0);
    else await rm(lockPath);
    if (how === 'replaced') await writeFile(lockPath, new Uint8Array(12_288));
    const error = await refusal(store.transact((records) => records.put('a', '2')));
    expect([error.code, error.exitStatus]).toEqual(['ledger-moved', 6]);
    expect(error.message).toContain('lock.mdb was removed or replaced');
    await store.close();
    expect(await digest(dataPath)).toBe(before);
    // Whoever comes later has a lock file of its own.
    const later = await openLedgerStore(stateDir);
    expect(await later.transact((records) => records.get('a'))).toBe('1');
    await later.close();
  });

  it('is looked at before the writes of a transaction too', async () => {
    const store = await openLedgerStore(stateDir);
    const work = store.transact((records) => {
      records.put('a', '1');
      rmSync(join(stateDir, 'ledger/lock.mdb'));
    });
    expect((await refusal(work)).code).toBe('ledger-moved');
    await store.close();
    const later = await openLedgerStore(stateDir);
    expect(await later.transact((records) => records.get('a'))).toBeNull();
    await later.close();
  });

  it.skipIf(!isBuilt)(
    'that is removed under several processes ends none of them by a signal',
    { timeout: 60_000 },
    async () => {
      const children = [1, 2, 3].map(() => start('count.mjs', [stateDir, '1000000', '--say']));
      for (const child of children) await child.says('begun');
      await rm(join(stateDir, 'ledger/lock.mdb'));
      const later = start('count.mjs', [stateDir, '20']);
      for (const child of children) {
        expect(await child.ended()).toBe(1);
        expect(child.lines).toContain('refused ledger-moved');
      }
      await later.done();
    },
  );
});

describe('a place where no ledger can be', () => {
  it('is refused where something that is not a folder has its name', async () => {
    await writeFile(stateDir, '');
    expect((await refusal(openLedgerStore(stateDir))).code).toBe('ledger-no-folder');
    expect((await refusal(openLedgerStore(join(stateDir, 'below')))).code).toBe('ledger-no-folder');
  });

  it.skipIf(!isBuilt)('is refused where permission is denied', async () => {
    await makeLedger();
    await chmod(dataPath, 0);
    const child = start('open-as-nobody.mjs', [stateDir]);
    const [line = ''] = await child.done();
    expect(JSON.parse(line)).toMatchObject({ code: 'ledger-no-access', exitStatus: 6 });
  });

  it.each([
    [0x6969, 'NFS'],
    [0xff534d42, 'SMB (cifs)'],
    [-11_317_950, 'SMB (cifs)'], // the same, where it is read as a signed number
    [0x65735546, 'a FUSE file system'],
    [0xef53, null], // ext4
    [0x01021994, null], // tmpfs
    [0x794c7630, null], // overlayfs
  ])('is refused on a network file system (statfs type %i: %s)', (statfsType, name) => {
    expect(networkDisk(statfsType)).toBe(name);
  });
});

/** Takes rights that not everybody has. */
function mountSmallDisk(folder: string, sizeBytes: number): boolean {
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', folder]).status === 0;
  if (isMounted) atEndOfFile(async () => void spawnSync('umount', ['-l', folder]));
  return isMounted;
}

describe('a machine that has nothing left', () => {
  it.skipIf(!isBuilt)(
    'of its disk is refused with a sentence, and ends no process by a signal',
    { timeout: 60_000 },
    async (context) => {
      const folder = await temporaryFolder();
      if (!mountSmallDisk(folder, 5_000_000)) context.skip();
      const fillPath = join(folder, 'fill');
      const state = join(folder, 'state');
      for (const freeBytes of [0, 8_192, 16_384]) {
        await writeFile(fillPath, Buffer.alloc(6_000_000)).catch(() => {});
        await truncate(fillPath, (await stat(fillPath)).size - freeBytes);
        expect(await start('count.mjs', [state, '1', '--say']).ended()).toBe(1);
        await rm(fillPath);
      }
      await start('count.mjs', [state, '1']).done();
      // The ledger is there, and what lmdb maps is not.
      for (const freeBytes of [0, 4_096, 8_192]) {
        await rm(join(state, 'ledger/lock.mdb'), { force: true });
        await writeFile(fillPath, Buffer.alloc(6_000_000)).catch(() => {});
        await truncate(fillPath, (await stat(fillPath)).size - freeBytes);
        const child = start('count.mjs', [state, '1', '--say']);
        expect(await child.ended()).toBe(1);
        expect(child.lines).toContain('refused ledger-disk-full');
        await rm(fillPath);
      }
    },
  );

  it.skipIf(!isBuilt || process.platform === 'win32')('of its handles is refused with a sentence', async () => {
    await makeLedger();
    for (const leftCount of [0, 2, 3, 10]) {
      const child = start('few-handles.mjs', [stateDir, `${leftCount}`]);
      expect([await child.ended(), child.lines]).toEqual([0, ['ledger-no-handles 6']]);
    }
  });
});

describe('a full disk', () => {
  it('is refused with a clear error where a ledger is to be made', async (context) => {
    const folder = await temporaryFolder();
    if (!mountSmallDisk(folder, 1_000_000)) context.skip();
    expect((await refusal(openLedgerStore(join(folder, 'state')))).code).toBe('ledger-disk-full');
  });

  it('does not stop a run whose ledger is there: its room is its own', async (context) => {
    const folder = await temporaryFolder();
    if (!mountSmallDisk(folder, 6_000_000)) context.skip();
    const store = await openLedgerStore(join(folder, 'state'));
    await writeFile(join(folder, 'rest'), Buffer.alloc(6_000_000)).catch(() => {});
    for (let turn = 0; turn < 20; turn += 1) {
      await store.transact((records) => records.put(`key ${turn}`, 'x'.repeat(1_500)));
    }
    expect(await store.transact((records) => records.get('key 19'))).toHaveLength(1_500);
    await store.close();
  });
});
