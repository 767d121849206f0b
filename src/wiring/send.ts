import { type CallEnd, sendFiles } from '../job/send-files.js';
import type { CallHooks } from '../job/terms/file-end.js';
import type { SendOptions } from '../job/terms/options.js';
import { realMachine } from './machine.js';
import { withTrial } from './sandbox-run.js';

/** Sends with this machine's own clock, disk and network; with `sandbox` to one that is started for this call. */
export async function sendHere(files: readonly string[], options: SendOptions, hooks: CallHooks): Promise<CallEnd> {
  return withTrial(options, realMachine, (own) => sendFiles(files, own, hooks, realMachine));
}
