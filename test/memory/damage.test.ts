import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { forgetMemory } from '../../src/memory/memory.js';
import { MachineError } from '../../src/terms/errors.js';
import { temporaryFolder } from '../support/index.js';
import { heldMemory } from './support/held-memory.js';
import { heldRecords } from './support/held-store.js';
import { examine, OnDisk, row, submissionOf, takeAll } from './support/on-disk.js';

const rows = Array.from({ length: 2_000 }, (_, index) => row(`${index}`, { a: 'x', b: 'y' }));

async function filled(): Promise<{ machine: OnDisk; dataPath: string; keyPath: string }> {
  const machine = new OnDisk(await temporaryFolder());
  await machine.send(rows);
  const { dataPath, keyPath } = machine.place;
  return { machine, dataPath, keyPath };
}

const forget = (machine: OnDisk) => forgetMemory({ ...machine.owner, clientCode: 'Acme' });

describe('a damaged memory', () => {
  it.each<[string, (dataPath: string) => Promise<unknown>]>([
    ['cut in half', async (path) => truncate(path, Math.floor((await stat(path)).size / 2))],
    ['cut in its first page', (path) => truncate(path, 100)],
    ['something else', (path) => writeFile(path, 'something else'.repeat(10_000))],
    ['a folder', (path) => rm(path).then(() => mkdir(path))],
  ])('is refused when its file is %s, and --forget is the way out', async (_case, damage) => {
    const { machine, dataPath } = await filled();
    await damage(dataPath);
    const refusal = await machine.open().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(MachineError);
    expect(refusal).toMatchObject({
      code: 'memory-damaged',
      exitStatus: 6,
      message: expect.stringContaining('--forget'),
    });
    await forget(machine);
    expect(await machine.send(rows.slice(0, 2))).toEqual([true, true]);
    await machine.clock.advance(120_000);
    // Of whose marks were open nobody knows: what was sent within eleven minutes is sent again.
    expect(await machine.send(rows.slice(0, 2))).toEqual([true, true]);
    expect(await machine.send(rows.slice(0, 2))).toEqual([false, false]);
  });

  it.each([1, 4, 16])('is opened where lmdb may have left out %i free pages at the end', async (pageCount) => {
    const { machine, dataPath } = await filled();
    const sizeBytes = (await stat(dataPath)).size;
    await truncate(dataPath, sizeBytes - 4_096 * pageCount);
    const judge = async () => (await machine.open()).examine(rows.map(submissionOf));
    const judged = await judge().catch((error: unknown) => error);
    // If there were records after all, lmdb says that these are not its own pages.
    if (judged instanceof Error) expect(judged).toMatchObject({ exitStatus: 6 });
    else expect(judged).toEqual(rows.map(() => ({ kind: 'unchanged' })));
    expect((await stat(dataPath)).size).toBeGreaterThanOrEqual(sizeBytes);
    await forget(machine);
    expect(await machine.send(rows.slice(0, 2))).toEqual([true, true]);
  });

  it('is refused when a record or the head was damaged, or is of another version', async () => {
    const held = heldRecords();
    await examine(await heldMemory(held), [row('1', { a: 'x' })]);
    const head = held.registry ?? '';
    const records = [...held.visitors];
    const refused = async (code: string) => {
      await expect(examine(await heldMemory(held), [row('1', { a: 'x' })])).rejects.toMatchObject({ code });
      held.registry = head;
      for (const [key, record] of records) held.visitors.set(key, record);
    };
    for (const [key, record] of held.visitors) held.visitors.set(key, record.subarray(0, 9));
    await refused('memory-damaged');
    for (const [key, record] of held.visitors)
      held.visitors.set(
        key,
        record.map((byte, at) => (at === 20 ? byte ^ 1 : byte)),
      );
    await refused('memory-damaged');
    held.registry = head.replace('"isMade":true', '"isMade":false');
    await refused('memory-damaged');
    held.registry = head.replace('acme', 'acne');
    await refused('memory-damaged');
    held.registry = '{"schema":1}';
    await refused('memory-damaged');
    held.registry = null;
    await refused('memory-damaged');
    held.registry = head.replace(/^3 /, '2 ');
    await refused('memory-version');
  });

  it('does not open as an empty one when its file is empty: that is a new one, which skips nothing', async () => {
    const { machine, dataPath } = await filled();
    await truncate(dataPath, 0);
    expect(await machine.send(rows.slice(0, 2))).toEqual([true, true]);
  });
});

describe('the key of the memory', () => {
  it('is made once for a state directory, for its owner alone', async () => {
    const { machine, keyPath } = await filled();
    const key = await readFile(keyPath);
    expect(key).toHaveLength(32);
    expect((await stat(keyPath)).mode & 0o777).toBe(0o600);
    await machine.send([row('1', { a: 'x' })], { clientCode: 'other' });
    expect(await readFile(keyPath)).toEqual(key);
    expect(await readdir(join(keyPath, '..'))).toHaveLength(3);
    for (const name of ['data.mdb', 'lock.mdb']) {
      expect((await stat(join(machine.place.folder, name))).mode & 0o077).toBe(0);
    }
  });

  it('is one key where two runs make it at the same time', async () => {
    const machine = new OnDisk(await temporaryFolder());
    const [one, other] = await Promise.all([machine.open(), machine.open()]);
    takeAll(one, await examine(one, [row('1', { a: 'x' })]));
    await one.close();
    expect((await examine(other, [row('1', { a: 'x' })]))[0]).toEqual({ kind: 'unchanged' });
  });

  it.each<[string, (keyPath: string, key: Buffer) => Promise<void>]>([
    ['missing', (path) => rm(path)],
    ['another one', (path) => writeFile(path, new Uint8Array(32))],
    ['too short', (path) => writeFile(path, new Uint8Array(31))],
    ['too long', (path, key) => writeFile(path, Buffer.concat([key, key]))],
  ])('makes the memory worthless when it is %s', async (_case, damage) => {
    const { machine, keyPath } = await filled();
    const key = await readFile(keyPath);
    await damage(keyPath, key);
    const opened = machine.open().then((memory) => examine(memory, rows.slice(0, 1)));
    await expect(opened).rejects.toMatchObject({
      code: 'memory-key-missing',
      exitStatus: 6,
      message: expect.stringContaining('--forget'),
    });
    await writeFile(keyPath, key);
    expect(await machine.send(rows.slice(0, 1))).toEqual([false]);
    await damage(keyPath, key);
    await forget(machine);
    expect(await machine.send(rows.slice(0, 1))).toEqual([true]);
    expect(await machine.send(rows.slice(0, 1))).toEqual([false]);
  });
});

describe('a disk that fails', () => {
  it('is told as an error of the machine, and nothing is written after it', async () => {
    const held = heldRecords();
    const memory = await heldMemory(held);
    const marked = await examine(memory, [row('1', { a: 'x' })]);
    held.failure = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    await expect(examine(memory, [row('2', { a: 'x' })])).rejects.toMatchObject({
      code: 'memory-failed',
      exitStatus: 6,
      message: expect.stringContaining('ENOSPC'),
    });
    held.failure = null;
    takeAll(memory, marked);
    await expect(memory.close()).rejects.toMatchObject({ code: 'memory-failed' });
    const next = await heldMemory(held);
    expect((await examine(next, [row('1', { a: 'x' })]))[0]?.kind).toBe('send');
  });

  it('is told when the memory cannot be made', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'memory'), 'a file where the folder would be');
    await expect(new OnDisk(folder).open()).rejects.toMatchObject({ code: 'memory-failed', exitStatus: 6 });
  });
});
