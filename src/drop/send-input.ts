import { join } from 'node:path';
import type { JobFiles } from '../job/files/job-files.js';
import { loadCheckpoint } from '../job/files/read-checkpoint.js';
import { type JobEnd, runJob } from '../job/run-job.js';
import type { Machine } from '../job/terms/machine.js';
import type { SendHooks, SendOptions } from '../job/terms/options.js';
import type { JobSummary } from '../job/terms/summary.js';
import { onDisk, unlessMissing } from '../storage/disk-errors.js';
import { MachineError } from '../terms/errors.js';
import { exitStatus } from '../terms/exit-status.js';
import { type Archiving, archiveWithFile } from './archive.js';
import { moveToFailed } from './failed.js';
import { jobFilesFor } from './folders.js';
import type { FileEnd } from './options.js';

export interface Taking extends Archiving {
  readonly machine: Machine;
  readonly options: SendOptions;
  readonly hooks: SendHooks;
}

/** The result of sending one file. */
export interface Sent {
  readonly end: Omit<FileEnd, 'fate'>;
  /** It is done: the next one may be sent while this one is put away. */
  readonly isDone: boolean;
  /** Puts the file where it belongs; called once. */
  readonly putAway: () => Promise<FileEnd>;
}

export async function sendFile(taking: Taking, name: string): Promise<Sent> {
  const { machine, options, hooks, place } = taking;
  const path = join(place.root, name);
  const files = jobFilesFor(place, name, options.sandbox);
  const {
    exitStatus: status,
    error,
    jobs,
  } = await runJob(path, { ...options, out: place.jobs, name: null }, hooks, machine);
  const end = { name, exitStatus: status, error: naming(path, error), jobs, path };
  const isDone = status === exitStatus.done || status === exitStatus.rowsRejected;
  const putAway = async (): Promise<FileEnd> =>
    isDone
      ? { ...end, fate: 'archived', jobs: await archiveDone(taking, name, files, jobs) }
      : putAwayUndone(taking, end, files);
  return { end, isDone, putAway };
}

async function putAwayUndone(taking: Taking, end: Sent['end'], files: JobFiles): Promise<FileEnd> {
  const { error, name, path, jobs } = end;
  if (error === null) return { ...end, fate: 'stays' };
  if (error.code === 'file-missing' && (await isGone(taking, path))) return { ...end, fate: 'gone' };
  if (!isFaultOfFile(error.code)) return { ...end, fate: 'stays' };
  const moved = await moveToFailed(taking, name, files, error, jobs.at(-1) ?? null);
  if (moved === null) return { ...end, fate: 'gone' };
  return { ...end, fate: 'failed', path: moved.path, jobs: withLast(jobs, moved.summary) };
}

async function archiveDone(
  taking: Taking,
  name: string,
  files: JobFiles,
  jobs: readonly JobSummary[],
): Promise<JobSummary[]> {
  const checkpoint = await loadCheckpoint(taking.disk, files.checkpoint);
  if (checkpoint === null) {
    throw new MachineError(
      'disk-gone',
      `${files.checkpoint} does not exist any more. Put it back, then run the same command again.`,
    );
  }
  const moved = await archiveWithFile(taking, name, files, checkpoint, jobs.at(-1) ?? null);
  return withLast(jobs, moved);
}

function withLast(jobs: readonly JobSummary[], last: JobSummary | null): JobSummary[] {
  return [...jobs.slice(0, -1), ...(last === null ? [] : [last])];
}

/** Adds the file's name to an error that does not name it. */
function naming(path: string, error: JobEnd['error']): JobEnd['error'] {
  return error === null || error.message.includes(path) ? error : { ...error, message: `${path}: ${error.message}` };
}

/**
 * Whether a status 2 is the file's own fault. It is not if the file changed or shrank meanwhile (somebody writes to it,
 * and an older half of it must not be overtaken), or if the options are wrong.
 */
function isFaultOfFile(code: string): boolean {
  const isOfForm = code.startsWith('file-') || code.startsWith('header-');
  return isOfForm && !['file-changed', 'file-shrank', 'file-missing', 'file-is-job-file'].includes(code);
}

async function isGone({ disk }: Taking, path: string): Promise<boolean> {
  return onDisk(`look at ${path}`, async () => (await unlessMissing(disk.stat(path))) === null);
}
