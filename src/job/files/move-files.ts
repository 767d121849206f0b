import { basename, dirname, join, resolve } from 'node:path';
import type { Disk } from '../../platform/ports.js';
import { onDisk, unlessMissing } from '../../storage/disk-errors.js';
import { UsageError } from '../../terms/errors.js';
import { type Checkpoint, type Move, writeCheckpoint } from './checkpoint.js';
import { archivedKinds, isKeptStem, isTempFileOf, type JobFiles, jobFilesIn } from './job-files.js';
import { damagedCheckpoint, loadCheckpoint } from './read-checkpoint.js';

/**
 * Moving a job's files: where to is written into the checkpoint first, then FILE moves (`drop`), then its job files,
 * the checkpoint last. A crash in between leaves a checkpoint that says what is left to do; `finishMove` does it, any
 * number of times. Folders are made durable before the checkpoint goes, so that it never goes before the others.
 */

/** What an earlier run of the job left under its names: temp files are removed, a move that was started is completed. */
export async function readEarlier(disk: Disk, files: JobFiles): Promise<Checkpoint | null> {
  await onDisk(`clear up in ${files.folder}`, () => removeTempFiles(disk, files));
  const checkpoint = await loadCheckpoint(disk, files.checkpoint);
  if (checkpoint === null || checkpoint.move === null) return checkpoint;
  const { move } = checkpoint;
  if (move.role !== 'kept') throw unfinishedMove(files);
  if (!isKeptStem(files.stem, move.stem)) throw damagedCheckpoint(files.checkpoint, '"move" names another job');
  await finishMove(disk, files, checkpoint, beside(files, move.stem));
  return null;
}

/**
 * Keeps the files of an earlier job under names of their own, `<stem>.<when it started>` (a number after it where
 * those are taken). `null`: its checkpoint is missing or cannot be read; then the age of the report stands in.
 * Resolves to the new names, or to `null` where there was nothing to keep.
 */
export async function archiveJobFiles(
  disk: Disk,
  files: JobFiles,
  checkpoint: Checkpoint | null,
): Promise<JobFiles | null> {
  return onDisk(`rename the earlier job's files in ${files.folder}`, async () => {
    const startedAtMs = checkpoint?.startedAtMs ?? (await oldestMs(disk, files));
    if (startedAtMs === null) return null;
    const names = new Set(await disk.list(files.folder));
    const kept = freeNames(files, startedAtMs, (name) => names.has(name));
    if (checkpoint === null) await renameAll(disk, files, kept);
    else await beginMove(disk, files, checkpoint, { role: 'kept', stem: kept.stem }, beside(files, kept.stem));
    return kept;
  });
}

/** What a move means on this disk: worked out again by each run, from where its own folders are. */
export interface MovePaths {
  readonly folder: string;
  readonly stem: string;
  /** `null`: FILE stays where it is. */
  readonly file: { readonly from: string; readonly to: string } | null;
  /** What says that FILE has arrived (`drop`); it is removed. */
  readonly marker: string | null;
}

function beside(files: JobFiles, stem: string): MovePaths {
  return { folder: files.folder, stem, file: null, marker: null };
}

/** Writes down where the job's files go, and moves them. The names there must be free. */
export async function beginMove(
  disk: Disk,
  files: JobFiles,
  checkpoint: Checkpoint,
  move: Move,
  paths: MovePaths,
): Promise<void> {
  await writeCheckpoint(disk, files.checkpoint, { ...checkpoint, move });
  await finishMove(disk, files, checkpoint, paths);
}

/** The rest of a move that was started; may run any number of times. */
export async function finishMove(
  disk: Disk,
  from: JobFiles,
  checkpoint: Checkpoint,
  { folder, stem, file, marker }: MovePaths,
): Promise<void> {
  await onDisk(`move the job's files from ${from.folder} to ${folder}`, async () => {
    const to = jobFilesIn(folder, stem);
    // Before FILE goes: one that outlived it would vouch for the next file of its name.
    if (marker !== null) await unlessMissing(disk.remove(marker));
    if (file !== null) await renameIfThere(disk, file.from, file.to);
    await moveAllButCheckpoint(disk, from, to, file === null ? [] : [file.from, file.to]);
    // Without `move`: a user who gives the files their old names back can resume with them.
    await writeCheckpoint(disk, to.checkpoint, { ...checkpoint, move: null });
    if (resolve(to.checkpoint) === resolve(from.checkpoint)) return;
    await unlessMissing(disk.remove(from.checkpoint));
    await disk.syncFolder(from.folder);
  });
}

function unfinishedMove(files: JobFiles): UsageError {
  return new UsageError(
    'move-unfinished',
    `${files.checkpoint}: profile-drip drop has begun to move this job's files and was stopped. Run profile-drip drop on its folder again: it finishes the move first.`,
  );
}

async function moveAllButCheckpoint(
  disk: Disk,
  from: JobFiles,
  to: JobFiles,
  alsoMoved: readonly string[],
): Promise<void> {
  for (const kind of archivedKinds) await renameIfThere(disk, from[kind], to[kind]);
  const folders = [to.folder, from.folder, ...alsoMoved.map((path) => dirname(path))];
  for (const folder of new Set(folders.map((path) => resolve(path)))) await disk.syncFolder(folder);
}

async function renameAll(disk: Disk, from: JobFiles, to: JobFiles): Promise<void> {
  await moveAllButCheckpoint(disk, from, to, []);
  await renameIfThere(disk, from.checkpoint, to.checkpoint);
  await disk.syncFolder(from.folder);
}

async function renameIfThere(disk: Disk, from: string, to: string): Promise<void> {
  await unlessMissing(disk.rename(from, to));
}

async function removeTempFiles(disk: Disk, files: JobFiles): Promise<void> {
  for (const name of await disk.list(files.folder)) {
    if (isTempFileOf(files.stem, name)) await unlessMissing(disk.remove(join(files.folder, name)));
  }
}

/**
 * Rejects that lie where those of a job that begins now will be, and belong to no job that is known here, keep a name
 * of their own. Resolves to it, or to `null` where there are none.
 */
export async function keepLoneRejects(disk: Disk, files: JobFiles): Promise<string | null> {
  return onDisk(`rename ${files.rejects}`, async () => {
    const found = await unlessMissing(disk.look(files.rejects));
    if (found === null) return null;
    const names = new Set(await disk.list(files.folder));
    const kept = freeNames(files, found.modifiedMs, (name) => names.has(name));
    for (const kind of ['rejects', 'rejectsReasons'] as const) await renameIfThere(disk, files[kind], kept[kind]);
    await disk.syncFolder(files.folder);
    return kept.rejects;
  });
}

function freeNames(files: JobFiles, startedAtMs: number, isTaken: (name: string) => boolean): JobFiles {
  const stem = `${files.stem}.${new Date(startedAtMs).toISOString().slice(0, 19).replaceAll(':', '')}Z`;
  for (let number = 1; ; number += 1) {
    const names = jobFilesIn(files.folder, number === 1 ? stem : `${stem}-${number}`);
    const all = [names.checkpoint, ...archivedKinds.map((kind) => names[kind])];
    if (!all.some((path) => isTaken(basename(path)))) return names;
  }
}

/** When the oldest of the files was written to last; `null`: none is there. */
async function oldestMs(disk: Disk, files: JobFiles): Promise<number | null> {
  const stats = await Promise.all(
    [files.checkpoint, files.results, files.rejects, files.summary].map((path) => unlessMissing(disk.look(path))),
  );
  const times = stats.flatMap((stat) => (stat === null ? [] : [stat.modifiedMs]));
  return times.length === 0 ? null : Math.min(...times);
}
