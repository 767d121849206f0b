import { type CallEnd, sendFiles } from '../job/send-files.js';
import type { CallHooks } from '../job/terms/file-end.js';
import type { Machine } from '../job/terms/machine.js';
import type { SendOptions } from '../job/terms/options.js';
import { realMachine } from './machine.js';
import { withTrial } from './sandbox-run.js';

/**
 * Sends with this machine's own clock, disk and network; with `sandbox` to one that is started for this call. `input` is
 * read in place of standard input.
 */
export async function sendHere(
  files: readonly string[],
  options: SendOptions,
  hooks: CallHooks,
  input: Machine['input'] | null = null,
): Promise<CallEnd> {
  const machine = input === null ? realMachine : { ...realMachine, input };
  return withTrial(options, machine, (own) => sendFiles(files, own, hooks, machine));
}
