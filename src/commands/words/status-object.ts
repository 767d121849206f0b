import type { LedgerStatus } from '../../ledger/status.js';
import type { FolderStatus } from './folder-status.js';
import type { JobStatus } from './job-status.js';

/** `status --json`: a public interface. */
export function statusObject(
  ledgers: readonly LedgerStatus[],
  jobs: readonly JobStatus[],
  folders: readonly FolderStatus[],
) {
  const ofFolders = folders.flatMap(({ byDay }) => byDay.flatMap((day) => day.jobs));
  return {
    schema: 1,
    ledgers: ledgers.map((ledger) => ({
      client_code: ledger.clientCode,
      kind: ledger.kind,
      loopback: ledger.isLoopback,
      limit: ledger.limit,
      reserve: ledger.reserve,
      used: ledger.used,
      left: ledger.left,
      next_free_at: isoTime(ledger.nextFreeAtMs),
      all_free_at: isoTime(ledger.allFreeAtMs),
      hours: ledger.hours.map(({ fromMs, used }) => ({ from: isoTime(fromMs), used })),
    })),
    jobs: [...jobs, ...ofFolders].map(jobObject),
    folders: folders.map(folderObject),
  };
}

function jobObject(job: JobStatus) {
  return {
    file: job.file,
    state: job.state,
    holder: job.holder,
    since: isoTime(job.sinceMs),
    until: isoTime(job.untilMs),
    cause: job.cause,
    exit_status: job.exitStatus,
    error: job.error,
    command: job.command,
    complete: job.complete,
    rows: job.rows,
    updated_at: isoTime(job.updatedAtMs),
    ends_at: isoTime(job.endsAtMs),
  };
}

function folderObject({ folder, days, holder, holderSinceMs, byDay, totals }: FolderStatus) {
  return {
    folder,
    days,
    holder,
    since: isoTime(holderSinceMs),
    totals: {
      jobs: totals.jobs,
      done: totals.done,
      at_work: totals.atWork,
      stopped: totals.stopped,
      rows: totals.rows,
      submitted: totals.submitted,
      not_through: totals.notThrough,
    },
    by_day: byDay.map(({ day, jobs }) => ({ day, files: jobs.map(({ file }) => file) })),
  };
}

function isoTime(wallMs: number | null): string | null {
  return wallMs === null ? null : new Date(wallMs).toISOString();
}
