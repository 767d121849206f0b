import { basename, join } from 'node:path';
import type { Checkpoint } from '../job/files/checkpoint.js';
import { type JobFiles, jobFilesIn } from '../job/files/job-files.js';
import { finishMove } from '../job/files/move-files.js';
import { loadCheckpoint } from '../job/files/read-checkpoint.js';
import type { Disk } from '../platform/ports.js';
import { onDisk, unlessMissing } from '../storage/disk-errors.js';
import { UsageError } from '../terms/errors.js';
import { type Archiving, archiveAlone, holdsWhatWasSent } from './archive.js';
import { mendFailed } from './failed.js';
import { folderOfMove, type Place } from './folders.js';

/** A job whose files are in the folder for them. `checkpoint` null: it cannot be read. */
export interface FoundJob {
  readonly files: JobFiles;
  readonly checkpoint: Checkpoint | null;
}

const checkpointEnd = basename(jobFilesIn('', '').checkpoint);

export async function findJobs(disk: Disk, place: Place): Promise<FoundJob[]> {
  const names = await onDisk(`look at ${place.jobs}`, () => disk.list(place.jobs));
  const jobs: FoundJob[] = [];
  for (const name of names.filter((one) => one.endsWith(checkpointEnd))) {
    const files = jobFilesIn(place.jobs, name.slice(0, -checkpointEnd.length));
    jobs.push({ files, checkpoint: await readable(loadCheckpoint(disk, files.checkpoint)) });
  }
  return jobs;
}

/** The run of the job says what is wrong with its checkpoint. */
async function readable(loading: Promise<Checkpoint | null>): Promise<Checkpoint | null> {
  try {
    return await loading;
  } catch (error) {
    if (error instanceof UsageError) return null;
    throw error;
  }
}

/**
 * Finishes moves that earlier runs started, and puts away what is done. Afterwards a checkpoint belongs to an open job, or to one
 * that is done and whose FILE is there, with the very content that was sent.
 */
export async function mend(archiving: Archiving): Promise<void> {
  await mendFailed(archiving);
  for (const { files, checkpoint } of await findJobs(archiving.disk, archiving.place)) {
    if (checkpoint !== null) await mendJob(archiving, files, checkpoint);
  }
}

async function mendJob(archiving: Archiving, files: JobFiles, checkpoint: Checkpoint): Promise<void> {
  const { disk, place, marker } = archiving;
  const { move, state } = checkpoint;
  const { name } = checkpoint.file;
  const path = join(place.root, name);
  // Under another stem are the files of a job that another of the same FILE took the place of.
  const isOfFile = [name, `${name}.sandbox`].includes(files.stem);
  if (move !== null) {
    const folder = folderOfMove(place, move);
    const target = move.role === 'kept' || move.fileName === null || !isOfFile ? null : join(folder, move.fileName);
    // A FILE of another content is tomorrow's, which came after this one had moved.
    const isStillHere =
      target !== null && (await isFree(disk, target)) && (await holdsWhatWasSent(disk, path, checkpoint));
    await onDisk(`put files into ${folder}`, async () => {
      if (move.role === 'archive') await disk.makeOwnFolder(place.archive);
      await disk.makeOwnFolder(folder);
    });
    return finishMove(disk, files, checkpoint, {
      folder,
      stem: move.stem,
      file: isStillHere ? { from: path, to: target } : null,
      marker: isStillHere && marker !== null ? path + marker : null,
    });
  }
  const isToResume = state === 'open' || (state === 'complete' && (await holdsWhatWasSent(disk, path, checkpoint)));
  if (!isOfFile || !isToResume) await archiveAlone(archiving, files, checkpoint);
}

async function isFree(disk: Disk, path: string): Promise<boolean> {
  return onDisk(`look at ${path}`, async () => (await unlessMissing(disk.look(path))) === null);
}
