import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { forgetMemory, memoryExists } from '../../src/memory/memory.js';
import { realDisk } from '../../src/platform/disk.js';
import type { Disk, DiskFile } from '../../src/platform/ports.js';
import { temporaryFolder } from '../support/index.js';
import { areSent, examine, OnDisk, row, takeAll } from './support/on-disk.js';

const one = row('1', { a: 'x' });

async function onDisk(): Promise<OnDisk> {
  return new OnDisk(await temporaryFolder());
}

const forget = (machine: OnDisk, clientCode = 'acme', isLoopback = false) =>
  forgetMemory(machine.stateDir, clientCode, isLoopback, machine.ports);
const exists = (machine: OnDisk, isLoopback = false) => memoryExists(machine.stateDir, 'acme', isLoopback);

describe('--forget', () => {
  it('drops the memory of one client and kind of endpoint, with its room on disk', async () => {
    const machine = await onDisk();
    await machine.send([one]);
    await machine.send([one], { isLoopback: true });
    expect([await exists(machine), await exists(machine, true)]).toEqual([true, true]);
    await forget(machine, 'ACME');
    expect([await exists(machine), await exists(machine, true)]).toEqual([false, true]);
    expect((await readdir(join(machine.stateDir, 'memory'))).sort()).toEqual(['acme.loopback', 'memory.key']);
    expect(await machine.send([one])).toEqual([true]);
    expect(await machine.send([one], { isLoopback: true })).toEqual([false]);
  });

  it('does nothing where there is none', async () => {
    const machine = await onDisk();
    await forget(machine);
    expect(existsSync(join(machine.stateDir, 'memory'))).toBe(false);
  });

  it('empties the memory under a run that is there, and still reckons with its tries', async () => {
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

  it('drops it whole once the runs that were there are over', async () => {
    const machine = await onDisk();
    const killed = await machine.open({ clock: machine.stoppedClock });
    await examine(killed, [one]);
    await machine.clock.advance(95_001);
    await forget(machine);
    expect(await exists(machine)).toBe(false);
  });

  it('removes what an interrupted one left behind', async () => {
    const machine = await onDisk();
    await machine.send([one]);
    const left = join(machine.stateDir, 'memory', 'acme.forgotten-1');
    await mkdir(left);
    await writeFile(join(left, 'data.mdb'), 'x');
    await forget(machine);
    expect(await readdir(join(machine.stateDir, 'memory'))).toEqual(['memory.key']);
    await mkdir(left);
    await forget(machine); // of what was there, nothing else is left
    expect(await readdir(join(machine.stateDir, 'memory'))).toEqual(['memory.key']);
  });

  it('may come while a run opens it: that run then begins a new one', async () => {
    const machine = await onDisk();
    await machine.send([one]);
    // The run has read its key and is about to register when the last look before the dropping is done.
    const hasKey = gate();
    const hasLooked = gate();
    const waitForLook = () => {
      hasKey.open();
      return hasLooked.opened;
    };
    const opening = machine.open({ disk: afterClosing('memory.key', waitForLook) });
    const disk = afterClosing('data.mdb', () => hasKey.opened.then(hasLooked.open));
    await forgetMemory(machine.stateDir, 'acme', false, { ...machine.ports, disk });
    const memory = await opening;
    expect(await exists(machine)).toBe(true);
    takeAll(memory, await examine(memory, [one]));
    await memory.close();
    await machine.clock.advance(600_000);
    expect(await machine.send([one])).toEqual([false]);
  });
});

function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

/** A disk on which `wait` comes after the closing of a file of that name. */
function afterClosing(name: string, wait: () => Promise<void>): Disk {
  const watched = (path: string, file: DiskFile): DiskFile => {
    if (!path.endsWith(name)) return file;
    return {
      read: (into, positionBytes) => file.read(into, positionBytes),
      append: (bytes) => file.append(bytes),
      sync: () => file.sync(),
      truncate: (sizeBytes) => file.truncate(sizeBytes),
      stat: () => file.stat(),
      close: async () => {
        await file.close();
        await wait();
      },
    };
  };
  return {
    ...realDisk,
    open: async (path, mode) => watched(path, await realDisk.open(path, mode)),
    openInput: async (path) => watched(path, await realDisk.openInput(path)),
  };
}
