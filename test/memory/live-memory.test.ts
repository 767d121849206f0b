import { describe, expect, it } from 'vitest';
import { instantOf } from '../../src/platform/instant.js';
import { movedClock, settle } from '../support/index.js';
import { heldMemory } from './support/held-memory.js';
import { type HeldRecords, heldRecords } from './support/held-store.js';
import { areSent, examine, row, takeAll } from './support/on-disk.js';

const lengths = ({ visitors }: ReturnType<typeof heldRecords>) => [...visitors.values()].map(({ length }) => length);
const [knownBytes, uncertainBytes] = [8 + 16, 8 + 28];

describe('a run, by itself', () => {
  it('writes what was submitted within two seconds', async () => {
    const held = heldRecords();
    const clock = movedClock();
    const memory = await heldMemory(held, clock);
    takeAll(memory, await examine(memory, [row('1', { a: 'x' })]));
    await clock.advance(1_999);
    expect(lengths(held)).toEqual([uncertainBytes]);
    await clock.advance(1);
    await settle();
    expect(lengths(held)).toEqual([knownBytes]);
  });

  it('lets a row leave for a minute from before its mark was asked for, however long the home takes', async () => {
    const clock = movedClock();
    let transactionCount = 0;
    const held: HeldRecords = {
      ...heldRecords(),
      get failure() {
        transactionCount += 1;
        if (transactionCount === 2) clock.stepWall(40_000); // the first one only reads
        return null;
      },
    };
    const memory = await heldMemory(held, clock);
    const [verdict] = await examine(memory, [row('1', { a: 'x' })]);
    const mark = verdict?.kind === 'send' ? verdict.mark : null;
    await clock.advance(19_999);
    expect(memory.mayLeave(mark, instantOf(clock))).toBe(true);
    await clock.advance(1);
    expect(memory.mayLeave(mark, instantOf(clock))).toBe(false);
    await memory.close();
  });

  it('writes at once when much was submitted', async () => {
    const held = heldRecords();
    const memory = await heldMemory(held);
    const rows = Array.from({ length: 2_048 }, (_, index) => row(`${index}`, { a: 'x' }));
    const verdicts = await examine(memory, rows);
    takeAll(memory, verdicts.slice(0, 2_047));
    await settle();
    expect(lengths(held).every((length) => length === uncertainBytes)).toBe(true);
    takeAll(memory, verdicts.slice(2_047));
    await settle();
    expect(lengths(held).every((length) => length === knownBytes)).toBe(true);
  });

  it('writes what was submitted before the next row of the same visitor is marked', async () => {
    const held = heldRecords();
    const memory = await heldMemory(held);
    for (const value of ['x', 'y', 'z']) takeAll(memory, await examine(memory, [row('1', { a: value })]));
    expect(areSent(await examine(memory, [row('1', { a: 'z' })]))).toEqual([false]);
    await memory.close();
  });

  it('examines a visitor twice in one call as if the second row came after the first', async () => {
    const held = heldRecords();
    const memory = await heldMemory(held);
    takeAll(memory, await examine(memory, [row('1', { a: 'x' })]));
    const twice = await examine(memory, [row('1', { a: 'y' }), row('1', { a: 'x' })]);
    expect(areSent(twice)).toEqual([true, true]);
    takeAll(memory, twice);
    await memory.close();
    expect(areSent(await examine(await heldMemory(held), [row('1', { a: 'x' })]))).toEqual([true]);
  });
});
