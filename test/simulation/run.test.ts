import { expect, it } from 'vitest';
import { simulateNights } from './nights.js';
import { nightsElsewhere, nightsInFolder } from './nights-homes.js';
import { simulate } from './simulate.js';

/** `npm run simulate`: any number of seeds, told through the environment by simulate.mjs. */
const firstSeed = Number(process.env.SIMULATE_FIRST_SEED);
const seedCount = Number(process.env.SIMULATE_SEED_COUNT);

it.runIf(seedCount > 0)(
  'keeps every promise through the seeds that were asked for',
  async () => {
    const broken: string[] = [];
    const total = { lives: 0, kills: 0, powerLosses: 0, rows: 0, attempts: 0, overtaken: 0, unchanged: 0, still: 0 };
    for (let seed = firstSeed; seed < firstSeed + seedCount; seed += 1) {
      const one = await simulate(seed);
      total.lives += one.lifeCount;
      total.kills += one.killCount;
      total.powerLosses += one.powerLossCount;
      total.rows += one.rowCount;
      total.attempts += one.attemptCount;
      total.overtaken += one.overtakenCount;
      const faults = [...one.faults];
      for (const makeHome of [nightsInFolder, nightsElsewhere]) {
        const nights = await simulateNights(seed, makeHome);
        total.unchanged += nights.unchangedCount;
        total.still += nights.stillCount;
        faults.push(...nights.faults);
      }
      if (faults.length > 0) broken.push(`seed ${seed}: ${faults.join('; ')}`);
      if ((seed - firstSeed + 1) % 100 === 0)
        process.stderr.write(`${seed - firstSeed + 1} seeds, ${broken.length} broken\n`);
    }
    process.stdout.write(
      `${seedCount} seeds from ${firstSeed}: ${total.rows} rows in ${total.lives} lives, ${total.kills} kills, ` +
        `${total.powerLosses} power losses, ${total.attempts} attempts; visitors overtaken by a late arrival: ${total.overtaken}; ` +
        `nights with --changed-only: ${total.unchanged} rows unchanged, ${total.still} times a process stood still; ` +
        `broken promises: ${broken.length}\n`,
    );
    expect(broken).toEqual([]);
  },
  86_400_000,
);
