import { sortFiles } from '../job/files/job-files.js';
import type { Machine } from '../job/terms/machine.js';
import { endsTheCall, worstStatus } from '../terms/exit-status.js';
import { version } from '../terms/version.js';
import type { VerifiedFile, VerifyHooks, VerifyOptions, VerifyResult } from './terms.js';
import { type VerifyEnd, verifyFile } from './verify-file.js';

/** Verifies FILEs one after the other. A stop ends the call; a file at fault (2), or with 1, lets the next have its turn. */
export async function verifyFiles(
  given: readonly string[],
  options: VerifyOptions,
  hooks: VerifyHooks,
  machine: Machine,
): Promise<VerifyResult> {
  const { sendable, passedOver } = sortFiles(given, options);
  for (const { file, jobFileOf } of passedOver) {
    hooks.onNotice?.('info', 'job-file-passed-over', `${file} is a job file of ${jobFileOf}: passed over`);
  }
  const ends: VerifyEnd[] = [];
  for (const file of sendable) {
    const end = await verifyFile(file, options, hooks, machine);
    ends.push(end);
    if (end.error !== null && sendable.length > 1) hooks.onNotice?.('warning', end.error.code, end.error.message);
    if (endsTheCall(end.exitStatus)) break;
  }
  const status = worstStatus(ends.map((end) => end.exitStatus));
  const error = ends.find((end) => end.exitStatus === status)?.error ?? null;
  const files: VerifiedFile[] = ends.flatMap(({ verified }) => (verified === null ? [] : [verified]));
  return { schema: 1, version, exit_status: status, error, files };
}
