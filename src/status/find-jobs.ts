import { basename, join } from 'node:path';
import { placeOf } from '../drop/folders.js';
import { type JobFiles, jobFilesIn } from '../job/files/job-files.js';
import type { Disk, FileStat } from '../platform/ports.js';
import { onDisk, unlessMissing } from '../storage/disk-errors.js';
import { readText } from '../storage/read-json.js';

/** The jobs in a folder: a drop folder with its archive, or any folder with job files. Only reads. */

/** Where in the folder the job's files are. */
export type JobPlace = 'root' | 'jobs' | 'archive' | 'failed';

export interface FoundFiles {
  readonly place: JobPlace;
  readonly files: JobFiles;
}

/** A file in `failed/` whose job had not started: its text says why it is there. */
export interface FailedFile {
  readonly path: string;
  readonly code: string;
  readonly message: string;
  readonly sinceMs: number;
}

export interface FolderJobs {
  readonly jobs: readonly FoundFiles[];
  readonly failed: readonly FailedFile[];
  /** The lock of a drop pass over the folder. */
  readonly lockPath: string;
}

const checkpointEnd = basename(jobFilesIn('', '').checkpoint);
const errorTextEnd = '.error.txt';
const dayForm = /^\d{4}-\d\d-\d\d$/;

export async function findJobsIn(disk: Disk, root: string): Promise<FolderJobs> {
  const { jobs: jobsFolder, archive, failed: failedFolder, lock } = placeOf(root);
  const days = (await namesIn(disk, archive)).filter((name) => dayForm.test(name));
  const places: (readonly [JobPlace, string])[] = [
    ['root', root],
    ['jobs', jobsFolder],
    ...days.map((day) => ['archive', join(archive, day)] as const),
    ['failed', failedFolder],
  ];
  const jobs: FoundFiles[] = [];
  for (const [place, folder] of places) {
    for (const name of await namesIn(disk, folder)) {
      if (!name.endsWith(checkpointEnd) || name === checkpointEnd) continue;
      jobs.push({ place, files: jobFilesIn(folder, name.slice(0, -checkpointEnd.length)) });
    }
  }
  const failed = await failedFiles(disk, failedFolder);
  return { jobs, failed, lockPath: lock };
}

/** Empty if the folder does not exist: only a drop folder has all of them. */
async function namesIn(disk: Disk, folder: string): Promise<readonly string[]> {
  return onDisk(`look at ${folder}`, async () => {
    const found = await unlessMissing(disk.look(folder));
    const isFolder = found?.kind === 'folder' || (found?.kind === 'other' && (await isFolderLink(disk, folder)));
    return isFolder ? (await disk.list(folder)).toSorted() : [];
  });
}

/** The folder that was given may be reached by a link. */
async function isFolderLink(disk: Disk, path: string): Promise<boolean> {
  return (await unlessMissing(disk.stat(path)))?.kind === 'folder';
}

async function failedFiles(disk: Disk, folder: string): Promise<FailedFile[]> {
  const names = await namesIn(disk, folder);
  const failed: FailedFile[] = [];
  for (const name of names.filter((one) => one.endsWith(errorTextEnd))) {
    const file = name.slice(0, -errorTextEnd.length);
    const hasJob = names.includes(`${file}${checkpointEnd}`) || names.includes(`${file}.sandbox${checkpointEnd}`);
    if (hasJob) continue;
    const { text, stat } = await readErrorText(disk, join(folder, name));
    failed.push({
      path: join(folder, file),
      code: /^Code: ([a-z-]{1,60})$/m.exec(text)?.[1] ?? 'file-unreadable',
      message: /^Why: (.+)$/m.exec(text)?.[1] ?? 'its .error.txt says why',
      sinceMs: stat.modifiedMs,
    });
  }
  return failed;
}

async function readErrorText(disk: Disk, path: string): Promise<{ readonly text: string; readonly stat: FileStat }> {
  return onDisk(`read ${path}`, async () => {
    const file = await disk.open(path, 'read');
    try {
      return { text: await readText(file), stat: await file.stat() };
    } finally {
      await file.close();
    }
  });
}
