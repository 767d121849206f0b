import { dirname } from 'node:path';
import type { Cancel, Clock, Disk, DiskFile } from '../../platform/ports.js';
import { diskFault, onDisk, unlessMissing } from '../../storage/disk-errors.js';
import { MachineError, ProfileDripError, UsageError } from '../../terms/errors.js';
import { exitStatus } from '../../terms/exit-status.js';
import { firstResultByte, readReportHead } from './read-results.js';
import { type RowResult, resultsHeader } from './result.js';
import { ResultLines } from './result-lines.js';

/** A line is on its way to the file at most this long after it was handed in. */
const flushAfterMs = 50;
/** An outcome older than this that is not yet written holds back every attempt that has not started. */
const unwrittenAgeMaxMs = 100;
/** What is buffered goes out at once above this. */
const flushAtBytes = 262_144;
/** Rows that need no attempt end as fast as they are read: above this, reading waits for the disk. */
const unwrittenBytesMax = 1_048_576;

/** Whether further lines of the same update are handed in within this step. */
export type MoreLines = 'done' | 'follow';

/**
 * The results report as it is written: the job's journal.
 *
 * States, and what enters and leaves each:
 * - idle: nothing buffered, nothing in flight. `write` → gathering.
 * - gathering: lines are buffered, the oldest for at most 50 ms; a timer is set. The timer, 256 KB or `sync` → appending.
 * - appending: one append is in flight, and more lines are buffered. Its end → idle, gathering or appending again.
 * - faulted (for good): an append, an fsync or a look at the file failed; `onFault` has been called. What was not
 *   written is discarded: those rows have no end, and are sent again when the job resumes.
 * - closed (for good).
 *
 * Invariants:
 * - The file's first `#writtenBytes` are whole lines, in the order of `write`; only an append that is in flight stands
 *   after them. After a failed one the file is cut back to them, here or (if even that fails) by `recover`.
 * - `#writtenBytes` + what an append has in flight + what is buffered = `#endByte`, where the next line will begin.
 * - The lines of one update are handed in within one step, and go in one append: a kill leaves a part of them at the
 *   end of the file only, which `recover` discards.
 * - Never two appends at once. After a fault nothing is appended: an fsync that failed once may succeed the next time
 *   although content is lost.
 */
export class Journal {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #file: DiskFile;
  #writtenBytes: number;
  #endByte: number;
  readonly #buffered = new ResultLines();
  #bufferedSinceMs: number | null = null;
  #appendingSinceMs: number | null = null;
  /** Resolves when the append that is in flight has ended, well or not. */
  #appending: Promise<void> | null = null;
  #cancelTimer: Cancel | null = null;
  #fault: ProfileDripError | null = null;
  #isClosed = false;

  /** Called after each append that went well: `mayStart` may be true again. */
  onWritten: (() => void) | null = null;
  /** Called once. */
  onFault: ((fault: ProfileDripError) => void) | null = null;
  /** Asked before each append: `false` where another run writes here now. What was handed in is discarded then. */
  isOurs: (() => Promise<boolean>) | null = null;

  private constructor(disk: Disk, path: string, clock: Clock, file: DiskFile, sizeBytes: number) {
    this.#disk = disk;
    this.#path = path;
    this.#clock = clock;
    this.#file = file;
    this.#writtenBytes = sizeBytes;
    this.#endByte = sizeBytes;
  }

  /**
   * Opens the report. `resume`: to continue at its end, which `recover` has made sure is the end of a line. `new`: with
   * its header, durably, so that a checkpoint may speak of it; one that is there with results in it has lost its
   * checkpoint, and is refused (UsageError `report-without-checkpoint`).
   */
  static async open(disk: Disk, clock: Clock, path: string, mode: 'new' | 'resume'): Promise<Journal> {
    return onDisk(`write the results to ${path}`, async () => {
      const file = await disk.open(path, 'append');
      try {
        if (mode === 'new') await beginReport(disk, path, file);
        const { sizeBytes } = await file.stat();
        if (sizeBytes < firstResultByte) throw changedUnderUs(path, 'does not exist any more'); // opening made a new one
        return new Journal(disk, path, clock, file, sizeBytes);
      } catch (error) {
        await file.close().catch(() => {});
        throw error;
      }
    });
  }

  /** Where the next line will begin: the size of the report with all that was handed in. */
  get endByte(): number {
    return this.#endByte;
  }

  get fault(): ProfileDripError | null {
    return this.#fault;
  }

  /**
   * Takes a row's result, and returns at which byte of the report its line begins. After a fault it is discarded.
   * `more`: whether further lines of the same update follow in this step; no append begins between them.
   */
  write(row: RowResult, more: MoreLines = 'done'): number {
    const startByte = this.#endByte;
    if (this.#fault !== null || this.#isClosed) return startByte;
    const bufferedBytes = this.#buffered.length;
    this.#buffered.add(row);
    this.#endByte += this.#buffered.length - bufferedBytes;
    if (this.#bufferedSinceMs === null) {
      this.#bufferedSinceMs = this.#clock.monotonicMs();
      this.#setTimer(flushAfterMs);
    }
    if (more === 'done' && this.#buffered.length >= flushAtBytes) this.#flush();
    return startByte;
  }

  /** Whether an attempt may start: nothing new goes out while older outcomes cannot be written. Cheap. `nowMs`: monotonic, read in this step. */
  mayStart(nowMs = this.#clock.monotonicMs()): boolean {
    if (this.#fault !== null || this.#isClosed) return false;
    const oldestMs = this.#appendingSinceMs ?? this.#bufferedSinceMs;
    return oldestMs === null || nowMs - oldestMs <= unwrittenAgeMaxMs;
  }

  /** Resolves when no more than 1 MB is waiting to be written, or none of it will be. To be awaited between chunks of rows. */
  async room(): Promise<void> {
    while (this.#endByte - this.#writtenBytes > unwrittenBytesMax && this.#fault === null && !this.#isClosed) {
      this.#flush();
      await this.#appending;
    }
  }

  /**
   * Writes what has been handed in, and makes it durable. Resolves to the size of the report that is durable: at
   * least `endByte` as it was when this was called, and the end of a line. Rejects with the fault, if there is one.
   */
  async sync(): Promise<number> {
    await this.#written(this.#endByte);
    const durableBytes = this.#writtenBytes;
    if (this.isOurs !== null) await this.#mayTouch(this.isOurs);
    try {
      if (this.#fault !== null) throw this.#fault;
      await this.#lookAgain();
      await this.#file.sync();
    } catch (error) {
      this.#fail(error);
    }
    if (this.#fault !== null) throw this.#fault;
    return durableBytes;
  }

  /** Writes what has been handed in, unless there is a fault, and closes the file. Never rejects. */
  async close(): Promise<void> {
    await this.#written(this.#endByte).catch(() => {}); // the fault has been reported
    this.#isClosed = true;
    this.#cancelTimer?.();
    await this.#appending;
    await this.#file.close().catch(() => {});
  }

  /** Resolves when the file holds all up to `byte`. */
  async #written(byte: number): Promise<void> {
    while (this.#writtenBytes < byte && this.#fault === null && !this.#isClosed) {
      this.#flush();
      await this.#appending;
    }
    if (this.#fault !== null) throw this.#fault;
  }

  #setTimer(delayMs: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#clock.schedule(delayMs, () => {
      this.#cancelTimer = null;
      this.#flush();
    });
  }

  /** Starts an append of what is buffered; while one is in flight, its end does. */
  #flush(): void {
    if (this.#appending !== null || this.#bufferedSinceMs === null || this.#fault !== null) return;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const bytes = this.#buffered.take(); // no append is in flight that would still need the last that were taken
    this.#appendingSinceMs = this.#bufferedSinceMs;
    this.#bufferedSinceMs = null;
    this.#appending = this.#append(bytes);
  }

  async #append(bytes: Uint8Array): Promise<void> {
    if (this.isOurs === null || (await this.#mayTouch(this.isOurs))) {
      try {
        await this.#file.append(bytes);
        this.#writtenBytes += bytes.length;
      } catch (error) {
        this.#fail(error);
        await this.#file.truncate(this.#writtenBytes).catch(() => {}); // recover cuts what this could not
      }
    }
    this.#appending = null;
    this.#appendingSinceMs = null;
    if (this.#fault !== null) return;
    if (this.#bufferedSinceMs !== null) this.#flushWhenDue(this.#bufferedSinceMs);
    this.onWritten?.();
  }

  /** `false`, and a fault, where the report is another run's now, or that is not known. */
  async #mayTouch(isOurs: () => Promise<boolean>): Promise<boolean> {
    try {
      if (await isOurs()) return true;
      this.#fail(takenOver(this.#path));
    } catch (error) {
      this.#fail(error);
    }
    return false;
  }

  #flushWhenDue(bufferedSinceMs: number): void {
    const leftMs = bufferedSinceMs + flushAfterMs - this.#clock.monotonicMs();
    if (leftMs <= 0 || this.#buffered.length >= flushAtBytes) this.#flush();
  }

  /** That the path still leads to the file that is written to, and that nobody else wrote or cut it. */
  async #lookAgain(): Promise<void> {
    const atLeastBytes = this.#writtenBytes;
    const own = await this.#file.stat();
    const atPath = await unlessMissing(this.#disk.look(this.#path));
    if (atPath === null || atPath.identity !== own.identity)
      throw changedUnderUs(this.#path, 'does not exist any more');
    if (own.sizeBytes < atLeastBytes) throw changedUnderUs(this.#path, 'was cut');
    if (own.sizeBytes > this.#endByte) throw changedUnderUs(this.#path, 'was written to by another program');
  }

  #fail(error: unknown): void {
    if (this.#fault !== null) return;
    this.#fault = diskFault(error, `write the results to ${this.#path}`);
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#buffered.clear();
    this.#bufferedSinceMs = null;
    this.onFault?.(this.#fault);
  }
}

/** What a crash before the first checkpoint left is a header at most: that is written again. */
async function beginReport(disk: Disk, path: string, file: DiskFile): Promise<void> {
  const { sizeBytes } = await file.stat();
  const head = await readReportHead(file);
  if (head === 'strange' || sizeBytes > firstResultByte) {
    throw new UsageError(
      'report-without-checkpoint',
      `${path} exists, but its checkpoint is missing. Put the checkpoint back to resume that job, or move the file away, or give --restart to begin again (the file is kept, renamed).`,
    );
  }
  if (head === 'begun') {
    await file.truncate(0);
    await file.append(Buffer.from(resultsHeader));
  }
  await file.sync();
  await disk.syncFolder(dirname(path));
}

function takenOver(path: string): ProfileDripError {
  return new ProfileDripError(
    'job-lost',
    `another run has this job now, and writes to ${path}. It resumes from what is written.`,
    exitStatus.busy,
  );
}

function changedUnderUs(path: string, what: string): MachineError {
  return new MachineError(
    'results-changed',
    `${path} ${what}, in the middle of its job. Put it back as it was and run the same command again, or begin again with --restart.`,
  );
}
