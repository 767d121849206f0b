import { type Batch, type Fingerprint, openBatch } from '../batch/open.js';
import { instantOf } from '../platform/instant.js';
import { unlessMissing } from '../storage/disk-errors.js';
import type { Columns } from '../target-api/columns.js';
import { FileError, MachineError, ProfileDripError } from '../terms/errors.js';
import { type ExitStatus, exitStatus } from '../terms/exit-status.js';
import { type Checkpoint, writeCheckpoint } from './files/checkpoint.js';
import { continuesRow } from './files/growth.js';
import { Keeper } from './files/keeper.js';
import { jobSummary, writeJobSummary } from './files/write-summary.js';
import { HintBook } from './hint-book.js';
import type { JobContext } from './job-context.js';
import { Loop } from './loop/loop.js';
import type { LoopPorts } from './loop/loop-parts.js';
import { makeJobRejects } from './make-job-rejects.js';
import type { Opened } from './open-pass.js';
import { holdMessage, type SendEvent, type SendSnapshot } from './terms/events.js';
import { isOverMaxFailures, isTolerated } from './terms/row-limits.js';
import {
  capStop,
  changedFileStop,
  continuesAtOnce,
  faultStop,
  fileFaultStop,
  grownFileStop,
  isInterruption,
  limitStop,
  lostJobStop,
  maxDurationStop,
  maxFailuresStop,
  type Stop,
  stopForAbort,
} from './terms/stops.js';
import type { JobSummary } from './terms/summary.js';

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
  readonly #hints: HintBook;
  /** What went wrong with this machine or this program; nothing more is written then. */
  #fault: unknown = null;
  /** Of what this job has read, once reading is over; what stands from a bad record on is not part of it. */
  #read: Fingerprint | null = null;

  constructor(context: JobContext, batch: Batch, columns: Columns, opened: Opened) {
    this.#context = context;
    this.#batch = batch;
    this.#columns = columns;
    this.#opened = opened;
    const { machine, options, hooks } = context;
    const { base, ports } = opened;
    this.#startedMs = machine.clock.monotonicMs();
    this.#loop = new Loop(base.next, options, ports, {
      onProgress: () => this.#keeper.touch(),
      onEnded: (result) => {
        this.#tell(() => hooks.onRow?.(result));
        const { rejectedInRunCount, endedInRunCount } = ports.tally;
        const isOver = isOverMaxFailures(options.maxFailures, rejectedInRunCount, endedInRunCount);
        return isOver ? maxFailuresStop(rejectedInRunCount) : null;
      },
      onHold: (hold) => {
        const { cause, sinceWallMs, untilWallMs } = hold;
        context.lock.says({ cause, sinceMs: sinceWallMs, untilMs: untilWallMs });
        this.#say({ kind: 'hold', hold, message: holdMessage(hold) });
      },
      onRelease: (cause, sinceWallMs) => {
        context.lock.says(null);
        this.#say({ kind: 'released', cause, sinceWallMs });
      },
      onSettledWithoutEvidence: () => {
        const message = ports.health.hasTaken ? lastRowsMessage : fewAnswersMessage;
        this.#say({ kind: 'notice', level: 'warning', code: 'few-answers', message });
      },
      recheckFile: () => this.#recheckFile(),
      capStop: () => capStop(ports.pacer.view(), options.route),
      limitStop: () => limitStop(options.limit ?? 0),
      saveCheckpoint: async () => {
        await this.#keeper.save();
        return null;
      },
      onFault: (error) => this.#fail(error),
    });
    this.#hints = new HintBook(columns, batch.header.lineNumber, base.hints, (message) =>
      this.#say({ kind: 'notice', level: 'warning', code: 'hint', message: `${context.file}: ${message}` }),
    );
    this.#keeper = new Keeper(
      machine.clock,
      ports.journal,
      () => {
        const checkpoint = this.#checkpoint();
        ports.order.saving(checkpoint.updates);
        return checkpoint;
      },
      async (checkpoint) => {
        await this.#write(checkpoint);
        ports.order.saved(checkpoint.updates);
      },
      (error) => this.#fail(error),
    );
    ports.journal.onFault = (error) => this.#fail(error);
    ports.journal.isOurs = () => this.#hasJob();
    context.lock.onLost = ({ message }) => this.#loop.stop({ ...lostJobStop, message });
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
    let end: PassEnd | null = null;
    try {
      this.#sayStarted();
      const fileFault = await this.#feed();
      await this.#loop.drain();
      end = await this.#conclude(fileFault);
      return end;
    } finally {
      cancelMaxDuration();
      hooks.signal?.removeEventListener('abort', onAbort);
      await this.#keeper.stop();
      this.#context.lock.says(null);
      hooks.onEvent?.({ kind: 'ended', file, end: end && { outcome: this.#outcome(end), exitStatus: end.exitStatus } });
    }
  }

  #sayStarted(): void {
    const { base, ports, isResumed } = this.#opened;
    const { fingerprint, sizeBytes, isCompressed } = base.file;
    const isRead = isResumed && !isCompressed && fingerprint.bytes === sizeBytes;
    this.#say({
      kind: 'started',
      file: this.#context.file,
      resumedFromRow: this.#resumedFromRow,
      doneCount: ports.tally.endedCount,
      totalCount: base.totalRows ?? (isRead ? base.readRowCount : null),
      snapshot: () => this.#snapshot(),
    });
  }

  #outcome({ stop, exitStatus: status }: PassEnd) {
    if (stop === null) return status === exitStatus.done ? 'done' : 'rejected';
    if (continuesAtOnce(stop, this.#context.options.onChanged)) return 'continues';
    return isInterruption(stop) ? 'interrupted' : 'stopped';
  }

  get #resumedFromRow(): number | null {
    return this.#opened.isResumed ? this.#opened.base.next.rowNumber : null;
  }

  /** Reads rows into the loop until the file, or the run, is at its end. */
  async #feed(): Promise<FileError | null> {
    const { base, isResumed, earlier, rowSource } = this.#opened;
    const fingerprint = isResumed ? { fingerprint: base.file.fingerprint } : {};
    const rows = this.#batch.read(rowSource.readerFrom(base.next), base.next, fingerprint);
    try {
      for await (const chunk of rows) {
        this.#hints.take(chunk);
        if (!(await this.#loop.admit(chunk, this.#batch.nextPosition(), earlier))) break;
      }
      this.#read = this.#batch.fingerprint();
    } catch (error) {
      if (!(error instanceof FileError)) this.#fail(error);
      else return this.#breakOff(error);
    }
    return null;
  }

  /** The file is to be corrected from the bad record on, and must not count as changed then. */
  async #breakOff(fileFault: FileError): Promise<FileError> {
    try {
      this.#read = await this.#batch.fingerprintTo(this.#batch.nextPosition().byte);
    } catch (error) {
      this.#fail(error);
    }
    return fileFault;
  }

  async #conclude(fileFault: FileError | null): Promise<PassEnd> {
    try {
      const isRead = this.#loop.stopped === null && fileFault === null;
      // Taken before the file is looked at: what is appended from then on is not in it, and makes another content.
      const sha256 = isRead ? await this.#batch.sha256() : null;
      const found = isRead ? await this.#lookAtWhatWasRead() : fileFaultStop(fileFault);
      await this.#keeper.stop();
      if (this.#fault !== null && !(this.#fault instanceof ProfileDripError)) throw this.#fault;
      const stop = this.#loop.stopped ?? found;
      if (stop === null) return await this.#complete(sha256);
      await this.#opened.ports.pacer.close(); // what it gives back shows in the summary
      // After an error of this machine, or when another run has the job, the last durable state stands.
      const isToBeKept = this.#fault === null && stop.patience !== 'none';
      if (isToBeKept) await this.#keeper.save();
      const end = this.#endWith(stop);
      if (isToBeKept) await this.#writeSummary(end.summary);
      // Why it stopped is worth telling, if this disk takes it; the checkpoint stays the last durable one.
      else if (stop.patience !== 'none') await this.#writeSummary(end.summary).catch(() => {});
      return end;
    } catch (error) {
      if (!(error instanceof ProfileDripError)) throw error;
      return this.#endWith(faultStop(error));
    }
  }

  #endWith(stop: Stop): PassEnd {
    const checkpoint = this.#checkpoint();
    return { stop, exitStatus: stop.exitStatus, checkpoint, summary: this.#summary(checkpoint, stop) };
  }

  /** Whether no other run can have taken the job over. */
  async #hasJob(): Promise<boolean> {
    const { lock } = this.#context;
    return lock.isHeld() || lock.confirm();
  }

  /**
   * Every row has its end: rejects, summary, and last of all the checkpoint that says so. A run that is killed before
   * it does all of this again.
   */
  async #complete(sha256: string | null): Promise<PassEnd> {
    const { options, machine, files, file } = this.#context;
    const { tally, journal, pacer } = this.#opened.ports;
    await pacer.close();
    await journal.sync();
    const open = this.#checkpoint();
    if (open.lateUnits > 0) {
      await this.#write(open);
      throw new MachineError('state-unreachable', uncountedMessage);
    }
    const totalRows = this.#batch.nextPosition().rowNumber - 1;
    await this.#requireJob();
    await makeJobRejects(this.#context, this.#batch, this.#columns, tally.rejectedCount);
    const isFine = isTolerated(options.tolerate, tally.rejectedCount, totalRows);
    const status = isFine ? exitStatus.done : exitStatus.rowsRejected;
    const checkpoint: Checkpoint = {
      ...open,
      state: 'complete',
      exitStatus: status,
      totalRows,
      file: { ...open.file, sha256 },
      hints: this.#hints.atEnd(totalRows, totalRows - tally.counts.skipped),
    };
    const summary = this.#summary(checkpoint, null);
    await this.#writeSummary(summary);
    await this.#write(checkpoint);
    if (file === '-') await machine.disk.remove(files.spool);
    return { stop: null, exitStatus: status, checkpoint, summary };
  }

  /** The state as it stands. What it says of the report is true on disk only after `journal.sync`. */
  #checkpoint(): Checkpoint {
    const { base, ports, earlier } = this.#opened;
    const { journal, tally, clock, order } = ports;
    const { stat, isCompressed } = this.#batch;
    const endByte = journal.endByte;
    const readRowCount = this.#loop.readRowCount(earlier);
    return {
      ...base,
      state: 'open',
      runId: this.#context.runId,
      updatedAtMs: clock.wallMs(),
      file: {
        ...base.file,
        // Where it grew while it was read, its end is where reading came to.
        sizeBytes: isCompressed ? stat.sizeBytes : Math.max(stat.sizeBytes, this.#read?.bytes ?? 0),
        modifiedNs: stat.modifiedNs,
        identity: stat.identity,
        fingerprint: this.#fingerprint,
      },
      next: this.#loop.next,
      results: { fromByte: this.#loop.resultsFromByte(earlier, endByte), endByte },
      counts: { ...tally.counts },
      readRowCount,
      attempts: tally.tryCount,
      routes: { ...tally.routes },
      reasons: tally.reasons(),
      hints: this.#hints.stateBefore(this.#loop.next.rowNumber),
      openRows: this.#loop.triedRows(earlier),
      ...lateUnitsOf(ports, base),
      updates: order.state(readRowCount, this.#loop.isOver, instantOf(clock)),
    };
  }

  get #fingerprint(): Fingerprint {
    return this.#read ?? this.#batch.fingerprint();
  }

  async #write(checkpoint: Checkpoint): Promise<void> {
    await this.#requireJob();
    await writeCheckpoint(this.#context.machine.disk, this.#context.files.checkpoint, checkpoint);
  }

  async #writeSummary(summary: JobSummary): Promise<void> {
    const { machine, files, runId } = this.#context;
    await this.#requireJob();
    await writeJobSummary(machine.disk, files.summary, summary, runId);
  }

  async #requireJob(): Promise<void> {
    if (await this.#hasJob()) return;
    const { code, message, exitStatus: status } = this.#loop.stopped ?? lostJobStop;
    throw new ProfileDripError(code, message, status);
  }

  #summary(checkpoint: Checkpoint, stop: Stop | null): JobSummary {
    const { tally, clock, pacer } = this.#opened.ports;
    return jobSummary(checkpoint, {
      ...this.#context,
      endedAtMs: clock.wallMs(),
      resumedFromRow: this.#resumedFromRow,
      endedInRunCount: tally.endedInRunCount,
      elapsedMs: clock.monotonicMs() - this.#startedMs,
      cap: pacer.view(),
      hasRejects: checkpoint.state === 'complete' && tally.rejectedCount > 0,
      exitStatus: stop?.exitStatus ?? checkpoint.exitStatus ?? exitStatus.done,
      error: stop && { code: stop.code, message: stop.message },
    });
  }

  #snapshot(): SendSnapshot {
    const { tally, clock, pacer } = this.#opened.ports;
    return {
      file: this.#context.file,
      readBytes: this.#batch.fileBytesTo(this.#loop.readToByte),
      sizeBytes: this.#batch.stat.sizeBytes,
      rows: tally.counts,
      endedRowCount: tally.endedCount,
      readRowCount: this.#loop.readRowCount(this.#opened.earlier),
      endedInRunCount: tally.endedInRunCount,
      underWayCount: this.#loop.inFlightCount,
      tryCount: tally.tryCount,
      elapsedMs: clock.monotonicMs() - this.#startedMs,
      hold: this.#loop.hold,
      cap: pacer.view(),
    };
  }

  /** After a wait: does FILE, under its name, still hold what has been read? A removed one is still read to its end. */
  async #recheckFile(): Promise<Stop | null> {
    if ((await this.#batch.lookAgain()) !== 'touched') return null;
    const { inputDisk, path, options } = this.#context;
    try {
      const now = await openBatch(inputDisk, path, options);
      const isSame = await now.matches(this.#fingerprint).finally(() => now.close());
      return isSame ? null : changedFileStop;
    } catch (error) {
      if (error instanceof FileError) return changedFileStop;
      throw error;
    }
  }

  /** At the end: a file that was overwritten while it was read is not what anybody meant to send. */
  async #lookAtWhatWasRead(): Promise<Stop | null> {
    if ((await this.#batch.lookAgain()) !== 'touched') return null;
    const { inputDisk, path } = this.#context;
    const now = await unlessMissing(inputDisk.stat(path));
    // What came under its name meanwhile is the next run's; the open file is what it was.
    if (now === null || now.identity !== this.#batch.stat.identity) return null;
    if (!(await this.#batch.matches(this.#fingerprint))) return changedFileStop;
    if (now.sizeBytes <= this.#batch.readBytes()) return null;
    const { isCompressed, format } = this.#batch;
    if (format.encoding !== 'utf-8') return changedFileStop; // as decideStart has it
    const isRowTorn = !isCompressed && (await continuesRow(inputDisk, path, this.#fingerprint.bytes));
    return isRowTorn ? changedFileStop : grownFileStop;
  }

  #say(event: SendEvent): void {
    this.#tell(() => this.#context.hooks.onEvent?.(event));
  }

  /** What a caller's function throws ends the run, and comes back to the caller when the run is over. */
  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#fault ??= error;
    this.#loop.stop(faultStop(error));
  }
}

/** What each ledger did not come to know of; of one that this run does not use, what was left to it. */
function lateUnitsOf({ route, pacer, overflow }: LoopPorts, base: Checkpoint) {
  if (route.name === 'delivery') return { lateUnits: base.lateUnits, lateDeliveryUnits: pacer.lateUnits() };
  return { lateUnits: pacer.lateUnits(), lateDeliveryUnits: overflow?.pacer.lateUnits() ?? base.lateDeliveryUnits };
}

const lastRowsMessage =
  'no row was left to tell whether the last rows failed because of an outage: look at their reasons before you send the rejects again';
const uncountedMessage =
  'every row has ended, but some attempts may have arrived late, and they could not be written to the ledger of the cap. Run the same command again: it writes them, and completes the job';

const fewAnswersMessage =
  'too few answers to know whether the endpoint or client code is wrong, or only these rows: check the reasons before you send the rejects again';
