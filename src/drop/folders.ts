import { dirname, join } from 'node:path';
import type { Move } from '../job/files/checkpoint.js';
import { type JobFiles, jobFilesIn } from '../job/files/job-files.js';
import type { Disk } from '../platform/ports.js';
import { onDisk, unlessMissing } from '../storage/disk-errors.js';
import { systemCode, UsageError } from '../terms/errors.js';
import { harmless } from '../text/harmless.js';

/** The folders of a drop folder. */
export interface Place {
  readonly root: string;
  /** Job files until their file is put away. */
  readonly jobs: string;
  readonly archive: string;
  readonly failed: string;
  /** No job's lock can have this name: an input's never begins with a dot. */
  readonly lock: string;
}

export function placeOf(root: string): Place {
  const jobs = join(root, '.profile-drip');
  return { root, jobs, archive: join(root, 'archive'), failed: join(root, 'failed'), lock: join(jobs, '.drop.lock') };
}

export function jobFilesFor(place: Place, name: string, sandbox: boolean): JobFiles {
  return jobFilesIn(place.jobs, sandbox ? `${name}.sandbox` : name);
}

/** What a move that was started means in this drop folder, wherever the folder is now. */
export function folderOfMove(place: Place, move: Move): string {
  switch (move.role) {
    case 'archive':
      return join(place.archive, move.day);
    case 'failed':
      return place.failed;
    case 'kept':
      return place.jobs;
  }
}

/** @throws UsageError `drop-no-folder`. */
export async function requireDropFolder(disk: Disk, { root }: Place): Promise<void> {
  const found = await onDisk(`look at ${root}`, async () => unlessMissing(disk.stat(root)));
  if (found?.kind === 'folder') return;
  const what = found === null ? 'it does not exist' : 'it is not a folder';
  const message = `drop: expected a folder at ${harmless(root, 1000)}; ${what}. Create it, or check the path`;
  throw new UsageError('drop-no-folder', message);
}

/**
 * Checks with an empty file whether all the moves can be made, before anything is sent. Only a real move shows it: two
 * mounts of one device look the same.
 *
 * @throws UsageError `drop-file-system`; MachineError where a folder cannot be written to.
 */
export async function tryMoves(disk: Disk, place: Place): Promise<void> {
  const probe = (folder: string) => join(folder, '.profile-drip-probe.tmp');
  await onDisk(`use ${place.root}`, async () => {
    for (const folder of [place.archive, place.failed]) await disk.makeOwnFolder(folder);
    await disk.open(probe(place.jobs), 'append').then((file) => file.close());
    let at = place.jobs;
    try {
      for (const folder of [place.root, place.archive, place.failed]) {
        await renameWithin(disk, probe(at), probe(folder));
        at = folder;
      }
    } finally {
      await unlessMissing(disk.remove(probe(at)));
    }
  });
}

async function renameWithin(disk: Disk, from: string, to: string): Promise<void> {
  try {
    await disk.rename(from, to);
  } catch (error) {
    if (systemCode(error) !== 'EXDEV') throw error;
    const message = `drop: expected one file system; ${harmless(dirname(to), 1000)} is on another one than ${harmless(dirname(from), 1000)}. Files are moved by renaming, which only one file system can: put the folders on the same one`;
    throw new UsageError('drop-file-system', message, { cause: error });
  }
}
