import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openLmdbStore } from '../../src/memory/lmdb-store.js';
import type { VisitorStore } from '../../src/memory/store.js';
import { atEndOfFile, temporaryFolder } from '../support/index.js';

const visitor = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

async function folderFor(): Promise<string> {
  const folder = join(await temporaryFolder(), 'memory');
  await mkdir(folder);
  return folder;
}

async function opened(folder: string): Promise<VisitorStore> {
  const store = await openLmdbStore(folder);
  let isOpen = true;
  const close = async () => {
    if (isOpen) await store.close();
    isOpen = false;
  };
  atEndOfFile(close);
  return { ...store, close };
}

const put = (store: VisitorStore, ...record: number[]) =>
  store.transact((records) => records.put(visitor, Uint8Array.from(record)));

function get(store: VisitorStore): Promise<number[] | null> {
  return store.transact((records) => {
    const found = records.get(visitor);
    return found === null ? null : Array.from({ length: found.byteLength }, (_, index) => found.getUint8(index));
  });
}

describe('the store of the memory', () => {
  it('keeps what was put, the registry apart from the visitors', async () => {
    const folder = await folderFor();
    const store = await opened(folder);
    expect(await get(store)).toBeNull();
    await put(store, 1, 2, 3);
    await store.transact((records) => records.putRegistry('grün'));
    await store.close();
    const again = await opened(folder);
    expect(await get(again)).toEqual([1, 2, 3]);
    expect(await again.transact((records) => records.getRegistry())).toBe('grün');
    expect((await again.transact((records) => records.size())).visitors).toBe(1);
    await again.transact((records) => records.clear());
    expect([await get(again), await again.transact((records) => records.getRegistry())]).toEqual([null, null]);
  });

  it('is one for all who open it in a process, until the last has closed it', async () => {
    const folder = await folderFor();
    const [one, other] = await Promise.all([opened(folder), opened(folder)]);
    await put(one, 1);
    expect(await get(other)).toEqual([1]);
    await one.close();
    await put(other, 2);
    const [third] = await Promise.all([opened(folder), other.close()]);
    expect(await get(third)).toEqual([2]);
  });

  it('is told from one that was moved away, and from the one in whose place that stood', async () => {
    const folder = await folderFor();
    const moved = await opened(folder);
    await put(moved, 1);
    expect(moved.isInPlace()).toBe(true);
    await rename(folder, `${folder}.away`);
    expect(moved.isInPlace()).toBe(false);
    await mkdir(folder);
    const next = await opened(folder);
    expect([moved.isInPlace(), next.isInPlace()]).toEqual([false, true]);
    expect([await get(moved), await get(next)]).toEqual([[1], null]);
  });

  it('rejects with what the work threw, and stays usable', async () => {
    const store = await opened(await folderFor());
    const failing = store.transact(() => {
      throw new RangeError('from the work');
    });
    await expect(failing).rejects.toThrow(new RangeError('from the work'));
    await put(store, 1);
    expect(await get(store)).toEqual([1]);
  });
});
