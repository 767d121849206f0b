import { requireEncrypted } from '../endpoint/endpoint.js';
import type { VerifyHooks, VerifyOptions } from '../verify/terms.js';
import { type VerifyCallEnd, verifyFiles } from '../verify/verify-files.js';
import { realMachine } from './machine.js';

/** Verifies with this machine's own clock, disk and network. */
export async function verifyHere(
  files: readonly string[],
  options: VerifyOptions,
  hooks: VerifyHooks,
): Promise<VerifyCallEnd> {
  await requireEncrypted(options, realMachine.lookUp, realMachine.clock);
  return verifyFiles(files, options, hooks, realMachine);
}
