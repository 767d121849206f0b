import type { SendHooks, SendOptions } from './job/options.js';
import { realMachine } from './job/real-machine.js';
import { sendFiles } from './job/send.js';
import type { RunSummary } from './job/summary.js';
import { withTrial } from './trial.js';

/** Sends with this machine's own clock, disk and network; with `sandbox` to one that is started for this call. */
export async function sendHere(files: readonly string[], options: SendOptions, hooks: SendHooks): Promise<RunSummary> {
  return withTrial(options, realMachine.clock, (own) => sendFiles(files, own, hooks, realMachine));
}
