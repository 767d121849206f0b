import { it } from 'vitest';
import { expectPromisesKept } from './seeds.js';

// Two files of sixty seeds each: they run side by side, one on each core.
it('keeps every promise through sixty more simulated jobs, their deaths and their faults', async () => {
  await expectPromisesKept(61, 120);
}, 170_000);
