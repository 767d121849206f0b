import { type Batch, openBatch } from '../batch/open.js';
import { findDestination, unencryptedMessage } from '../endpoint/endpoint.js';
import type { Disk } from '../platform/ports.js';
import { onDisk, unlessMissing } from '../storage/disk-errors.js';
import { type Columns, readColumns } from '../target-api/columns.js';
import type { ErrorCode } from '../terms/codes.js';
import { FileError, ProfileDripError, UsageError } from '../terms/errors.js';
import { type ExitStatus, exitStatus } from '../terms/exit-status.js';
import { decideStart } from './decide-start.js';
import { type Checkpoint, endedRowCount, type JobIdentity, writeCheckpoint } from './files/checkpoint.js';
import { type JobFiles, jobFilesOf } from './files/job-files.js';
import { archiveJobFiles } from './files/move-files.js';
import { recover } from './files/recover.js';
import { jobSummary, withPaths, writeJobSummary } from './files/write-summary.js';
import { identityOf } from './identity.js';
import type { JobContext } from './job-context.js';
import { acquireLock, type Lock } from './lock/lock.js';
import { RowQuota } from './loop/row-quota.js';
import { memoryRequest } from './memory-request.js';
import { openPass } from './open-pass.js';
import { requireCurrentRejects } from './outdated-rejects.js';
import { Pass } from './pass.js';
import { runInput, type WorkOnSpool } from './run-input.js';
import { deliveryWarning } from './terms/delivery-warning.js';
import type { Machine } from './terms/machine.js';
import type { SendHooks, SendOptions } from './terms/options.js';
import { continuesAtOnce } from './terms/stops.js';
import type { JobSummary } from './terms/summary.js';
import type { WorkEnd } from './work-end.js';

/** How one FILE ended in one call: one job, or two where the first was superseded. */
export interface JobEnd {
  readonly jobs: readonly JobSummary[];
  readonly exitStatus: ExitStatus;
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
  /** What lies behind `error`, where that is known. */
  readonly cause: Error | null;
}

/**
 * One run over one FILE: takes the job's lock, decides what to do about what an earlier run left, sends the rows
 * and closes the job. Resolves with a status for everything that a user can act on; rejects for an internal error.
 */
export async function runJob(
  file: string,
  options: SendOptions,
  hooks: SendHooks,
  machine: Machine,
  quota = new RowQuota(options.limit),
): Promise<JobEnd> {
  const jobs: JobSummary[] = [];
  const files = jobFilesOf(file, options);
  let lock: Lock | null = null;
  try {
    await requireFolder(machine.disk, file, files, options);
    const runId = machine.newRunId();
    lock = await acquireLock({ ...machine, path: files.lock, runId });
    const destination = await findDestination(options, machine.lookUp, machine.clock);
    const unencrypted = unencryptedMessage(destination, options.allowHttp);
    // Looked at before FILEs were (trial.ts); by now the name leads elsewhere. FILE is not the cause.
    if (unencrypted !== null) throw new ProfileDripError('endpoint-http', unencrypted, exitStatus.endpoint);
    const context: JobContext = {
      file,
      path: file === '-' ? files.spool : file,
      inputDisk: file === '-' ? ownFilesOf(machine.disk) : machine.disk,
      files,
      options,
      hooks,
      machine,
      destination,
      runId,
      runStartedAtMs: machine.clock.wallMs(),
      lock,
      quota,
    };
    if (options.route === 'delivery' || options.onCap === 'delivery') sayDelivery(context);
    if (!options.allowOutdated) await requireCurrentRejects(machine.disk, file);
    if (options.forget) {
      await machine.forgetMemory(memoryRequest(context));
    }
    const work: WorkOnSpool = (workOptions, workJobs) => workToTheEnd(context, workOptions, workJobs);
    const end = file === '-' ? await runInput(context, options, jobs, work) : await work(options, jobs);
    const { stop } = end;
    if (options.changedOnly) {
      hooks.onEvent?.({ kind: 'notice', level: 'info', code: 'changed-only', message: changedOnlyAssumes });
    }
    return {
      jobs,
      exitStatus: end.exitStatus,
      error: stop && { code: stop.code, message: stop.message },
      cause: stop?.cause ?? null,
    };
  } catch (error) {
    if (!(error instanceof ProfileDripError)) throw error;
    const isNamed = !(error instanceof FileError) || error.message.includes(file);
    const message = isNamed ? error.message : `${file}: ${error.message}`;
    return { jobs, exitStatus: error.exitStatus, error: { code: error.code, message }, cause: error };
  } finally {
    await lock?.release();
  }
}

/** One content of FILE after the other, where FILE has grown or is to be superseded. */
async function workToTheEnd(context: JobContext, options: SendOptions, jobs: JobSummary[]): Promise<WorkEnd> {
  let end = await workOn(context, options, jobs);
  while (end.stop !== null && continuesAtOnce(end.stop, options.onChanged)) {
    const before = jobs.splice(-1);
    const earlierCount = jobs.length;
    end = await workOn(context, { ...options, restart: false }, jobs).finally(() => {
      // What starts again has its own summary, and so has what it closes: the one before stands only where neither came.
      if (jobs.length === earlierCount) jobs.push(...before);
    });
  }
  return end;
}

/** The disk on which FILE is opened as a file of the program's own. */
function ownFilesOf(disk: Disk): Disk {
  return { ...disk, openInput: (path) => disk.open(path, 'read'), stat: (path) => disk.look(String(path)) };
}

/** An earlier job's files have other names now: a user who looks for them should know. */
function sayKept({ hooks, file }: JobContext, kept: JobFiles): void {
  const message = `${file}: a new job begins; the files of the earlier one are kept as ${kept.stem}.*`;
  hooks.onEvent?.({ kind: 'notice', level: 'info', code: 'earlier-job-kept', message });
}

async function workOn(context: JobContext, options: SendOptions, jobs: JobSummary[]): Promise<WorkEnd> {
  const { machine, files } = context;
  const batch = await openBatch(context.inputDisk, context.path, options);
  try {
    const columns = readColumns(batch.header, { ...options, delimiter: batch.format.delimiter });
    const identity = identityOf(context, columns, batch.format);
    const start = await decideStart(context, files, context.path, identity, batch, options);
    if (start.kind === 'finished') return await endedBefore(context, start.checkpoint, jobs);
    if (start.kind === 'replace') {
      const closed = start.isSuperseded && start.checkpoint !== null ? await close(context, start.checkpoint) : null;
      const kept = await archiveJobFiles(machine.disk, files, closed ?? start.checkpoint);
      if (kept !== null) {
        sayKept(context, kept);
        jobs.splice(0, jobs.length, ...jobs.map((job) => withPaths(job, files, kept))); // those of this call
      }
      if (closed !== null) jobs.push(await sumUpClosed({ ...context, files: kept ?? files }, closed));
    }
    return await sendRows(context, batch, columns, identity, start.kind === 'resume' ? start.checkpoint : null, jobs);
  } finally {
    await batch.close();
  }
}

async function sendRows(
  context: JobContext,
  batch: Batch,
  columns: Columns,
  identity: JobIdentity,
  checkpoint: Checkpoint | null,
  jobs: JobSummary[],
): Promise<WorkEnd> {
  const opened = await openPass(context, batch, columns, identity, checkpoint);
  try {
    const end = await new Pass(context, batch, columns, opened).run();
    jobs.push(end.summary);
    return end;
  } finally {
    await opened.close();
  }
}

/** The job on this content is done: its earlier status, and nothing sent. */
async function endedBefore(context: JobContext, checkpoint: Checkpoint, jobs: JobSummary[]): Promise<WorkEnd> {
  const { hooks, machine, files, file } = context;
  hooks.onEvent?.({
    kind: 'notice',
    level: 'info',
    code: 'job-done',
    message: `${file}: this content has been sent already, nothing is sent; --restart sends it again`,
  });
  if (file === '-') await machine.disk.remove(files.spool);
  jobs.push(await summaryWithoutPass(context, checkpoint));
  return { stop: null, exitStatus: checkpoint.exitStatus ?? exitStatus.done };
}

/** Closes a job whose FILE has new content: rows that were read and have no end are superseded. */
async function close(context: JobContext, checkpoint: Checkpoint): Promise<Checkpoint> {
  const { machine, files } = context;
  const { checkpoint: last } = await recover(machine.disk, checkpoint, files.results);
  const superseded = Math.max(0, last.readRowCount - endedRowCount(last.counts));
  const closed: Checkpoint = {
    ...last,
    state: 'closed',
    runId: context.runId,
    counts: { ...last.counts, superseded },
  };
  await writeCheckpoint(machine.disk, files.checkpoint, closed);
  return closed;
}

/** The summary of a job that was superseded, under the names that its files are kept by. */
async function sumUpClosed(context: JobContext, closed: Checkpoint): Promise<JobSummary> {
  const { machine, files, runId } = context;
  const summary = await summaryWithoutPass(context, closed);
  await writeJobSummary(machine.disk, files.summary, summary, runId);
  return summary;
}

async function summaryWithoutPass(context: JobContext, checkpoint: Checkpoint): Promise<JobSummary> {
  const { machine, files } = context;
  const isThere = async (path: string) => (await unlessMissing(machine.disk.look(path))) !== null;
  const summary = jobSummary(checkpoint, {
    ...context,
    endedAtMs: context.machine.clock.wallMs(),
    resumedFromRow: null,
    endedInRunCount: 0,
    elapsedMs: 0,
    cap: await machine.lookAtCap(context.options, context.destination.isLoopback),
    hasRejects: await isThere(files.rejects),
    exitStatus: checkpoint.exitStatus ?? exitStatus.done, // a superseded job was closed because the user asked for it
    error: null,
  });
  return (await isThere(files.results)) ? summary : { ...summary, files: { ...summary.files, results: null } };
}

/** --out is created where it is missing, as --state-dir is. */
async function requireFolder(disk: Disk, file: string, { folder }: JobFiles, { out }: SendOptions): Promise<void> {
  const found = await onDisk(`look at ${folder}`, () => unlessMissing(disk.stat(folder)));
  if (found?.kind === 'folder') return;
  if (out === null) {
    throw new FileError('file-missing', `${file}: there is no such file, nor its folder. Check the path`, null);
  }
  if (found !== null) throw new UsageError('out-not-a-folder', `--out: ${folder} is not a folder. Name another one`);
  await onDisk(`create ${folder}`, () => disk.makeFolder(folder));
}

function sayDelivery({ hooks, file }: JobContext): void {
  hooks.onEvent?.({ kind: 'notice', level: 'warning', code: 'delivery', message: `${file}: ${deliveryWarning}` });
}

const changedOnlyAssumes =
  '--changed-only assumes that nobody else writes these attributes; a visitor who was unknown to Target on the day gets unchanged attributes only at the next refresh (--refresh-after)';
