import { it } from 'vitest';
import { expectPromisesKept } from './seeds.js';

// Two files of a hundred seeds each: they run side by side, one on each core.
it('keeps every promise through a hundred simulated jobs, their deaths and their faults', async () => {
  await expectPromisesKept(1, 100);
}, 170_000);
