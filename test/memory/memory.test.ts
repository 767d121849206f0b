import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Memory } from '../../src/memory/memory.js';
import { temporaryFolder } from '../support/index.js';
import { areSent, examine, OnDisk, row, takeAll } from './support/on-disk.js';

const dayMs = 86_400_000;

async function onDisk(): Promise<OnDisk> {
  return new OnDisk(await temporaryFolder());
}

async function close(memory: Memory, machine: OnDisk): Promise<void> {
  await memory.close();
  await machine.clock.advance(600_000);
}

describe('a run with --changed-only', () => {
  it('sends every row the first time, and the next night only what changed', async () => {
    const machine = await onDisk();
    const first = [row('1', { a: 'x', b: 'y' }), row('2', { a: 'x', b: 'y' }), row('3', { a: 'x' })];
    expect(await machine.send(first)).toEqual([true, true, true]);
    expect(await machine.send(first)).toEqual([false, false, false]);
    const second = [row('1', { a: 'x', b: 'y' }), row('2', { a: 'z', b: 'y' }), row('4', { a: 'x' })];
    expect(await machine.send(second)).toEqual([false, true, true]);
    expect(await machine.send(second)).toEqual([false, false, false]);
  });

  it('goes by attribute, so files with other columns for the same visitors get on', async () => {
    const machine = await onDisk();
    await machine.send([row('1', { a: 'x', b: 'y' })]);
    await machine.send([row('1', { c: 'z' })]);
    expect(await machine.send([row('1', { c: 'z', a: 'x' }), row('1', { b: 'y' })])).toEqual([false, false]);
    expect(await machine.send([row('1', { a: 'x', d: '1' })])).toEqual([true]);
  });

  it('takes all attributes of a row for unknown when it sends it', async () => {
    const machine = await onDisk();
    await machine.send([row('1', { a: 'x', b: 'y' })]);
    const memory = await machine.open();
    await examine(memory, [row('1', { a: 'changed', b: 'y' })]);
    await close(memory, machine); // it was refused, or never answered
    expect(await machine.send([row('1', { b: 'y' })])).toEqual([true]);
  });

  it('sends what follows a changed row of the same visitor, as far as it has the same attributes', async () => {
    const machine = await onDisk();
    await machine.send([row('1', { a: 'x', b: 'y' })]);
    const sent = await machine.send([row('1', { a: 'new' }), row('1', { a: 'x' }), row('1', { b: 'y' })]);
    expect(sent).toEqual([true, true, false]);
    expect(await machine.send([row('1', { a: 'x' })])).toEqual([false]);
  });

  it('does not take the first of two rows of a visitor for the last word', async () => {
    const machine = await onDisk();
    const memory = await machine.open();
    const [first] = await examine(memory, [row('1', { a: 'x' }), row('1', { a: 'y' })]);
    if (first?.kind === 'send') memory.submitted(first.mark, true);
    await close(memory, machine);
    expect(await machine.send([row('1', { a: 'x' })])).toEqual([true]);
  });

  it('remembers nothing of a run that was killed before it could write, and sends those rows again', async () => {
    const machine = await onDisk();
    const killed = await machine.open({ clock: machine.stoppedClock });
    takeAll(killed, await examine(killed, [row('1', { a: 'x' })]));
    await machine.clock.advance(600_000);
    expect(await machine.send([row('1', { a: 'x' })])).toEqual([true]);
  });

  it('leaves a doubt where two runs side by side submit different values, until both are over', async () => {
    const machine = await onDisk();
    const one = await machine.open();
    const other = await machine.open();
    const ofOne = await examine(one, [row('1', { a: 'x', b: 'same' })]);
    const ofOther = await examine(other, [row('1', { a: 'y', b: 'same' })]);
    takeAll(one, ofOne);
    takeAll(other, ofOther);
    await one.close();
    await close(other, machine);
    expect(await machine.send([row('1', { b: 'same' })])).toEqual([false]);
    expect(await machine.send([row('1', { a: 'y' })])).toEqual([true]);
    expect(await machine.send([row('1', { a: 'y' })])).toEqual([false]);
  });

  it('goes on at once where a killed run of the same job stopped', async () => {
    const machine = await onDisk();
    const killed = await machine.open({ jobKey: 'job', clock: machine.stoppedClock });
    await examine(killed, [row('1', { a: 'x' }), row('2', { a: 'x' })]);
    const next = await machine.open({ jobKey: 'job' });
    takeAll(next, await examine(next, [row('1', { a: 'x' }), row('2', { a: 'changed' })]));
    await close(next, machine);
    // Of visitor 2 the killed run's try may have arrived last.
    expect(await machine.send([row('1', { a: 'x' }), row('2', { a: 'changed' })])).toEqual([false, true]);
  });

  it('leaves a doubt for what follows a row that took several tries', async () => {
    const machine = await onDisk();
    const memory = await machine.open();
    const [first] = await examine(memory, [row('1', { a: 'x' })]);
    if (first?.kind === 'send') memory.submitted(first.mark);
    takeAll(memory, await examine(memory, [row('1', { a: 'y' })]));
    await close(memory, machine);
    expect(await machine.send([row('1', { a: 'y' })])).toEqual([true]);
  });

  it('sends again what is older than its refresh, spread over the last half of the span', async () => {
    const machine = await onDisk();
    const rows = Array.from({ length: 400 }, (_, index) => row(`${index}`, { a: 'x', b: 'y' }));
    await machine.send(rows);
    const dueAfter = async (days: number) => {
      machine.clock.stepWall(days * dayMs);
      const memory = await machine.open();
      const dueCount = areSent(await examine(memory, rows)).filter(Boolean).length;
      await memory.close();
      return dueCount;
    };
    expect(await dueAfter(3.4)).toBe(0);
    expect(await dueAfter(1.85)).toBeGreaterThan(140); // 5.25 days
    expect(await dueAfter(1.8)).toBe(400);
  });

  it('keeps the memory true without skipping, where it is not asked to skip', async () => {
    const machine = await onDisk();
    await machine.send([row('1', { a: 'x' })]);
    expect(await machine.send([row('1', { a: 'x' }), row('1', { a: 'y' })], { skipUnchanged: false })).toEqual([
      true,
      true,
    ]);
    expect(await machine.send([row('1', { a: 'y' })])).toEqual([false]);
  });

  it('keeps clients apart, and loopback endpoints from real ones, but not a code in capitals', async () => {
    const machine = await onDisk();
    await machine.send([row('1', { a: 'x' })]);
    expect(await machine.send([row('1', { a: 'x' })], { clientCode: 'ACME' })).toEqual([false]);
    expect(await machine.send([row('1', { a: 'x' })], { isLoopback: true })).toEqual([true]);
    expect(await machine.send([row('1', { a: 'x' })], { clientCode: 'acme.loopback' })).toEqual([true]);
    expect(await machine.send([row('1', { a: 'x' })], { clientCode: '../acme' })).toEqual([true]);
  });

  it('judges thousands of rows in their order, in calls that overlap', async () => {
    const machine = await onDisk();
    const rows = Array.from({ length: 3_000 }, (_, index) => row(`${index % 2_500}`, { a: `${index}` }));
    await machine.send(rows.slice(0, 1_200));
    const memory = await machine.open();
    const parts = await Promise.all([examine(memory, rows.slice(0, 1_600)), examine(memory, rows.slice(1_600))]);
    const sent = areSent(parts.flat());
    expect(sent.slice(0, 1_200).some(Boolean)).toBe(false);
    expect(sent.slice(1_200).every(Boolean)).toBe(true);
    takeAll(memory, parts.flat());
    await close(memory, machine);
    expect(await machine.send(rows.slice(500, 2_500))).toEqual(rows.slice(500, 2_500).map(() => false));
    expect(await machine.send(rows.slice(2_500))).toEqual(rows.slice(2_500).map(() => false));
  });

  it('handles a row with hundreds of attributes, and a visitor with thousands', async () => {
    const machine = await onDisk();
    const attributes = (from: number) =>
      Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`n${from + index}`, 'v']));
    const rows = [0, 900, 1_800].map((from) => row('1', attributes(from)));
    expect(await machine.send(rows)).toEqual([true, true, true]);
    expect(await machine.send(rows)).toEqual([false, false, false]);
  });

  it('counts visitors and room on disk', async () => {
    const machine = await onDisk();
    await machine.send([row('1', { a: 'x' }), row('2', { a: 'x' }), row('1', { b: 'x' })]);
    const memory = await machine.open();
    const { visitors, bytesOnDisk } = await memory.size();
    expect(visitors).toBe(2);
    expect(bytesOnDisk).toBeGreaterThan(4_096);
  });

  it('writes nothing in clear', async () => {
    const machine = await onDisk();
    await machine.send([row('customer-4711', { tierOfLoyalty: 'platinum' })], { jobKey: '/in/loyalty.csv' });
    const bytes = await readFile(join(machine.stateDir, 'memory', 'acme', 'data.mdb'));
    for (const text of ['customer-4711', '4711', 'tierOfLoyalty', 'platinum', 'loyalty.csv']) {
      expect(bytes.includes(text)).toBe(false);
    }
  });
});

describe('a run among others', () => {
  it('is reckoned with for as long as it lives, and no longer than its tries may take when it has ended', async () => {
    const machine = await onDisk();
    const living = await machine.open();
    await examine(living, [row('1', { a: 'x' }), row('2', { a: 'x' })]);
    for (let minute = 0; minute < 10; minute += 1) {
      await machine.clock.advance(30_000);
      await living.size(); // after its renewal, which is under way
    }
    const first = await machine.open();
    takeAll(first, await examine(first, [row('1', { a: 'y' })]));
    await first.close();
    await living.close();
    await machine.clock.advance(36_000);
    const second = await machine.open();
    takeAll(second, await examine(second, [row('2', { a: 'y' })]));
    await close(second, machine);
    expect(await machine.send([row('1', { a: 'y' }), row('2', { a: 'y' })])).toEqual([true, false]);
  });

  it('sees the others go while it runs itself', async () => {
    const machine = await onDisk();
    const killed = await machine.open({ clock: machine.stoppedClock });
    const living = await machine.open();
    await examine(killed, [row('1', { a: 'x' })]);
    for (const ms of [50_000, 50_000]) {
      await machine.clock.advance(ms);
      await living.size();
    }
    takeAll(living, await examine(living, [row('1', { a: 'y' })]));
    await close(living, machine);
    expect(await machine.send([row('1', { a: 'y' })])).toEqual([false]);
  });

  it('writes each submitted row once, however often it is told of it', async () => {
    const machine = await onDisk();
    const memory = await machine.open();
    const verdicts = await examine(memory, [row('1', { a: 'x' }), row('1', { a: 'y' }), row('1', { a: 'z' })]);
    const [first, , third] = verdicts;
    if (first?.kind === 'send') for (const _ of verdicts) memory.submitted(first.mark, true);
    if (third?.kind === 'send') memory.submitted(third.mark, true);
    await close(memory, machine);
    expect(await machine.send([row('1', { a: 'z' })])).toEqual([true]); // the second may have come last
  });

  it('closes once', async () => {
    const machine = await onDisk();
    const memory = await machine.open();
    await Promise.all([memory.close(), memory.close()]);
    expect(machine.clock.timerCount()).toBe(0);
    await expect(examine(memory, [row('1', { a: 'x' })])).rejects.toMatchObject({ code: 'memory-failed' });
  });
});

describe('a run that stands still', () => {
  it('goes on as if nothing had been where nobody took it to be over', async () => {
    const machine = await onDisk();
    const still = await machine.open({ clock: machine.stoppedClock });
    const marked = await examine(still, [row('1', { a: 'x' })]);
    await machine.clock.advance(200_000);
    takeAll(still, marked);
    await close(still, machine);
    expect(await machine.send([row('1', { a: 'x' })])).toEqual([false]);
  });

  it('may start no try until it has told the others that it is there', async () => {
    const machine = await onDisk();
    const memory = await machine.open();
    const still = await machine.open({ clock: machine.stoppedClock });
    machine.clock.sleepMachine(1_000_000); // the others on this machine slept too
    expect(still.isCurrent()).toBe(true);
    for (const ms of [30_000, 29_999]) {
      await machine.clock.advance(ms);
      await memory.size(); // after its renewal, which is under way
    }
    expect([still.isCurrent(), memory.isCurrent()]).toEqual([true, true]);
    await machine.clock.advance(1);
    expect([still.isCurrent(), memory.isCurrent()]).toEqual([false, true]);
    await examine(still, [row('1', { a: 'x' })]);
    expect(still.isCurrent()).toBe(true);
  });

  it('is lost once the others took it to be over, and remembers nothing more', async () => {
    const machine = await onDisk();
    const still = await machine.open({ clock: machine.stoppedClock });
    const marked = await examine(still, [row('1', { a: 'x' })]);
    await machine.clock.advance(200_000);
    const other = await machine.open();
    takeAll(other, await examine(other, [row('1', { a: 'y' })]));
    await other.close();
    takeAll(still, marked);
    expect(still.isCurrent()).toBe(false);
    await expect(examine(still, [row('2', { a: 'x' })])).rejects.toMatchObject({
      code: 'memory-run-lost',
      exitStatus: 6,
    });
    await expect(still.close()).rejects.toMatchObject({ code: 'memory-run-lost' });
    expect(await machine.send([row('1', { a: 'y' })])).toEqual([false]);
  });
});
