import { type ExitStatus, endsTheCall, worstStatus } from '../exit-status.js';
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
  const faults: { readonly status: ExitStatus; readonly code: string; readonly message: string }[] = [];
  for (const file of sendable) {
    // The memory is dropped once: what the first FILE submits is to be remembered by the second.
    const forget = options.forget && statuses.length === 0;
    const end = await runJob(file, { ...options, forget }, hooks, machine);
    jobs.push(...end.jobs);
    statuses.push(end.exitStatus);
    if (end.error !== null) {
      const { code } = end.error;
      const isNamed = sendable.length === 1 || end.error.message.includes(file);
      const message = isNamed ? end.error.message : `${file}: ${end.error.message}`;
      faults.push({ status: end.exitStatus, code, message });
      if (sendable.length > 1) hooks.onEvent?.({ kind: 'notice', level: 'warning', code, message });
    }
    if (endsTheCall(end.exitStatus)) break;
  }
  const status = worstStatus(statuses);
  const worst = faults.find((fault) => fault.status === status) ?? faults[0];
  return {
    schema: 1,
    version,
    exit_status: status,
    // The worst one's code; every file that has one is named.
    error: worst === undefined ? null : { code: worst.code, message: faults.map(({ message }) => message).join('; ') },
    jobs,
  };
}
