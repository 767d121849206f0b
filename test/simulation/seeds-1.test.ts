import { it } from 'vitest';
import { expectPromisesKept } from './seeds.js';

// Two files of sixty seeds each: they run side by side, one on each core.
it('keeps every promise through sixty simulated jobs, their deaths and their faults', async () => {
  await expectPromisesKept(1, 60);
}, 170_000);
