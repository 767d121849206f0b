import { type Batch, openBatch } from '../batch/open.js';
import { FileError, ProfileDripError } from '../errors.js';
import { type ExitStatus, exitStatus } from '../exit-status.js';
import type { Columns } from '../target/columns.js';
import { type Checkpoint, writeCheckpoint } from './checkpoint.js';
import type { JobContext } from './context.js';
import { holdMessages, type SendSnapshot } from './events.js';
import { jobSummary, writeJobSummary } from './job-summary.js';
import { Keeper } from './keeper.js';
import { isOverMaxFailures, isTolerated } from './limits.js';
import { Loop } from './loop.js';
import type { Opened } from './opening.js';
import { makeJobRejects } from './rejected.js';
import {
  capStop,
  changedFileStop,
  faultStop,
  fileFaultStop,
  lostJobStop,
  maxDurationStop,
  maxFailuresStop,
  type Stop,
  stopForAbort,
} from './stop.js';
import type { JobSummary } from './summary.js';

export interface PassEnd {
  /** `null`: every row has its end, and the job is complete. */
  readonly stop: Stop | null;
  readonly exitStatus: ExitStatus;
  /** The job as it was left. */
  readonly checkpoint: Checkpoint;
  readonly summary: JobSummary;
}

/**
 * One pass over a job's rows, from where the checkpoint says to the end or a stop: feeds the loop, keeps the
 * checkpoint, and completes the job when its last row has ended.
 */
export class Pass {
  readonly #context: JobContext;
  readonly #batch: Batch;
  readonly #columns: Columns;
  readonly #opened: Opened;
  readonly #loop: Loop;
  readonly #keeper: Keeper;
  readonly #startedMs: number;
  /** What went wrong with this machine or this program; nothing more is written then. */
  #fault: unknown = null;

  constructor(context: JobContext, batch: Batch, columns: Columns, opened: Opened) {
    this.#context = context;
    this.#batch = batch;
    this.#columns = columns;
    this.#opened = opened;
    const { machine, options, hooks } = context;
    const { base, ports } = opened;
    this.#startedMs = machine.clock.monotonicMs();
    this.#loop = new Loop(base.next, { ...options, idType: base.job.idType, request: { ...options } }, ports, {
      onProgress: () => this.#keeper.touch(),
      onEnded: (result) => {
        hooks.onRow?.(result);
        const { rejectedInRunCount, endedInRunCount } = ports.tally;
        const isOver = isOverMaxFailures(options.maxFailures, rejectedInRunCount, endedInRunCount);
        return isOver ? maxFailuresStop(rejectedInRunCount) : null;
      },
      onHold: (hold) => hooks.onEvent?.({ kind: 'hold', hold, message: holdMessages[hold.cause] }),
      onRelease: (cause, sinceWallMs) => hooks.onEvent?.({ kind: 'released', cause, sinceWallMs }),
      onSettledWithoutEvidence: () =>
        hooks.onEvent?.({ kind: 'notice', level: 'warning', code: 'few-answers', message: fewAnswersMessage }),
      lookAtFile: () => this.#lookAtFile(),
      capStop: () => capStop(ports.pacer.view()),
      onFault: (error) => this.#fail(error),
    });
    this.#keeper = new Keeper(
      machine.clock,
      ports.journal,
      () => this.#checkpoint(),
      (checkpoint) => this.#write(checkpoint),
      (error) => this.#fail(error),
    );
    ports.journal.onFault = (error) => this.#fail(error);
    context.lock.onLost = () => this.#loop.stop(lostJobStop);
  }

  async run(): Promise<PassEnd> {
    const { options, hooks, machine, file } = this.#context;
    const onAbort = () => this.#loop.stop(stopForAbort(hooks.signal?.reason));
    hooks.signal?.addEventListener('abort', onAbort, { once: true });
    if (hooks.signal?.aborted) onAbort();
    const { maxDurationMs } = options;
    const cancelMaxDuration =
      maxDurationMs === null
        ? () => {}
        : machine.clock.schedule(maxDurationMs, () => this.#loop.stop(maxDurationStop(maxDurationMs)));
    hooks.onEvent?.({
      kind: 'started',
      file,
      resumedFromRow: this.#resumedFromRow,
      snapshot: () => this.#snapshot(),
    });
    try {
      const fileFault = await this.#feed();
      await this.#loop.drain();
      return await this.#conclude(fileFault);
    } finally {
      cancelMaxDuration();
      hooks.signal?.removeEventListener('abort', onAbort);
      await this.#keeper.stop();
      hooks.onEvent?.({ kind: 'ended', file });
    }
  }

  get #resumedFromRow(): number | null {
    return this.#opened.isResumed ? this.#opened.base.next.rowNumber : null;
  }

  /** Reads rows into the loop until the file, or the run, is at its end. */
  async #feed(): Promise<FileError | null> {
    const { base, isResumed, earlier } = this.#opened;
    const rows = this.#batch.rows(base.next, isResumed ? { fingerprint: base.file.fingerprint } : {});
    try {
      for await (const chunk of rows) {
        if (!(await this.#loop.admit(chunk, this.#batch.nextPosition(), earlier))) break;
      }
    } catch (error) {
      if (error instanceof FileError) return error;
      this.#fail(error);
    }
    return null;
  }

  async #conclude(fileFault: FileError | null): Promise<PassEnd> {
    const isRead = this.#loop.stopped === null && fileFault === null;
    const stop = isRead ? await this.#lookAtWhatWasRead() : (this.#loop.stopped ?? fileFaultStop(fileFault));
    await this.#keeper.stop();
    if (this.#fault !== null && !(this.#fault instanceof ProfileDripError)) throw this.#fault;
    if (stop === null) return this.#complete();
    await this.#opened.ports.pacer.close(); // what it gives back shows in the summary
    // After a fault of this machine, or when another run has the job, the last durable state stands.
    if (this.#fault === null && stop.patience !== 'none') {
      await this.#keeper.save();
      await this.#writeSummary(this.#summary(this.#checkpoint()));
    }
    const checkpoint = this.#checkpoint();
    return { stop, exitStatus: stop.exitStatus, checkpoint, summary: this.#summary(checkpoint) };
  }

  /**
   * Every row has its end: rejects, summary, and last of all the checkpoint that says so. A run that is killed before
   * it does all of this again.
   */
  async #complete(): Promise<PassEnd> {
    const { options, machine, files, file } = this.#context;
    const { tally, journal, pacer } = this.#opened.ports;
    await pacer.close();
    await journal.sync();
    const open = this.#checkpoint();
    const totalRows = this.#batch.nextPosition().rowNumber - 1;
    await makeJobRejects(this.#context, this.#batch, this.#columns, tally.rejectedCount);
    const isFine = isTolerated(options.tolerate, tally.rejectedCount, totalRows);
    const status = isFine ? exitStatus.done : exitStatus.rowsRejected;
    const sha256 = await this.#batch.sha256();
    const checkpoint: Checkpoint = {
      ...open,
      state: 'complete',
      exitStatus: status,
      totalRows,
      file: { ...open.file, sha256 },
    };
    const summary = this.#summary(checkpoint);
    await this.#writeSummary(summary);
    await this.#write(checkpoint);
    if (file === '-') await machine.disk.remove(files.spool);
    return { stop: null, exitStatus: status, checkpoint, summary };
  }

  /** The state as it stands. What it says of the report is true on disk only after `journal.sync`. */
  #checkpoint(): Checkpoint {
    const { base, ports, earlier } = this.#opened;
    const { journal, tally, clock } = ports;
    const { stat } = this.#batch;
    const endByte = journal.endByte;
    return {
      ...base,
      state: 'open',
      runId: this.#context.runId,
      updatedAtMs: clock.wallMs(),
      file: {
        ...base.file,
        sizeBytes: stat.sizeBytes,
        modifiedNs: stat.modifiedNs,
        identity: stat.identity,
        fingerprint: this.#batch.fingerprint(),
      },
      next: this.#loop.next,
      results: { fromByte: this.#loop.resultsFromByte(earlier, endByte), endByte },
      counts: { ...tally.counts },
      readRowCount: this.#loop.readRowCount(earlier),
      attempts: tally.tryCount,
      reasons: tally.reasons(),
      openRows: this.#loop.triedRows(earlier),
    };
  }

  #write(checkpoint: Checkpoint): Promise<void> {
    return writeCheckpoint(this.#context.machine.disk, this.#context.files.checkpoint, checkpoint);
  }

  #writeSummary(summary: JobSummary): Promise<void> {
    const { machine, files, runId } = this.#context;
    return writeJobSummary(machine.disk, files.summary, summary, runId);
  }

  #summary(checkpoint: Checkpoint): JobSummary {
    const { tally, clock, pacer } = this.#opened.ports;
    return jobSummary(checkpoint, {
      ...this.#context,
      endedAtMs: clock.wallMs(),
      resumedFromRow: this.#resumedFromRow,
      endedInRunCount: tally.endedInRunCount,
      elapsedMs: clock.monotonicMs() - this.#startedMs,
      cap: pacer.view(),
      hasRejects: checkpoint.state === 'complete' && tally.rejectedCount > 0,
    });
  }

  #snapshot(): SendSnapshot {
    const { tally, clock, pacer } = this.#opened.ports;
    return {
      file: this.#context.file,
      readBytes: this.#batch.readBytes(),
      sizeBytes: this.#batch.stat.sizeBytes,
      rows: tally.counts,
      endedRowCount: tally.endedCount,
      readRowCount: this.#loop.readRowCount(this.#opened.earlier),
      endedInRunCount: tally.endedInRunCount,
      underWayCount: this.#loop.underWayCount,
      tryCount: tally.tryCount,
      elapsedMs: clock.monotonicMs() - this.#startedMs,
      hold: this.#loop.hold,
      cap: pacer.view(),
    };
  }

  /** After a wait: does FILE, under its name, still hold what has been read? A removed one goes on being read. */
  async #lookAtFile(): Promise<Stop | null> {
    if ((await this.#batch.lookAgain()) !== 'touched') return null;
    const { machine, path, options } = this.#context;
    try {
      const now = await openBatch(machine.disk, path, options);
      const isSame = await now.matches(this.#batch.fingerprint()).finally(() => now.close());
      return isSame ? null : changedFileStop;
    } catch (error) {
      if (error instanceof FileError) return changedFileStop;
      throw error;
    }
  }

  /** At the end: a file that was written over while it was read is no content that anybody meant to send. */
  async #lookAtWhatWasRead(): Promise<Stop | null> {
    if ((await this.#batch.lookAgain()) !== 'touched') return null;
    const { machine, path } = this.#context;
    const isReplaced = (await machine.disk.stat(path)).identity !== this.#batch.stat.identity;
    // What came under its name meanwhile is the next run's; the open file is what it was.
    if (isReplaced || (await this.#batch.matches(this.#batch.fingerprint()))) return null;
    return changedFileStop;
  }

  #fail(error: unknown): void {
    this.#fault ??= error;
    this.#loop.stop(faultStop(error));
  }
}

const fewAnswersMessage =
  'too few answers to tell a wrong endpoint or client code from rows at fault: look at the reasons before you send the rejects again';
