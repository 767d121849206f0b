import { dropFolder } from '../drop/drop-folder.js';
import type { DropHooks, DropOptions } from '../drop/options.js';
import type { SendOptions } from '../job/terms/options.js';
import type { RunSummary } from '../job/terms/summary.js';
import { realMachine } from './machine.js';
import { withTrial } from './sandbox-run.js';

/** Sends a folder's files with this machine's own clock, disk and network; with `sandbox` against one of this call alone. */
export async function dropHere(
  folder: string,
  options: DropOptions & SendOptions,
  hooks: DropHooks,
): Promise<RunSummary> {
  return withTrial(options, realMachine, (own) => dropFolder(folder, own, hooks, realMachine));
}
