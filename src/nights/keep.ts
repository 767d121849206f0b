import { rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { holdsWhatWasSent } from '../drop/archive.js';
import { placeOf } from '../drop/folders.js';
import type { Checkpoint } from '../job/files/checkpoint.js';
import {
  isKeptStem,
  type JobFiles,
  type JobFilesOptions,
  jobFilesIn,
  jobFilesOf,
  rejectsRound,
} from '../job/files/job-files.js';
import { loadCheckpoint } from '../job/files/read-checkpoint.js';
import { realDisk } from '../platform/disk.js';
import type { Clock, Disk } from '../platform/ports.js';
import { onDisk, unlessMissing } from '../storage/disk-errors.js';
import { UsageError } from '../terms/errors.js';

/**
 * --keep: removes what finished jobs left, DAYS after they ended. Never an open job, never one that cannot be read,
 * never one whose rejects are being sent, never anything in `failed/`.
 */

export interface Keeping {
  readonly clock: Clock;
  readonly days: number;
}

const dayMs = 86_400_000;
const dayForm = /^\d{4}-\d\d-\d\d$/;
const checkpointEnd = basename(jobFilesIn('', '').checkpoint);
const lockEnd = basename(jobFilesIn('', '').lock);

/** Of a drop folder's archive; each file goes with its job. Resolves to how many jobs were removed. */
export async function removeOldArchive(keeping: Keeping, root: string): Promise<number> {
  const disk = realDisk;
  const { archive } = placeOf(root);
  let count = 0;
  for (const day of (await namesIn(disk, archive)).filter((name) => dayForm.test(name))) {
    const folder = join(archive, day);
    count += await removeOld(keeping, folder, () => true, true);
    // Refused where something is left in it.
    if ((await namesIn(disk, folder)).length === 0) await rmdir(folder).catch(() => {});
  }
  return count;
}

/** Of the earlier jobs of one FILE, which were renamed. FILE itself stays. */
export async function removeOldJobsOf(keeping: Keeping, file: string, options: JobFilesOptions): Promise<number> {
  const { folder, stem } = jobFilesOf(file, options);
  return removeOld(keeping, folder, (kept) => isKeptStem(stem, kept), false);
}

async function removeOld(
  keeping: Keeping,
  folder: string,
  isMeant: (stem: string) => boolean,
  withFile: boolean,
): Promise<number> {
  const { clock, days } = keeping;
  const disk = realDisk;
  const names = await namesIn(disk, folder);
  const stemsOf = (end: string) => names.filter((name) => name.endsWith(end)).map((name) => name.slice(0, -end.length));
  const locked = stemsOf(lockEnd);
  const jobs: FoundJob[] = [];
  for (const stem of stemsOf(checkpointEnd)) {
    if (!isMeant(stem) && rejectsRound(withoutSandbox(stem)) === null) continue;
    jobs.push({ stem, checkpoint: await readable(disk, jobFilesIn(folder, stem).checkpoint) });
  }
  const atWork = [...locked, ...jobs.filter(({ checkpoint }) => !isOver(checkpoint)).map(({ stem }) => stem)];
  let count = 0;
  for (const { stem, checkpoint } of jobs) {
    if (checkpoint === null || !isMeant(stem) || !isOver(checkpoint)) continue;
    // A round of its rejects that is not over keeps all that it came from.
    if (atWork.some((other) => other === stem || isRejectsOf(stem, other))) continue;
    if (checkpoint.updatedAtMs >= clock.wallMs() - days * dayMs) continue;
    await removeJob(disk, jobFilesIn(folder, stem), checkpoint, withFile);
    count += 1;
  }
  return count;
}

interface FoundJob {
  readonly stem: string;
  /** `null`: it cannot be read. */
  readonly checkpoint: Checkpoint | null;
}

/** One that cannot be read may be anything. */
function isOver(checkpoint: Checkpoint | null): boolean {
  return checkpoint !== null && checkpoint.state !== 'open' && checkpoint.move === null;
}

/** Whether the job with the stem `other` sends rejects that began with the job `stem`, in whatever round. */
function isRejectsOf(stem: string, other: string): boolean {
  const sent = rejectsRound(withoutSandbox(other));
  if (sent === null) return false;
  return sent.name === stem || sent.name === rejectsRound(withoutSandbox(stem))?.name;
}

function withoutSandbox(stem: string): string {
  return stem.replace(/\.sandbox$/, '');
}

/** The checkpoint last: a removal that was broken off is found again by it. */
async function removeJob(disk: Disk, files: JobFiles, checkpoint: Checkpoint, withFile: boolean): Promise<void> {
  const { folder, stem, checkpoint: checkpointPath, ...others } = files;
  const file = join(folder, withoutSandbox(stem));
  await onDisk(`remove old files in ${folder}`, async () => {
    // A file that came under its name later is somebody else's.
    if (withFile && (await holdsWhatWasSent(disk, file, checkpoint))) await unlessMissing(disk.remove(file));
    for (const path of Object.values(others)) await unlessMissing(disk.remove(path));
    await disk.syncFolder(folder);
    await unlessMissing(disk.remove(checkpointPath));
  });
}

async function readable(disk: Disk, path: string): Promise<Checkpoint | null> {
  try {
    return await loadCheckpoint(disk, path);
  } catch (error) {
    if (error instanceof UsageError) return null;
    throw error;
  }
}

/** Empty if the folder does not exist, or if a link leads there. */
async function namesIn(disk: Disk, folder: string): Promise<readonly string[]> {
  return onDisk(`look at ${folder}`, async () => {
    const found = await unlessMissing(disk.look(folder));
    return found?.kind === 'folder' ? disk.list(folder) : [];
  });
}
