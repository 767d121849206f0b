import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Memory } from '../../src/memory/memory.js';
import { temporaryFolder } from '../support/index.js';
import { areSent, examine, OnDisk, origin, row, submissionOf, takeAll } from './support/on-disk.js';

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

  it('judges a row by what the row in front of it came to', async () => {
    const machine = await onDisk();
    await machine.send([row('1', { a: 'x', b: 'y' })]);
    const sent = await machine.send([row('1', { a: 'new' }), row('1', { a: 'x' }), row('1', { b: 'y' })]);
    expect(sent).toEqual([true, true, false]);
    expect(await machine.send([row('1', { a: 'x' })])).toEqual([false]);
  });

  it('remembers nothing of a run that was killed before it could write, and sends those rows again', async () => {
    const machine = await onDisk();
    const killed = await machine.open({ clock: machine.stoppedClock });
    takeAll(killed, await examine(killed, [row('1', { a: 'x' })]));
    await machine.clock.advance(600_000);
    expect(await machine.send([row('1', { a: 'x' })])).toEqual([true]);
  });

  it('leaves a doubt for what follows a row that took several attempts', async () => {
    const machine = await onDisk();
    const memory = await machine.open();
    takeAll(memory, await examine(memory, [row('1', { a: 'x' })]), false);
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

  it('keeps clients and origins apart, and of loopback the machines too, but not a code in capitals', async () => {
    const machine = await onDisk();
    await machine.send([row('1', { a: 'x' })]);
    expect(await machine.send([row('1', { a: 'x' })], { clientCode: 'ACME' })).toEqual([false]);
    expect(await machine.send([row('1', { a: 'x' })], { origin: `${origin}:443/` })).toEqual([false]);
    expect(await machine.send([row('1', { a: 'x' })], { origin: 'https://test.example.com' })).toEqual([true]);
    expect(await machine.send([row('1', { a: 'x' })], { origin: `${origin}:8443` })).toEqual([true]);
    const loopback = { isLoopback: true, origin: 'http://127.0.0.1:8099' };
    expect(await machine.send([row('1', { a: 'x' })], loopback)).toEqual([true]);
    expect(await machine.send([row('1', { a: 'x' })], loopback)).toEqual([false]);
    expect(await machine.send([row('1', { a: 'x' })], { ...loopback, host: 'elsewhere' })).toEqual([true]);
    expect(await machine.send([row('1', { a: 'x' })], { clientCode: 'acme.loopback' })).toEqual([true]);
    expect(await machine.send([row('1', { a: 'x' })], { clientCode: '../acme' })).toEqual([true]);
  });

  it('judges thousands of rows, in calls that overlap', async () => {
    const machine = await onDisk();
    const rows = Array.from({ length: 2_500 }, (_, index) => row(`${index}`, { a: `${index}` }));
    await machine.send(rows.slice(0, 1_200));
    const memory = await machine.open();
    const parts = await Promise.all([examine(memory, rows.slice(0, 1_600)), examine(memory, rows.slice(1_600))]);
    const sent = areSent(parts.flat());
    expect(sent.slice(0, 1_200).some(Boolean)).toBe(false);
    expect(sent.slice(1_200).every(Boolean)).toBe(true);
    takeAll(memory, parts.flat());
    await close(memory, machine);
    expect(await machine.send(rows)).toEqual(rows.map(() => false));
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
    await machine.send([row('customer-4711', { tierOfLoyalty: 'platinum' })]);
    const bytes = await readFile(machine.place.dataPath);
    for (const text of ['customer-4711', '4711', 'tierOfLoyalty', 'platinum']) {
      expect(bytes.includes(text)).toBe(false);
    }
  });
});

describe('a mark', () => {
  const minuteMs = 60_000;

  it('lets its row leave for a minute, from before it was asked for', async () => {
    const machine = await onDisk();
    const memory = await machine.open();
    const [verdict] = await examine(memory, [row('1', { a: 'x' })]);
    await machine.clock.advance(minuteMs - 1);
    expect(machine.mayLeave(memory, verdict)).toBe(true);
    await machine.clock.advance(1);
    expect(machine.mayLeave(memory, verdict)).toBe(false);
    expect(memory.mayLeave(null, { monotonicMs: 0, wallMs: 0 })).toBe(false);
  });

  it.each<[string, (machine: OnDisk) => unknown]>([
    ['the machine slept', ({ clock }) => clock.sleepMachine(minuteMs)],
    ['the wall clock was set forward', ({ clock }) => clock.stepWall(minuteMs)],
    [
      'time went by, and the wall clock was set back',
      async ({ clock }) => {
        clock.stepWall(-minuteMs);
        await clock.advance(minuteMs);
      },
    ],
    [
      'the machine slept, and the wall clock was set back',
      ({ clock }) => {
        clock.sleepMachine(minuteMs);
        clock.stepWall(-minuteMs);
        return clock.advance(100);
      },
    ],
  ])('is too old when %s', async (_case, pass) => {
    const machine = await onDisk();
    const memory = await machine.open();
    const [verdict] = await examine(memory, [row('1', { a: 'x' })]);
    expect(machine.mayLeave(memory, verdict)).toBe(true);
    await pass(machine);
    expect(machine.mayLeave(memory, verdict)).toBe(false);
  });

  it('made again lets the row leave again, and its row is remembered', async () => {
    const machine = await onDisk();
    const memory = await machine.open();
    const one = row('1', { a: 'x' });
    const [first] = await examine(memory, [one]);
    await machine.clock.advance(minuteMs);
    const earlier = first?.kind === 'send' ? first.mark : null;
    const again = await memory.examine([{ ...submissionOf(one), earlier, wasAttempted: true }]);
    expect(machine.mayLeave(memory, again[0])).toBe(true);
    if (earlier !== null) memory.submitted(earlier, false); // of the first mark, which does not count any more
    await machine.clock.advance(3_000);
    takeAll(memory, again, false);
    await close(memory, machine);
    expect(await machine.send([one])).toEqual([false]);
  });

  it('made again is judged again: what another run has submitted meanwhile is unchanged, unless an attempt was made', async () => {
    const machine = await onDisk();
    const memory = await machine.open();
    const one = row('1', { a: 'x' });
    const [first] = await examine(memory, [one]);
    await machine.clock.advance(200_000);
    await machine.send([one]);
    const earlier = first?.kind === 'send' ? first.mark : null;
    const again = (wasAttempted: boolean) => memory.examine([{ ...submissionOf(one), earlier, wasAttempted }]);
    expect(areSent(await again(false))).toEqual([false]);
    expect(areSent(await again(true))).toEqual([true]);
  });
});

describe('runs side by side', () => {
  it('leave a doubt where they submit the same attribute, until the last mark is over', async () => {
    const machine = await onDisk();
    const [one, other] = [await machine.open(), await machine.open()];
    const ofOne = await examine(one, [row('1', { a: 'x', b: 'of one' })]);
    const ofOther = await examine(other, [row('1', { a: 'y' })]);
    takeAll(one, ofOne);
    takeAll(other, ofOther);
    await one.close();
    await close(other, machine);
    expect(await machine.send([row('1', { b: 'of one' }), row('1', { a: 'y' })])).toEqual([false, true]);
    expect(await machine.send([row('1', { a: 'y' })])).toEqual([false]);
  });

  it('leave a doubt of what a killed one had marked, as long as its attempts may arrive, and no longer', async () => {
    const machine = await onDisk();
    const killed = await machine.open({ clock: machine.stoppedClock });
    await examine(killed, [row('1', { a: 'x' }), row('2', { a: 'x' })]);
    await machine.clock.advance(94_000); // 60 to leave, 30 to arrive, 5 to spare
    const next = await machine.open();
    takeAll(next, await examine(next, [row('1', { a: 'x' })]));
    await machine.clock.advance(2_000);
    takeAll(next, await examine(next, [row('2', { a: 'x' })]));
    await close(next, machine);
    expect(await machine.send([row('1', { a: 'x' }), row('2', { a: 'x' })])).toEqual([true, false]);
  });

  it('settle what stood still, where nobody else has marked it', async () => {
    const machine = await onDisk();
    const still = await machine.open({ clock: machine.stoppedClock });
    const marked = await examine(still, [row('1', { a: 'x' }), row('2', { a: 'x' })]);
    await machine.clock.advance(200_000);
    expect(await machine.send([row('2', { a: 'y' })])).toEqual([true]);
    takeAll(still, marked);
    await close(still, machine);
    const rows = [row('1', { a: 'x' }), row('2', { a: 'y' })];
    expect(await machine.send(rows)).toEqual([false, false]);
  });

  it('reckon with a plain run that began before the memory was made, and it finds that memory', async () => {
    const machine = await onDisk();
    const plain = await machine.open({ skipUnchanged: false });
    takeAll(plain, await examine(plain, [row('1', { a: 'x' })]));
    const first = await machine.open();
    takeAll(first, await examine(first, [row('1', { a: 'y' }), row('2', { a: 'y' })]));
    await first.close();
    await machine.clock.advance(59_000); // the plain run's rows may leave until then
    takeAll(plain, await examine(plain, [row('2', { a: 'x' })]));
    await close(plain, machine);
    const rows = [row('1', { a: 'y' }), row('2', { a: 'y' })];
    expect(await machine.send(rows)).toEqual([true, true]);
    expect(await machine.send(rows)).toEqual([false, false]);
  });

  it('leave nothing behind that --changed-only would go by, where none of them used it', async () => {
    const machine = await onDisk();
    await machine.send([row('1', { a: 'x' })], { skipUnchanged: false });
    expect(await machine.send([row('1', { a: 'x' })])).toEqual([true]);
    expect(await machine.send([row('1', { a: 'x' })])).toEqual([false]);
  });
});

describe('what Target was seen to hold otherwise', () => {
  it('is sent by the next run, whichever run has it in flight', async () => {
    const machine = await onDisk();
    const rows = ['1', '2', '3'].map((visitor) => row(visitor, { a: 'x', b: 'y' }));
    await machine.send(rows);
    const onItsWay = await machine.open();
    const marked = await examine(onItsWay, [row('2', { a: 'z' })]);
    const seeing = await machine.open({ skipUnchanged: false });
    await seeing.doubt(['mbox3rdPartyId=1', 'mbox3rdPartyId=2', 'mbox3rdPartyId=unheard-of']);
    await seeing.close();
    takeAll(onItsWay, marked);
    await close(onItsWay, machine);
    const next = [row('1', { a: 'x' }), row('2', { a: 'z' }), row('3', { a: 'x' })];
    expect(await machine.send(next)).toEqual([true, true, false]);
    expect(await machine.send(next)).toEqual([false, false, false]);
  });
});

it('closes once', async () => {
  const machine = await onDisk();
  const memory = await machine.open();
  takeAll(memory, await examine(memory, [row('1', { a: 'x' })]));
  await Promise.all([memory.close(), memory.close()]);
  expect(machine.clock.timerCount()).toBe(0);
  await expect(examine(memory, [row('1', { a: 'x' })])).rejects.toMatchObject({ code: 'memory-failed' });
});
