import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { forgetMemory, type MemoryOwner, peek } from '../../src/memory/memory.js';
import { temporaryFolder } from '../support/index.js';
import { areSent, examine, OnDisk, row, takeAll } from './support/on-disk.js';

const one = row('1', { a: 'x' });

async function onDisk(): Promise<OnDisk> {
  return new OnDisk(await temporaryFolder());
}

const loopback = { isLoopback: true, origin: 'http://127.0.0.1:8099' };
const forget = (machine: OnDisk, clientCode = 'acme') => forgetMemory({ ...machine.owner, clientCode });

/** Whether --changed-only would find anything to go by. */
async function exists(machine: OnDisk, change: Partial<MemoryOwner> = {}): Promise<boolean> {
  const found = await peek({ ...machine.owner, ...change, refreshAfterDays: 7 });
  await found?.close();
  return found !== null;
}

describe('--forget', () => {
  it('drops the memory of one client and origin, with its room on disk', async () => {
    const machine = await onDisk();
    await machine.send([one]);
    await machine.send([one], loopback);
    expect([await exists(machine), await exists(machine, loopback)]).toEqual([true, true]);
    await forget(machine, 'ACME');
    expect([await exists(machine), await exists(machine, loopback)]).toEqual([false, true]);
    expect(await readdir(join(machine.stateDir, 'memory'))).toHaveLength(2); // the other's, and the key
    expect(await machine.send([one])).toEqual([true]);
    expect(await machine.send([one], loopback)).toEqual([false]);
  });

  it('does nothing if there is no memory', async () => {
    const machine = await onDisk();
    await forget(machine);
    expect(existsSync(join(machine.stateDir, 'memory'))).toBe(false);
  });

  it('empties the memory under a run that is there, and still reckons with its attempts', async () => {
    const machine = await onDisk();
    await machine.send([one]);
    const live = await machine.open();
    const marked = await examine(live, [row('1', { a: 'of the live run' }), row('3', { a: 'x' })]);
    await forget(machine);
    const next = await machine.open();
    const again = await examine(next, [one, row('2', { a: 'x' })]);
    expect(areSent(again)).toEqual([true, true]);
    takeAll(next, again);
    takeAll(live, marked); // it may have reached Target before or after
    await next.close();
    await live.close();
    await machine.clock.advance(600_000);
    const rows = [one, row('1', { a: 'of the live run' }), row('3', { a: 'x' })];
    expect(await machine.send(rows)).toEqual([true, true, true]);
    expect(await machine.send([row('1', { a: 'of the live run' })])).toEqual([false]);
  });

  it('drops it whole once no mark is open, under a run that has it open too: it begins a new one', async () => {
    const machine = await onDisk();
    const waiting = await machine.open();
    await examine(waiting, [one]);
    await machine.clock.advance(126_000); // a mark's 95 s, and what the note of the last one is rounded up by
    await forget(machine);
    expect(existsSync(machine.place.folder)).toBe(false);
    takeAll(waiting, await examine(waiting, [one]));
    await waiting.close();
    await machine.clock.advance(600_000);
    expect(await machine.send([one])).toEqual([false]);
  });

  it('drops what an earlier version left, which is refused until then', async () => {
    const machine = await onDisk();
    await machine.send([one]);
    await cp(machine.place.folder, join(machine.stateDir, 'memory', 'acme'), { recursive: true });
    const refusal = { code: 'memory-version', exitStatus: 6, message: expect.stringContaining('--forget') };
    await expect(machine.open()).rejects.toMatchObject(refusal);
    await expect(exists(machine)).rejects.toMatchObject(refusal);
    await forget(machine);
    expect(await machine.send([one])).toEqual([true]);
  });

  it('removes what an interrupted one left behind', async () => {
    const machine = await onDisk();
    await machine.send([one]);
    const left = `${machine.place.folder}.forgotten-1`;
    await mkdir(left);
    await writeFile(join(left, 'data.mdb'), 'x');
    await forget(machine);
    expect(await readdir(join(machine.stateDir, 'memory'))).toEqual(['memory.key']);
    await mkdir(left);
    await forget(machine); // of what was there, nothing else is left
    expect(await readdir(join(machine.stateDir, 'memory'))).toEqual(['memory.key']);
  });
});
