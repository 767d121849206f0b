import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forgetMemory, peek } from '../../src/memory/memory.js';
import { temporaryFolder } from '../support/index.js';
import { examine, formOf, OnDisk, type Row, row } from './support/on-disk.js';

async function onDisk(): Promise<OnDisk> {
  return new OnDisk(await temporaryFolder());
}

function openPeek(machine: OnDisk) {
  return peek({ ...machine.owner, clientCode: 'Acme', refreshAfterDays: 7 });
}

async function look(machine: OnDisk, ...parts: readonly (readonly Row[])[]): Promise<boolean[]> {
  const found = await openPeek(machine);
  if (found === null) throw new Error('there is no memory');
  const unchanged: boolean[] = [];
  for (const part of parts) unchanged.push(...(await found.areUnchanged(part.map(formOf))));
  await found.close();
  return unchanged;
}

describe('a peek at the memory', () => {
  it('finds no memory if there is none, and creates none', async () => {
    const machine = await onDisk();
    expect(await openPeek(machine)).toBeNull();
    expect(existsSync(join(machine.stateDir, 'memory'))).toBe(false);
  });

  it('finds none where plain runs alone have been', async () => {
    const machine = await onDisk();
    await machine.send([row('1', { a: 'x' })], { skipUnchanged: false });
    expect(await openPeek(machine)).toBeNull();
  });

  it('counts a row as changed that follows a change of the same attributes of its visitor', async () => {
    const machine = await onDisk();
    await machine.send([row('1', { a: 'x', b: 'y' }), row('2', { a: 'x' })]);
    const file = [
      row('1', { a: 'x', b: 'y' }),
      row('1', { a: 'new' }),
      row('1', { a: 'x' }),
      row('1', { b: 'y' }),
      row('2', { a: 'x' }),
      row('3', { a: 'x' }),
      row('3', { a: 'x' }),
    ];
    expect(await look(machine, file)).toEqual([true, false, false, true, true, false, false]);
    expect(await look(machine, file.slice(0, 2), file.slice(2))).toEqual([
      true,
      false,
      false,
      true,
      true,
      false,
      false,
    ]);
  });

  it('leaves the memory as it was', async () => {
    const machine = await onDisk();
    await machine.send([row('1', { a: 'x' })]);
    await look(machine, [row('1', { a: 'y' }), row('2', { a: 'y' })]);
    expect(await machine.send([row('1', { a: 'x' })])).toEqual([false]);
  });

  it('works beside a run, and sees what that run has in flight as unknown', async () => {
    const machine = await onDisk();
    await machine.send([row('1', { a: 'x' }), row('2', { a: 'x' })]);
    const memory = await machine.open();
    await examine(memory, [row('1', { a: 'y' })]);
    expect(await look(machine, [row('1', { a: 'x' }), row('2', { a: 'x' })])).toEqual([false, true]);
    await memory.close();
  });

  it('says of no row that it is unchanged which the run then sends', async () => {
    const machine = await onDisk();
    const anyRow = fc.record({
      visitor: fc.constantFrom('1', '2', '3'),
      attributes: fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('x', 'x', 'x', 'y'), { minKeys: 1 }),
    });
    let unchangedCount = 0;
    await machine.send([row('1', { a: 'x' })]);
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { maxLength: 12 }), async (file) => {
        const unchanged = await look(machine, file);
        const sent = await machine.send(file);
        // A row that repeats a change of the file's own counts as one to send, and is found unchanged in its turn.
        expect(unchanged.filter((each, index) => each && sent[index])).toEqual([]);
        const visitors = file.map(({ visitor }) => visitor);
        if (new Set(visitors).size === visitors.length) expect(unchanged.map((each) => !each)).toEqual(sent);
        unchangedCount += unchanged.filter(Boolean).length;
      }),
      { numRuns: 40 },
    );
    expect(unchangedCount).toBeGreaterThan(10);
  });

  it('is refused where the run would be', async () => {
    const machine = await onDisk();
    await machine.send([row('1', { a: 'x' })]);
    await rm(join(machine.stateDir, 'memory', 'memory.key'));
    await expect(openPeek(machine)).rejects.toMatchObject({ code: 'memory-key-missing' });
    await machine.send([row('1', { a: 'x' })], { clientCode: 'other' }); // makes a new key
    await expect(openPeek(machine)).rejects.toMatchObject({ code: 'memory-key-missing' });
    await forgetMemory(machine.owner);
    expect(await openPeek(machine)).toBeNull();
  });
});
