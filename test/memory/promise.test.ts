import { describe, expect, it } from 'vitest';
import { type MakeNightsHome, simulateNights } from '../simulation/nights.js';
import { nightsElsewhere, nightsInFolder } from '../simulation/nights-homes.js';

/** The memory's promise, over the program's own runs, wherever the memory is kept. */
const homes: readonly (readonly [string, MakeNightsHome])[] = [
  ['in a folder', nightsInFolder],
  ['on another machine', nightsElsewhere],
];
const seedCount = Number(process.env.NIGHTS_SEED_COUNT ?? 150);

describe.each(homes)('a memory %s', (_name, makeHome) => {
  it('calls unchanged only what Target holds, whichever process is killed, stands still or comes late', {
    timeout: 120_000,
  }, async () => {
    let unchangedCount = 0;
    let submittedCount = 0;
    let stillCount = 0;
    for (let seed = 1; seed <= seedCount; seed += 1) {
      const nights = await simulateNights(seed, makeHome);
      expect(nights.faults, `seed ${seed}`).toEqual([]);
      unchangedCount += nights.unchangedCount;
      submittedCount += nights.submittedCount;
      stillCount += nights.stillCount;
    }
    // Or it proves nothing.
    expect(unchangedCount).toBeGreaterThan(seedCount);
    expect(submittedCount).toBeGreaterThan(seedCount);
    expect(stillCount).toBeGreaterThan(seedCount / 3);
  });
});
