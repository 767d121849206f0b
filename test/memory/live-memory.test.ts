import { describe, expect, it } from 'vitest';
import { movedClock, settle } from '../support/index.js';
import { heldMemory } from './support/held-memory.js';
import { heldRecords } from './support/held-store.js';
import { areSent, examine, row, takeAll } from './support/on-disk.js';

describe('a run, by itself', () => {
  it('writes what was submitted within a second', async () => {
    const held = heldRecords();
    const clock = movedClock();
    const memory = await heldMemory(held, clock);
    takeAll(memory, await examine(memory, [row('1', { a: 'x' })]));
    await clock.advance(999);
    const early = await heldMemory(held, clock, 'early');
    expect(areSent(await examine(early, [row('2', { a: 'x' })]))).toEqual([true]);
    const before = held.registry;
    const recordsBefore = [...held.visitors.values()].map((record) => record.length);
    await clock.advance(1);
    await settle();
    expect(held.registry).toBe(before);
    expect([...held.visitors.values()].map((record) => record.length)).toEqual([16, recordsBefore[1]]);
  });

  it('writes at once when much was submitted', async () => {
    const held = heldRecords();
    const memory = await heldMemory(held);
    const rows = Array.from({ length: 512 }, (_, index) => row(`${index}`, { a: 'x' }));
    const verdicts = await examine(memory, rows);
    takeAll(memory, verdicts.slice(0, 511));
    await settle();
    expect([...held.visitors.values()].every((record) => record.length === 28)).toBe(true);
    takeAll(memory, verdicts.slice(511));
    await settle();
    expect([...held.visitors.values()].every((record) => record.length === 16)).toBe(true);
  });

  it('tells the others every quarter of a minute that it is there', async () => {
    const held = heldRecords();
    const clock = movedClock();
    const memory = await heldMemory(held, clock);
    for (let turn = 0; turn < 20; turn += 1) {
      const before = held.registry;
      await clock.advance(15_000);
      expect(held.registry).not.toBe(before);
      expect(memory.isCurrent()).toBe(true);
    }
  });

  it('leaves no timer behind', async () => {
    const clock = movedClock();
    const memory = await heldMemory(heldRecords(), clock);
    takeAll(memory, await examine(memory, [row('1', { a: 'x' })]));
    await memory.close();
    expect(clock.timerCount()).toBe(0);
  });
});
