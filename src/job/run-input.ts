import { openBatch } from '../batch/open.js';
import { unlessMissing } from '../storage/disk-errors.js';
import { FileError, ProfileDripError } from '../terms/errors.js';
import { exitStatus, worstStatus } from '../terms/exit-status.js';
import { loadCheckpoint } from './files/read-checkpoint.js';
import { discardNext, receiveInput, takeNext } from './files/spool.js';
import type { JobContext } from './job-context.js';
import type { SendOptions } from './terms/options.js';
import type { Stop } from './terms/stops.js';
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
export async function runInput(context: JobContext, options: SendOptions, jobs: JobSummary[], work: WorkOnSpool) {
  const { machine, files, hooks } = context;
  const { disk } = machine;
  const found = await receiveInput(disk, files, machine.input, hooks.signal);
  if (found === 'taken') return refusedBeforeItBegan(context, work(options, jobs), () => true);
  if (found === 'resumed') return refusedBeforeItBegan(context, work(options, jobs), isFaultOfContent);
  if (options.restart || options.onChanged === 'supersede') {
    await takeNext(disk, files);
    return work(options, jobs);
  }
  const earlier = await finishEarlier(context, options, jobs, work);
  if (earlier === null) return work(options, jobs);
  const now = await work(earlier.isClosed ? { ...options, onChanged: 'supersede' } : options, jobs);
  return both(earlier.end, now);
}

interface Earlier {
  readonly end: WorkEnd;
  /** It cannot be finished: a row of it cannot be read. The new input takes its place. */
  readonly isClosed: boolean;
}

/** The open job, finished; afterwards the new input is the spool. `null`: nothing of the old one counts. */
async function finishEarlier(
  context: JobContext,
  options: SendOptions,
  jobs: JobSummary[],
  work: WorkOnSpool,
): Promise<Earlier | null> {
  const { machine, files } = context;
  const { disk } = machine;
  try {
    say(context, 'info', 'input-waits', 'the job of the earlier standard input is not done: it is finished first');
    const end = await work(options, jobs);
    const { stop } = end;
    if (stop === null) {
      await takeNext(disk, files);
      return { end, isClosed: false };
    }
    if (stop.exitStatus !== exitStatus.usage) throw new ProfileDripError(stop.code, stop.message, stop.exitStatus);
    // What the earlier input lacks can come in the new one alone: either it is the same, mended, or it takes its place.
    const isMended = await holdsWhatWasRead(context, options);
    jobs.pop(); // its summary comes once more, from the job resumed or closed
    await takeNext(disk, files);
    return isMended ? null : { end: { ...end, stop: closedStop(stop) }, isClosed: true };
  } catch (error) {
    if (error instanceof FileError && !(await hasBegun(context))) {
      say(
        context,
        'warning',
        'spool-dropped',
        `the earlier standard input is dropped, nothing of it was sent: ${error.message}`,
      );
      await takeNext(disk, files);
      return null;
    }
    await discardNext(disk, files);
    throw notTaken(error);
  }
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

/** What was refused before a job of it began is not resumed: the next call reads standard input anew. */
async function refusedBeforeItBegan(
  context: JobContext,
  work: Promise<WorkEnd>,
  isDropped: (error: unknown) => boolean,
): Promise<WorkEnd> {
  try {
    return await work;
  } catch (error) {
    const isUsage = error instanceof ProfileDripError && error.exitStatus === exitStatus.usage;
    const { machine, files } = context;
    if (isUsage && isDropped(error) && !(await hasBegun(context)))
      await unlessMissing(machine.disk.remove(files.spool));
    throw error;
  }
}

function isFaultOfContent(error: unknown): boolean {
  return error instanceof FileError;
}

async function hasBegun({ machine, files }: JobContext): Promise<boolean> {
  return (await unlessMissing(machine.disk.look(files.checkpoint))) !== null;
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

function say({ hooks }: JobContext, level: 'info' | 'warning', code: string, message: string): void {
  hooks.onEvent?.({ kind: 'notice', level, code, message });
}
