import { openBatch } from '../batch/open.js';
import { unlessMissing } from '../storage/disk-errors.js';
import { readColumns } from '../target-api/columns.js';
import type { ErrorCode, NoticeCode } from '../terms/codes.js';
import { FileError, ProfileDripError, UsageError } from '../terms/errors.js';
import { exitStatus, worstStatus } from '../terms/exit-status.js';
import { loadCheckpoint } from './files/read-checkpoint.js';
import { discardNext, receiveInput, takeNext } from './files/spool.js';
import type { JobContext } from './job-context.js';
import type { SendOptions } from './terms/options.js';
import { changedFileStop, type Stop } from './terms/stops.js';
import type { JobSummary } from './terms/summary.js';
import type { WorkEnd } from './work-end.js';

/**
 * Standard input of every night counts: no input is passed over without a word, and a job that was not finished is never
 * lost because another input came.
 */

/** Works on the spool, to the end or a stop. */
export type WorkOnSpool = (options: SendOptions, jobs: JobSummary[]) => Promise<WorkEnd>;

/**
 * Reads standard input and works on it. Where the job of an earlier input is open and this is other content, that job is
 * finished first. A stop of it is the end of the call: the new input is discarded, and the message says so.
 */
export async function runInput(
  context: JobContext,
  options: SendOptions,
  jobs: JobSummary[],
  work: WorkOnSpool,
): Promise<WorkEnd> {
  const { machine, files, hooks } = context;
  const found = await receiveInput(machine.disk, files, machine.input, hooks.signal);
  if (found === 'taken') return workOnInput(context, work(options, jobs), found);
  if (found === 'resumed') return workOnInput(context, workOnEarlier(options, jobs, work), found);
  if (options.restart || options.onChanged === 'supersede') {
    await takeUsable(context, options);
    return work(options, jobs);
  }
  const earlier = await finishEarlier(context, options, jobs, work);
  switch (earlier.kind) {
    case 'done': {
      await takeUsable(context, options);
      return both(earlier.end, await work(options, jobs));
    }
    case 'discarded':
      await takeUsable(context, options);
      return work(options, jobs);
    case 'corrected':
      await takeUsable(context, options);
      jobs.pop(); // its summary comes again, from the job as it is resumed
      return work(options, jobs);
    case 'unreadable': {
      await takeUsable(context, options); // before the job is closed: it stays open where this cannot be used either
      jobs.pop(); // its summary comes again, from the job as it is closed
      const now = await work({ ...options, onChanged: 'supersede' }, jobs);
      return both({ ...earlier.end, stop: closedStop(earlier.stop) }, now);
    }
  }
}

/**
 * Where the spool is not what the open job began with, a run was killed after it had put the new input in the place of the
 * old, and before it closed the job: that is done now.
 */
async function workOnEarlier(options: SendOptions, jobs: JobSummary[], work: WorkOnSpool): Promise<WorkEnd> {
  try {
    return await work(options, jobs);
  } catch (error) {
    const isSpoolNewer = error instanceof UsageError && error.code === changedFileStop.code;
    if (!isSpoolNewer) throw error;
    return work({ ...options, onChanged: 'supersede' }, jobs);
  }
}

/** How the open job of the earlier input ended. */
type Earlier =
  | { readonly kind: 'done'; readonly end: WorkEnd }
  /** Its header cannot be used, and nothing of it was sent. */
  | { readonly kind: 'discarded' }
  /** A row of it cannot be read, and the new input is the same up to there. */
  | { readonly kind: 'corrected' }
  /** A row of it cannot be read. */
  | { readonly kind: 'unreadable'; readonly end: WorkEnd; readonly stop: Stop };

/** Rejects where it stops for anything but its content; the new input is discarded then. */
async function finishEarlier(
  context: JobContext,
  options: SendOptions,
  jobs: JobSummary[],
  work: WorkOnSpool,
): Promise<Earlier> {
  try {
    say(context, 'info', 'input-waits', 'the job of the earlier standard input is not done: it is finished first');
    const end = await workOnEarlier(options, jobs, work);
    const { stop } = end;
    if (stop === null) return { kind: 'done', end };
    if (stop.exitStatus !== exitStatus.usage) {
      throw new ProfileDripError(stop.code, stop.message, stop.exitStatus, { cause: stop.cause });
    }
    return (await holdsWhatWasRead(context, options)) ? { kind: 'corrected' } : { kind: 'unreadable', end, stop };
  } catch (error) {
    if (error instanceof FileError && !(await hasBegun(context))) {
      const message = `the earlier standard input is discarded, nothing of it was sent: ${error.message}`;
      say(context, 'warning', 'spool-dropped', message);
      return { kind: 'discarded' };
    }
    await discardNext(context.machine.disk, context.files);
    throw notTaken(error);
  }
}

/** The new input takes the spool's place, if its header can be used: an error text in the pipe must not end a job. */
async function takeUsable({ machine, files, inputDisk }: JobContext, options: SendOptions): Promise<void> {
  try {
    const batch = await openBatch(inputDisk, files.spoolNext, options);
    try {
      readColumns(batch.header, options);
    } finally {
      await batch.close();
    }
  } catch (error) {
    await discardNext(machine.disk, files);
    throw error;
  }
  await takeNext(machine.disk, files);
}

/** Whether the new input begins with all that the open job has read. */
async function holdsWhatWasRead({ machine, files, inputDisk }: JobContext, options: SendOptions): Promise<boolean> {
  const checkpoint = await loadCheckpoint(machine.disk, files.checkpoint);
  if (checkpoint === null) return false;
  try {
    const batch = await openBatch(inputDisk, files.spoolNext, options);
    return await batch.matches(checkpoint.file.fingerprint).finally(() => batch.close());
  } catch (error) {
    if (error instanceof FileError) return false;
    throw error;
  }
}

/** What was refused before a job of it began is not kept: the next call reads standard input again. */
async function workOnInput(context: JobContext, work: Promise<WorkEnd>, found: 'taken' | 'resumed'): Promise<WorkEnd> {
  try {
    return await work;
  } catch (error) {
    const isUsage = error instanceof ProfileDripError && error.exitStatus === exitStatus.usage;
    // An empty input resumes as well: only a spool that cannot be used is dropped then.
    const isDropped = isUsage && (found === 'taken' || error instanceof FileError) && !(await hasBegun(context));
    if (isDropped) await unlessMissing(context.machine.disk.remove(context.files.spool));
    throw error;
  }
}

/** Whether the open job is the spool's: a checkpoint of a job that is done is of an earlier input. */
async function hasBegun({ machine, files }: JobContext): Promise<boolean> {
  try {
    return (await loadCheckpoint(machine.disk, files.checkpoint))?.state === 'open';
  } catch (error) {
    if (error instanceof ProfileDripError) return true; // whose it is cannot be said
    throw error;
  }
}

function notTaken(error: unknown): unknown {
  if (!(error instanceof ProfileDripError)) return error;
  const message = `${error.message.replace(/\.$/, '')}. The new standard input was not taken, because the job of the earlier one is not done: pipe it in again after that`;
  return new ProfileDripError(error.code, message, error.exitStatus, { cause: error });
}

function closedStop(stop: Stop): Stop {
  const message = `${stop.message.replace(/\.$/, '')}. The rest of the earlier standard input cannot be read: its job is closed, its files are kept, and the new input was taken`;
  return { ...stop, message };
}

function both(earlier: WorkEnd, now: WorkEnd): WorkEnd {
  const status = worstStatus([earlier.exitStatus, now.exitStatus]);
  return status === now.exitStatus ? now : { ...earlier, exitStatus: status };
}

function say({ hooks }: JobContext, level: 'info' | 'warning', code: NoticeCode | ErrorCode, message: string): void {
  hooks.onEvent?.({ kind: 'notice', level, code, message });
}
