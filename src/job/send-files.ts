import { type ExitStatus, endsTheCall, worstStatus } from '../terms/exit-status.js';
import { version } from '../terms/version.js';
import { sortFiles } from './files/job-files.js';
import { RowQuota } from './loop/row-quota.js';
import { runJob } from './run-job.js';
import { callError, type FileFault, fileFault } from './terms/call-error.js';
import type { CallHooks } from './terms/file-end.js';
import type { Machine } from './terms/machine.js';
import type { SendOptions } from './terms/options.js';
import type { JobSummary, RunSummary } from './terms/summary.js';

/** How one call ended. */
export interface CallEnd {
  readonly summary: RunSummary;
  /** What lies behind the summary's `error`, where that is known. */
  readonly cause: Error | null;
}

/**
 * Sends FILEs one after the other and resolves to one summary and its cause. After a file with an error (2) or with rejected
 * rows (1) the next one has its turn; every other status ends the call. Rejects for a UsageError that concerns all of
 * them, and for an internal error.
 */
export async function sendFiles(
  files: readonly string[],
  options: SendOptions,
  hooks: CallHooks,
  machine: Machine,
): Promise<CallEnd> {
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
  const faults: FileFault[] = [];
  const quota = new RowQuota(options.limit);
  const causes = new Map<ExitStatus, Error | null>();
  for (const file of sendable) {
    // The memory is dropped once: what the first FILE submits is to be remembered by the second.
    const forget = options.forget && statuses.length === 0;
    const end = await runJob(file, { ...options, forget }, hooks, machine, quota);
    jobs.push(...end.jobs);
    statuses.push(end.exitStatus);
    hooks.onFileEnd?.({ file, jobs: end.jobs, exitStatus: end.exitStatus, error: end.error, isInFailed: false });
    if (end.error !== null) {
      const fault = fileFault(file, sendable.length, end.exitStatus, end.error);
      faults.push(fault);
      if (!causes.has(end.exitStatus)) causes.set(end.exitStatus, end.cause);
      const { code, message } = fault;
      if (sendable.length > 1) hooks.onEvent?.({ kind: 'notice', level: 'warning', code, message });
    }
    if (endsTheCall(end.exitStatus)) break;
  }
  const status = worstStatus(statuses);
  const summary: RunSummary = { schema: 1, version, exit_status: status, error: callError(faults, status), jobs };
  return { summary, cause: causes.get(status) ?? null };
}
