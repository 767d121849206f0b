// Starts attempts for as long as the cap lets it, then ends by itself. Each attempt is a byte at the end of its own file,
// which outlives a SIGKILL. Says on standard output when its first attempt is out, and in the end how it ended.
import { openSync, writeSync } from 'node:fs';
import { openPacer } from '../../../dist/pacing/pacer.js';
import { systemBootClock, systemClock } from '../../../dist/platform/clock.js';
import { openHome } from '../../../dist/state/open-home.js';

const { stateDir, stateUrl = null, tallyPath, ...options } = JSON.parse(process.argv[2] ?? '{}');
const tally = openSync(tallyPath, 'a');

const home = await openHome({ stateDir, stateUrl });
const { pacer } = await openPacer(home, systemClock, systemBootClock, {
  clientCode: 'acme',
  isLoopback: true,
  reserve: 0,
  pace: 'burst',
  timeoutMs: 30_000,
  giveUpMs: 60_000,
  lateUnits: 0,
  ...options,
});

let attemptCount = 0;
const ended = await new Promise((resolve) => {
  let cancelWake = () => {};
  const pump = () => {
    for (;;) {
      const take = pacer.take();
      cancelWake();
      switch (take.kind) {
        case 'go':
          if (!take.permit.isValid()) {
            pacer.giveBack(take.permit);
            break;
          }
          writeSync(tally, '.');
          pacer.ended(take.permit);
          if (attemptCount === 0) console.log(`begun as ${process.pid}`);
          attemptCount += 1;
          break;
        case 'wait':
          cancelWake = systemClock.schedule(Math.max(0, take.untilMonotonicMs - systemClock.monotonicMs()), pump);
          return;
        case 'fetching':
        case 'away':
          return;
        case 'cap-used':
          resolve('cap-used');
          return;
        case 'fault':
          resolve(take.error.code);
          return;
      }
    }
  };
  pacer.onReady = pump;
  pump();
});
await pacer.close();
await home.close();
console.log(`attempts ${attemptCount}`);
console.log(ended);
