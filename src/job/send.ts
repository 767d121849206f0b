import { type ExitStatus, endsTheCall, exitStatus, worstStatus } from '../exit-status.js';
import { version } from '../version.js';
import { sortFiles } from './job-files.js';
import type { Machine } from './machine.js';
import type { SendHooks, SendOptions } from './options.js';
import { runJob } from './run.js';
import type { JobSummary, RunSummary } from './summary.js';

/**
 * Sends FILEs one after the other and resolves to one summary. A file at fault (2) or with rejected rows (1) lets the
 * next have its turn; every other status ends the call. Rejects for a UsageError that concerns all of them, and for a
 * fault of the program.
 */
export async function sendFiles(
  files: readonly string[],
  options: SendOptions,
  hooks: SendHooks,
  machine: Machine,
): Promise<RunSummary> {
  const { sendable, passedOver } = sortFiles(files, options);
  for (const { file, jobFileOf } of passedOver) {
    hooks.onEvent?.({
      kind: 'notice',
      level: 'info',
      code: 'job-file-passed-over',
      message: `${file} is a job file of ${jobFileOf}: passed over`,
    });
  }
  const jobs: JobSummary[] = [];
  const statuses: ExitStatus[] = [];
  let worst: { readonly status: ExitStatus; readonly error: RunSummary['error'] } | null = null;
  for (const file of sendable) {
    // The memory is dropped once: what the first FILE submits is to be remembered by the second.
    const forget = options.forget && statuses.length === 0;
    const end = await runJob(file, { ...options, forget }, hooks, machine);
    jobs.push(...end.jobs);
    statuses.push(end.exitStatus);
    if (worst === null || worstStatus([worst.status, end.exitStatus]) !== worst.status) {
      worst = { status: end.exitStatus, error: end.error };
    }
    if (end.error !== null && sendable.length > 1) {
      hooks.onEvent?.({
        kind: 'notice',
        level: 'warning',
        code: end.error.code,
        message: `${file}: ${end.error.message}`,
      });
    }
    if (endsTheCall(end.exitStatus)) break;
  }
  return {
    schema: 1,
    version,
    exit_status: worst?.status ?? exitStatus.done,
    error: worst?.error ?? null,
    jobs,
  };
}
