import { expect } from 'vitest';
import { simulateNights } from './nights.js';
import { nightsInFolder } from './nights-homes.js';
import { simulate } from './simulate.js';

/** Simulates seeds `from` to `to`; a failure names the seed and the one command that repeats it. */
export async function expectPromisesKept(from: number, to: number): Promise<void> {
  for (let seed = from; seed <= to; seed += 1) {
    const faults = [...(await simulate(seed)).faults, ...(await simulateNights(seed, nightsInFolder)).faults];
    expect(faults, `seed ${seed} broke a promise; npm run simulate -- --seed ${seed} repeats it`).toEqual([]);
  }
}
