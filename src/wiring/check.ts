import { checkBatch } from '../check/check.js';
import type { CheckHooks, CheckOptions } from '../check/options.js';
import type { CheckPorts } from '../check/ports.js';
import type { CheckResult } from '../check/result.js';
import { systemLookUp } from '../endpoint/look-up.js';
import { systemBootClock, systemClock, systemRandom } from '../platform/clock.js';
import { realDisk } from '../platform/disk.js';
import { openRawRowSource } from '../thread/open-raw-rows.js';

const realPorts: CheckPorts = {
  clock: systemClock,
  bootClock: systemBootClock,
  random: systemRandom,
  disk: realDisk,
  openRowSource: openRawRowSource,
  input: () => process.stdin,
  lookUp: systemLookUp,
};

/** Checks with this machine's own clock and disk. `input` is read in place of standard input. */
export async function checkHere(
  files: readonly string[],
  options: CheckOptions,
  hooks: CheckHooks,
  input: CheckPorts['input'] | null = null,
): Promise<CheckResult> {
  return checkBatch(files, options, hooks, input === null ? realPorts : { ...realPorts, input });
}
