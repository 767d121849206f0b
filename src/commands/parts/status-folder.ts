import { basename, dirname, join, resolve } from 'node:path';
import { keptSince } from '../../job/files/job-files.js';
import { holderName } from '../../job/lock/lease.js';
import { type FoundFiles, findJobsIn } from '../../status/find-jobs.js';
import type { StoredJob } from '../../status/job-state.js';
import { readJob, readLock } from '../../status/read-job.js';
import { UsageError } from '../../terms/errors.js';
import { exitStatus } from '../../terms/exit-status.js';
import { type FolderStatus, folderTotals, isInDays, jobDays } from '../words/folder-status.js';
import type { JobStatus } from '../words/job-status.js';
import { resumeDropWords, resumeWords } from '../words/resume-command.js';
import { type StatusView, statusOfJob } from './status-of-job.js';

/** `status DIR`: every job in a folder, by day. */

export async function readFolder(view: StatusView, folder: string): Promise<FolderStatus> {
  const { machine, settings, nowMs } = view;
  const found = await findJobsIn(machine.disk, folder);
  const lock = await readLock(machine, found.lockPath);
  const lease = lock?.isHeld === true ? lock.found.lease : null;
  const all: JobStatus[] = [];
  for (const files of found.jobs) all.push(await statusOfFound(view, folder, files));
  for (const { path, code, message, sinceMs } of found.failed) {
    all.push(unusable(path, sinceMs, { code, message }));
  }
  const jobs = all.filter((job) => isInDays(job, settings.days, nowMs));
  return {
    folder,
    days: settings.days,
    holder: lease && holderName(lease),
    holderSinceMs: lease?.sinceMs ?? null,
    byDay: jobDays(jobs),
    totals: folderTotals(jobs),
  };
}

/** A job whose checkpoint is damaged does not hide the others. */
async function statusOfFound(view: StatusView, folder: string, { place, files }: FoundFiles): Promise<JobStatus> {
  const { machine, stateDir } = view;
  let stored: StoredJob;
  try {
    stored = await readJob(machine, files);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return unusable(join(files.folder, files.stem), null, { code: error.code, message: error.message });
  }
  if (keptSince(files.stem) !== null) stored = replaced(stored);
  const { checkpoint, lastEnd } = stored;
  const stem = checkpoint?.job.endpoint === 'sandbox' ? files.stem.replace(/\.sandbox$/, '') : files.stem;
  const name = checkpoint?.file.name ?? stem;
  if (place === 'jobs') {
    return statusOfJob(view, join(folder, name), stored, ({ job }) => resumeDropWords(job, folder, stateDir));
  }
  // Put away, FILE has the name that its job's files begin with. Elsewhere --out and --name may have led them here.
  const file = place === 'root' ? (lastEnd?.file ?? join(folder, name)) : join(files.folder, stem);
  const isBeside = file !== '-' && resolve(dirname(file)) === resolve(files.folder);
  const places = {
    out: isBeside ? null : files.folder,
    name: file !== '-' && basename(file) === stem ? null : stem,
    stateDir,
  };
  return statusOfJob(view, file, stored, ({ job }) => resumeWords(job, file, places));
}

/** What --restart left of a job that was not done: another job took its place, and nothing resumes this one. */
function replaced(stored: StoredJob): StoredJob {
  const { checkpoint } = stored;
  return checkpoint?.state === 'open' ? { ...stored, checkpoint: { ...checkpoint, state: 'closed' } } : stored;
}

function unusable(
  file: string,
  sinceMs: number | null,
  error: { readonly code: string; readonly message: string },
): JobStatus {
  return {
    file,
    state: 'stopped',
    holder: null,
    sinceMs,
    untilMs: null,
    cause: error.code,
    exitStatus: exitStatus.usage,
    error,
    complete: false,
    rows: null,
    share: null,
    updatedAtMs: null,
    endsAtMs: null,
    command: null,
  };
}
