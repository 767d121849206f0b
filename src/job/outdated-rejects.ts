import { basename, dirname, join, resolve } from 'node:path';
import type { Disk } from '../platform/ports.js';
import { onDisk, unlessMissing } from '../storage/disk-errors.js';
import { ProfileDripError, UsageError } from '../terms/errors.js';
import { isRejected, rowStatuses } from '../terms/outcome.js';
import type { Checkpoint } from './files/checkpoint.js';
import { jobFilesIn, keptSince, rejectsRound } from './files/job-files.js';
import { loadCheckpoint } from './files/read-checkpoint.js';

/**
 * Rejects of a job whose FILE has had a later job: sent now, their values would go over newer ones. What is looked at are
 * the checkpoints of FILE's jobs beside the rejects, and in a drop folder those of later days.
 *
 * @throws UsageError `rejects-outdated`.
 */
export async function requireCurrentRejects(disk: Disk, file: string): Promise<void> {
  const rejects = rejectsRound(basename(file));
  if (rejects === null) return;
  const folder = dirname(file);
  const kept = keptSince(rejects.name);
  const name = kept?.stem ?? rejects.name;
  const now = await jobOf(disk, folder, name);
  const parent = rejects.round === 1 ? null : await jobOf(disk, folder, roundName(rejects));
  // The time in a kept name has no milliseconds: the job's own checkpoint has them, if it is there.
  const keptSinceMs = kept && ((await jobOf(disk, folder, rejects.name))?.startedAtMs ?? kept.startedAtMs + 999);
  const sinceMs = keptSinceMs ?? parent?.startedAtMs ?? now?.startedAtMs ?? null;
  if (sinceMs === null) return;
  const isLater = (job: Checkpoint | null) => job !== null && job.startedAtMs > sinceMs;
  const isFirstRound = kept === null && parent === null;
  if (isLater(now) || (isFirstRound && now !== null && !hasRejects(now))) throw outdated(file, name);
  for (const job of await laterJobsOfDropFolder(disk, folder, now)) {
    if (isLater(job)) throw outdated(file, name);
  }
}

/** The name of the rejects that were sent in the round before. */
function roundName({ name, round }: { readonly name: string; readonly round: number }): string {
  return basename(round === 2 ? `${name}.rejects.csv` : `${name}.rejects-${round - 1}.csv`);
}

/** Only a job that is done has made rejects; one that runs now will have others. */
function hasRejects({ state, counts }: Checkpoint): boolean {
  return state === 'complete' && rowStatuses.some((status) => isRejected(status) && counts[status] > 0);
}

/** `null`: there is none, or it says nothing: the next run of that job reports what is wrong with it. */
async function jobOf(disk: Disk, folder: string, stem: string): Promise<Checkpoint | null> {
  try {
    return await loadCheckpoint(disk, jobFilesIn(folder, stem).checkpoint);
  } catch (error) {
    if (error instanceof ProfileDripError) return null;
    throw error;
  }
}

const checkpointEnd = basename(jobFilesIn('', '').checkpoint);
/** The number of a name that was taken in the archive: `loyalty-2.csv`. */
const numberBeforeEnd = /-\d+(?=(?:\.(?:csv|tsv|txt|gz))+$)/i;

/** Of the same FILE, where `job` stands in a drop folder's archive: those that were archived later or are running. */
async function laterJobsOfDropFolder(disk: Disk, folder: string, job: Checkpoint | null): Promise<Checkpoint[]> {
  const archive = dirname(resolve(folder));
  if (job === null || basename(archive) !== 'archive') return [];
  const today = basename(resolve(folder));
  const days = await onDisk(`look at ${archive}`, async () => (await unlessMissing(disk.list(archive))) ?? []);
  const folders = days.filter((day) => day >= today).map((day) => join(archive, day));
  const found: Checkpoint[] = [];
  for (const one of [...folders, join(dirname(archive), '.profile-drip')]) {
    const names = (await unlessMissing(disk.list(one)).catch(() => null)) ?? [];
    for (const name of names.filter((each) => each.endsWith(checkpointEnd))) {
      const stem = name.slice(0, -checkpointEnd.length);
      if (stem !== job.file.name && stem.replace(numberBeforeEnd, '') !== job.file.name) continue;
      const other = await jobOf(disk, one, stem);
      if (other?.file.name === job.file.name) found.push(other);
    }
  }
  return found;
}

function outdated(file: string, name: string): UsageError {
  return new UsageError(
    'rejects-outdated',
    `${file}: a later job of ${name} has begun, and has newer values for these visitors. Send the rejects of that job, or give --allow-outdated to send these all the same`,
  );
}
