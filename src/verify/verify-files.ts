import { sortFiles } from '../job/files/job-files.js';
import type { Machine } from '../job/terms/machine.js';
import { endsTheCall, worstStatus } from '../terms/exit-status.js';
import { version } from '../terms/version.js';
import type { VerifiedFile, VerifyHooks, VerifyOptions, VerifyResult } from './terms.js';
import { type VerifyEnd, verifyFile } from './verify-file.js';

/** How one call ended. */
export interface VerifyCallEnd {
  readonly result: VerifyResult;
  /** What lies behind the result's `error`, where that is known. */
  readonly cause: Error | null;
}

/** Verifies FILEs one after the other. A stop ends the call; after a file with 1, or with an error (2), the next has its turn. */
export async function verifyFiles(
  given: readonly string[],
  options: VerifyOptions,
  hooks: VerifyHooks,
  machine: Machine,
): Promise<VerifyCallEnd> {
  const { sendable, passedOver } = sortFiles(given, options);
  for (const { file, jobFileOf } of passedOver) {
    const message = `${file} is a job file of ${jobFileOf}: passed over`;
    hooks.onEvent?.({ kind: 'notice', level: 'info', code: 'job-file-passed-over', message });
  }
  const ends: VerifyEnd[] = [];
  for (const file of sendable) {
    const end = await verifyFile(file, options, hooks, machine);
    ends.push(end);
    if (end.error !== null && sendable.length > 1) {
      hooks.onEvent?.({ kind: 'notice', level: 'warning', ...end.error });
    }
    if (endsTheCall(end.exitStatus)) break;
  }
  const status = worstStatus(ends.map((end) => end.exitStatus));
  const worst = ends.find((end) => end.exitStatus === status);
  const files: VerifiedFile[] = ends.flatMap(({ verified }) => (verified === null ? [] : [verified]));
  const result: VerifyResult = { schema: 1, version, exit_status: status, error: worst?.error ?? null, files };
  return { result, cause: worst?.cause ?? null };
}
