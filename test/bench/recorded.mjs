/**
 * The program's own sending, which prints, as JSON, the monotonic times at which attempts started.
 * `node recorded.mjs FILE URL FOLDER CONCURRENCY RATE`
 */

import { sendFiles } from '../../dist/job/send-files.js';
import { realMachine } from '../../dist/wiring/machine.js';
import { sendOptions } from './parts/send-options.mjs';

const [file, endpoint, folder, concurrency, rate] = process.argv.slice(2);
const startsMs = [];
const machine = {
  ...realMachine,
  openTransport: async (...args) => {
    const transport = await realMachine.openTransport(...args);
    const send = (outgoing, sender) =>
      transport.send(outgoing, {
        mayStart() {
          const isOn = sender.mayStart();
          if (isOn) startsMs.push(realMachine.clock.monotonicMs());
          return isOn;
        },
        settled: (reply) => sender.settled(reply),
      });
    return { send, abortAll: () => transport.abortAll(), close: () => transport.close() };
  },
};
const options = sendOptions(endpoint, folder, { concurrency: Number(concurrency), ratePerSecond: Number(rate) });
const summary = await sendFiles([file], options, {}, machine);
if (summary.error !== null) throw new Error(summary.error.message);
// Not process.exit: it would cut off what a pipe has not taken yet.
process.exitCode = summary.exit_status;
process.stdout.write(JSON.stringify(startsMs));
