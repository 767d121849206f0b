import { basename, join } from 'node:path';
import { type JobFiles, jobFilesIn } from '../../job/files/job-files.js';
import { findHolder, type LockViewer } from '../../job/lock/find-holder.js';
import { onDisk, unlessMissing } from '../../storage/disk-errors.js';
import { readText } from '../../storage/read-json.js';
import { systemCode } from '../../terms/errors.js';
import { isRejected, rowStatuses } from '../../terms/outcome.js';
import { type Facts, readFacts } from './job-facts.js';
import { type NextStep, nextStep } from './next-step.js';
import { type Standing, standingOf } from './standing.js';

/** A job of a folder, or a file that `drop` put into `failed/`. */
export interface FolderJob extends Facts {
  /** FILE's name, as far as the job files tell it. */
  readonly name: string;
  /** Where its files are, relative to the folder that was asked for; empty: in the folder itself. */
  readonly place: string;
  readonly standing: Standing;
  /** Why a file was put into `failed/`; `null`: it was not. */
  readonly failure: { readonly code: string; readonly message: string } | null;
  /** Its last activity. */
  readonly atMs: number;
  readonly rejectedCount: number;
  readonly nextStep: NextStep;
}

const [checkpointEnd, summaryEnd] = [jobFilesIn('', '').checkpoint, jobFilesIn('', '').summary];
const failedEnd = '.error.txt';
/** With which an earlier job's files are renamed. */
const startTimeEnd = /\.\d{4}-\d\d-\d\dT\d{6}Z(?:-\d+)?$/;
const dayFolder = /^\d{4}-\d\d-\d\d$/;

/**
 * Every job with files in `folder`, in no order: those beside their FILEs, and those of a drop folder (at work, in the
 * archive, in `failed/`). Of the archive only the days from `fromDay` (`2026-01-31`) on are read. MachineError where
 * the disk fails.
 */
export async function folderJobs(viewer: LockViewer, folder: string, fromDay: string): Promise<FolderJob[]> {
  const archived = (await namesIn(viewer, join(folder, 'archive'))).filter(
    (name) => dayFolder.test(name) && name >= fromDay,
  );
  const places = ['', '.profile-drip', 'failed', ...archived.map((day) => join('archive', day))];
  const jobs: FolderJob[] = [];
  for (const place of places) {
    const names = new Set(await namesIn(viewer, join(folder, place)));
    for (const stem of stemsOf(names)) {
      const job = await readFolderJob(viewer, folder, place, stem, names);
      if (job !== null) jobs.push(job);
    }
    if (place === 'failed') jobs.push(...(await failedWithoutJob(viewer, folder, names)));
  }
  return jobs;
}

async function namesIn({ disk }: LockViewer, folder: string): Promise<string[]> {
  return onDisk(`look at ${folder}`, async () => {
    try {
      return await disk.list(folder);
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return [];
      throw error;
    }
  });
}

function stemsOf(names: ReadonlySet<string>): Set<string> {
  const stems = new Set<string>();
  for (const name of names) {
    const end = [checkpointEnd, summaryEnd].find((suffix) => name.endsWith(suffix));
    if (end !== undefined && name.length > end.length) stems.add(name.slice(0, -end.length));
  }
  return stems;
}

async function readFolderJob(
  viewer: LockViewer,
  folder: string,
  place: string,
  stem: string,
  names: ReadonlySet<string>,
): Promise<FolderJob | null> {
  const files = jobFilesIn(join(folder, place), stem);
  const facts = await readFacts(viewer.disk, files);
  const { job, lastRun } = facts;
  const failure = place === 'failed' ? await failureOf(viewer, files, fileNameOf(stem)) : null;
  const atMs = Math.max(job?.updatedAtMs ?? 0, lastRun?.endedAtMs ?? 0, failure?.atMs ?? 0);
  // A file of another program can have such a name.
  if (job === null && lastRun === null && failure === null && !names.has(basename(files.results))) return null;
  const standing = standingOf(facts, await findHolder(viewer, files.lock));
  const source = stem.replace(/\.sandbox$/, '');
  const rejectedCount =
    job === null ? 0 : rowStatuses.filter(isRejected).reduce((sum, one) => sum + job.counts[one], 0);
  const naming = { file: names.has(source) ? join(files.folder, source) : null, out: null, name: null };
  const hasRejects = names.has(basename(files.rejects));
  return {
    ...facts,
    name: fileNameOf(stem),
    place,
    standing,
    failure,
    atMs,
    rejectedCount,
    nextStep:
      failure === null
        ? nextStep({ standing, job, naming, files, rejectedCount, hasRejects })
        : failedStep(fileNameOf(stem)),
  };
}

function fileNameOf(stem: string): string {
  return stem.replace(startTimeEnd, '').replace(/\.sandbox$/, '');
}

async function failedWithoutJob(viewer: LockViewer, folder: string, names: ReadonlySet<string>): Promise<FolderJob[]> {
  const withJob = new Set([...stemsOf(names)].map(fileNameOf));
  const jobs: FolderJob[] = [];
  for (const text of names) {
    const name = text.slice(0, -failedEnd.length);
    if (!text.endsWith(failedEnd) || name === '' || withJob.has(name)) continue;
    const failure = await failureOf(viewer, jobFilesIn(join(folder, 'failed'), name), name);
    if (failure === null) continue;
    jobs.push({
      name,
      place: 'failed',
      job: null,
      lastRun: null,
      standing: { kind: 'unknown' },
      failure,
      atMs: failure.atMs,
      rejectedCount: 0,
      nextStep: failedStep(name),
    });
  }
  return jobs;
}

function failedStep(name: string): NextStep {
  return { text: `failed/${name}${failedEnd} says what to do.`, command: null };
}

/** What `drop` wrote beside a file that it put into `failed/`; `null`: there is no such text. */
async function failureOf(
  { disk }: LockViewer,
  files: JobFiles,
  name: string,
): Promise<{ readonly code: string; readonly message: string; readonly atMs: number } | null> {
  const path = join(files.folder, `${name}${failedEnd}`);
  return onDisk(`read ${path}`, async () => {
    const file = await unlessMissing(disk.open(path, 'read'));
    if (file === null) return null;
    try {
      const { kind, modifiedMs } = await file.stat();
      const text = kind === 'file' ? await readText(file) : '';
      const message = /^Why: (.*)$/m.exec(text)?.[1] ?? 'its text does not say why';
      return { code: /^Code: ([a-z0-9-]{1,64})$/m.exec(text)?.[1] ?? 'unknown', message, atMs: modifiedMs };
    } finally {
      await file.close();
    }
  });
}
