import { requireEncrypted } from '../endpoint/endpoint.js';
import type { VerifyHooks, VerifyOptions, VerifyResult } from '../verify/terms.js';
import { verifyFiles } from '../verify/verify-files.js';
import { realMachine } from './machine.js';

/** Verifies with this machine's own clock, disk and network. */
export async function verifyHere(
  files: readonly string[],
  options: VerifyOptions,
  hooks: VerifyHooks,
): Promise<VerifyResult> {
  await requireEncrypted(options, realMachine.lookUp, realMachine.clock);
  return verifyFiles(files, options, hooks, realMachine);
}
