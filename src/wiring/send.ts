import { sendFiles } from '../job/send-files.js';
import type { SendHooks, SendOptions } from '../job/terms/options.js';
import type { RunSummary } from '../job/terms/summary.js';
import { realMachine } from './machine.js';
import { withTrial } from './sandbox-run.js';

/** Sends with this machine's own clock, disk and network; with `sandbox` to one that is started for this call. */
export async function sendHere(files: readonly string[], options: SendOptions, hooks: SendHooks): Promise<RunSummary> {
  return withTrial(options, realMachine, (own) => sendFiles(files, own, hooks, realMachine));
}
