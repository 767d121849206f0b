import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import type { Checkpoint } from '../job/files/checkpoint.js';
import { archivedKinds, type JobFiles, jobFilesIn } from '../job/files/job-files.js';
import { beginMove } from '../job/files/move-files.js';
import { withPaths, writeJobSummary } from '../job/files/write-summary.js';
import type { JobSummary } from '../job/terms/summary.js';
import type { Clock, Disk } from '../platform/ports.js';
import { onDisk, unlessMissing } from '../storage/disk-errors.js';
import { localTime } from '../text/local-time.js';
import { printOf } from './arrivals.js';
import type { Place } from './folders.js';
import { numbered } from './names.js';

/** Where a set of files goes: FILE's name there, and the stem of its job files. */
export interface Target {
  readonly folder: string;
  readonly name: string;
  readonly stem: string;
}

export interface Archiving {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly place: Place;
  readonly marker: string | null;
  /** Of this call: tells its temp files from others. */
  readonly runId: string;
}

/** The folder of a day is named by this machine's local date. */
export function archiveFolder({ clock, place }: Archiving): string {
  return join(place.archive, localTime(clock.wallMs()).slice(0, 10));
}

/**
 * Puts FILE and its job files into the archive; `summary` is written again with the paths that its files have there. A FILE that is no longer
 * what the job has sent stays: it is another file, and is taken when it has arrived. Resolves to the summary as it is now.
 */
export async function archiveWithFile(
  archiving: Archiving,
  name: string,
  files: JobFiles,
  checkpoint: Checkpoint,
  summary: JobSummary | null,
): Promise<JobSummary | null> {
  const { disk, place, marker } = archiving;
  const path = join(place.root, name);
  const target = await archiveTarget(archiving, name, files.stem.slice(name.length));
  const moved = summary && withPaths(summary, files, jobFilesIn(target.folder, target.stem));
  if (moved !== null) await writeJobSummary(disk, files.summary, moved, checkpoint.runId);
  const isSent = await holdsWhatWasSent(disk, path, checkpoint);
  const { folder, stem } = target;
  const move = { ...archiveMove(target), fileName: isSent ? target.name : null };
  await beginMove(disk, files, checkpoint, move, {
    folder,
    stem,
    file: isSent ? { from: path, to: join(folder, target.name) } : null,
    marker: isSent && marker !== null ? path + marker : null,
  });
  return moved;
}

/** Puts job files whose FILE is gone, or is another by now, into the archive. */
export async function archiveAlone(archiving: Archiving, files: JobFiles, checkpoint: Checkpoint): Promise<void> {
  const { disk } = archiving;
  const target = await archiveTarget(archiving, files.stem, '');
  const { folder, stem } = target;
  const move = { ...archiveMove(target), fileName: null };
  await beginMove(disk, files, checkpoint, move, { folder, stem, file: null, marker: null });
}

function archiveMove({ folder, stem }: Target) {
  return { role: 'archive', day: basename(folder), stem } as const;
}

/** In the folder of today. What leads there is not a link either: it is looked at each time. */
async function archiveTarget(archiving: Archiving, name: string, stemEnd: string): Promise<Target> {
  const { disk, place } = archiving;
  await onDisk(`put files into ${place.archive}`, () => disk.makeOwnFolder(place.archive));
  return freeTarget(disk, archiveFolder(archiving), name, stemEnd);
}

/** Makes the folder, and finds one number under which no name of the set is taken. */
export async function freeTarget(disk: Disk, folder: string, name: string, stemEnd: string): Promise<Target> {
  return onDisk(`put files into ${folder}`, async () => {
    const wasThere = (await unlessMissing(disk.look(folder))) !== null;
    await disk.makeOwnFolder(folder);
    if (!wasThere) await disk.syncFolder(join(folder, '..'));
    // An archive has a hundred thousand names by the evening: they are listed only where the first number is taken.
    const first = targetIn(folder, name, stemEnd, 1);
    const found = await Promise.all(pathsOf(first).map((path) => unlessMissing(disk.look(path))));
    if (found.every((stat) => stat === null)) return first;
    const taken = new Set(await disk.list(folder));
    for (let number = 1; ; number += 1) {
      const target = targetIn(folder, name, stemEnd, number);
      if (!pathsOf(target).some((path) => taken.has(basename(path)))) return target;
    }
  });
}

function targetIn(folder: string, name: string, stemEnd: string, number: number): Target {
  const own = numbered(name, number);
  return { folder, name: own, stem: own + stemEnd };
}

/** All that a set of files may bring along. */
function pathsOf(target: Target): string[] {
  const files = jobFilesIn(target.folder, target.stem);
  const jobFiles = [files.checkpoint, ...archivedKinds.map((kind) => files[kind])];
  return [join(target.folder, target.name), errorTextPath(target), ...jobFiles];
}

export function errorTextPath({ folder, name }: Pick<Target, 'folder' | 'name'>): string {
  return join(folder, `${name}.error.txt`);
}

/** Whether FILE is there and untouched since the job read it or, for a finished job, has the same content. */
export async function holdsWhatWasSent(disk: Disk, path: string, { file }: Checkpoint): Promise<boolean> {
  return onDisk(`read ${path}`, async () => {
    const stat = await unlessMissing(disk.stat(path));
    if (stat === null) return false;
    if (printOf(stat) === printOf({ ...stat, ...file })) return true;
    return stat.kind === 'file' && file.sha256 !== null && (await sha256Of(disk, path)) === file.sha256;
  });
}

const chunkBytes = 1_048_576;

async function sha256Of(disk: Disk, path: string): Promise<string> {
  const hash = createHash('sha256');
  const chunk = Buffer.alloc(chunkBytes);
  const file = await disk.openInput(path);
  try {
    for (let at = 0; ; ) {
      const readBytes = await file.read(chunk, at);
      if (readBytes === 0) return hash.digest('hex');
      hash.update(chunk.subarray(0, readBytes));
      at += readBytes;
    }
  } finally {
    await file.close();
  }
}
