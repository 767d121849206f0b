import { basename, dirname, join } from 'node:path';
import { type JobFiles, jobFilesIn, jobFilesOf } from '../job/files/job-files.js';
import type { Disk } from '../platform/ports.js';
import { FileError } from '../terms/errors.js';
import type { JobNaming } from './figures/next-step.js';

const resultsSuffix = jobFilesIn('', '').results;

/** A job as it was asked for. */
export interface LocatedJob {
  readonly files: JobFiles;
  readonly naming: JobNaming;
}

/**
 * The files of the job that is asked for: FILE as it was sent, there or not any more, or a job's results themselves,
 * which is how a sandbox's job and an earlier, renamed one are named.
 */
export async function locateJob(disk: Disk, naming: JobNaming & { readonly file: string }): Promise<LocatedJob> {
  const { file, out, name } = naming;
  const files = jobFilesOf(file, { out, name, sandbox: false });
  if (!file.endsWith(resultsSuffix) || out !== null || name !== null) return { files, naming };
  const stem = basename(file).slice(0, -resultsSuffix.length);
  // A file of this name may have been sent itself, and then it has results of its own.
  if (stem === '' || (await isThere(disk, files.results))) return { files, naming };
  const source = join(dirname(file), stem.replace(/\.sandbox$/, ''));
  return {
    files: jobFilesIn(dirname(file), stem),
    naming: { file: (await isThere(disk, source)) ? source : null, out: null, name: null },
  };
}

export async function missingResults(disk: Disk, files: JobFiles): Promise<FileError> {
  const inSandbox = jobFilesIn(files.folder, `${files.stem}.sandbox`).results;
  const advice = (await isThere(disk, inSandbox))
    ? `The file was sent to a sandbox: profile-drip report ${inSandbox} shows that.`
    : 'Send the file first; if it was sent with --out or --name, give the same here.';
  return new FileError(
    'results-missing',
    `there are no results to report on: expected ${files.results}, found no such file. ${advice}`,
    null,
  );
}

export function notResults(files: JobFiles): FileError {
  return new FileError(
    'results-strange',
    `${files.results} is not a results report: expected its first line to be the columns that profile-drip send writes, found something else. Put the job's own file back, or give the right one with --out and --name.`,
    null,
  );
}

async function isThere(disk: Disk, path: string): Promise<boolean> {
  return disk.stat(path).then(
    () => true,
    () => false,
  );
}
