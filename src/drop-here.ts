import { dropFolder } from './drop/drop.js';
import type { DropHooks, DropOptions } from './drop/options.js';
import type { SendOptions } from './job/options.js';
import { realMachine } from './job/real-machine.js';
import type { RunSummary } from './job/summary.js';
import { withTrial } from './trial.js';

/** Works off a folder with this machine's own clock, disk and network; with `sandbox` against one of this call alone. */
export async function dropHere(
  folder: string,
  options: DropOptions & SendOptions,
  hooks: DropHooks,
): Promise<RunSummary> {
  return withTrial(options, realMachine.clock, (own) => dropFolder(folder, own, hooks, realMachine));
}
