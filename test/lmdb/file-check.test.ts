import { mkdir, open as openFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { open } from 'lmdb';
import { describe, expect, it } from 'vitest';
import { checkLmdbFile } from '../../src/lmdb/file-check.js';
import { realDisk } from '../../src/platform/disk.js';
import { temporaryFolder } from '../support/index.js';

/** The data file of an environment with some hundred pages. */
async function dataFile(pageSize?: number): Promise<string> {
  const folder = await temporaryFolder();
  const options = { path: folder, overlappingSync: false, ...(pageSize === undefined ? {} : { pageSize }) };
  const database = open<string, string>(options);
  for (let turn = 0; turn < 3; turn += 1) {
    await database.transaction(() => {
      for (let key = 0; key < 2_000; key += 1) void database.put(`${turn}-${key}`, 'x'.repeat(100));
    });
  }
  await database.close();
  return join(folder, 'data.mdb');
}

async function overwrite(path: string, offset: number, bytes: readonly number[]): Promise<void> {
  const file = await openFile(path, 'r+');
  await file.write(Uint8Array.from(bytes), 0, bytes.length, offset);
  await file.close();
}

const look = (path: string) => checkLmdbFile(realDisk, path);

describe('checkLmdbFile', () => {
  it.each([undefined, 16_384])('finds what lmdb wrote sound, with pages of %s bytes', async (pageSize) => {
    expect(await look(await dataFile(pageSize))).toEqual({ kind: 'sound' });
  });

  it('finds a file sound that is longer than lmdb needs', async () => {
    const path = await dataFile();
    const { sizeBytes } = await realDisk.stat(path);
    await truncate(path, sizeBytes + 100_000);
    expect(await look(path)).toEqual({ kind: 'sound' });
  });

  it('tells a missing file from an empty one', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'empty'), '');
    expect(await look(join(folder, 'none'))).toEqual({ kind: 'missing' });
    expect(await look(join(folder, 'empty'))).toEqual({ kind: 'empty' });
  });

  it.each([
    [1, 1],
    [4_096, 4_096],
  ])('finds a file damaged that is %i bytes too short', async (cutBytes, missingBytes) => {
    const path = await dataFile();
    const { sizeBytes } = await realDisk.stat(path);
    await truncate(path, sizeBytes - cutBytes);
    const found = `cut off: ${sizeBytes - cutBytes} of ${sizeBytes} bytes`;
    expect(await look(path)).toEqual({ kind: 'damaged', found, missingBytes });
  });

  it('finds a file damaged that ends in its meta pages', async () => {
    const path = await dataFile();
    for (const sizeBytes of [4_200, 100, 1]) {
      await truncate(path, sizeBytes);
      expect(await look(path)).toMatchObject({ kind: 'damaged', missingBytes: 0 });
    }
  });

  it.each([
    ['no meta page', 18, [0, 0], 'not an lmdb file of this kind of machine'],
    ['another magic number', 24, [1, 2, 3, 4], 'not an lmdb file of this kind of machine'],
    ['another magic number on the second page', 4_096 + 24, [1, 2, 3, 4], 'not an lmdb file of this kind of machine'],
    ['another format', 28, [1, 0, 0, 0], 'lmdb data format 1 instead of 2'],
    ['pages of no size', 48, [0, 0, 0, 0], 'a page size of 0 bytes'],
    ['pages of an odd size', 48, [0xff, 0x0f, 0, 0], 'a page size of 4095 bytes'],
  ])('finds a file damaged with %s', async (_case, offset, bytes, found) => {
    const path = await dataFile();
    await overwrite(path, offset, bytes);
    expect(await look(path)).toEqual({ kind: 'damaged', found, missingBytes: 0 });
  });

  it('goes by the latest of the two meta pages', async () => {
    const path = await dataFile();
    // Three transactions: the third is on the second page, so what the first says of its end is out of date.
    await overwrite(path, 144, [0xff, 0xff, 0xff, 0, 0, 0, 0, 0]);
    expect(await look(path)).toEqual({ kind: 'sound' });
    await overwrite(path, 4_096 + 144, [0xff, 0xff, 0xff, 0, 0, 0, 0, 0]);
    expect(await look(path)).toMatchObject({ kind: 'damaged' });
  });

  it('finds a folder and a text file damaged', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'a'));
    await writeFile(join(folder, 'b'), 'not lmdb at all'.repeat(100));
    expect(await look(join(folder, 'a'))).toMatchObject({ kind: 'damaged', found: 'not a regular file' });
    expect(await look(join(folder, 'b'))).toMatchObject({ kind: 'damaged' });
  });
});
