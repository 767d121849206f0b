import { join } from 'node:path';
import { jobFilesIn } from '../job/files/job-files.js';
import { loadCheckpoint } from '../job/files/read-checkpoint.js';
import type { Machine } from '../job/terms/machine.js';
import { onDisk, unlessMissing } from '../storage/disk-errors.js';
import type { ErrorCode, NoticeCode } from '../terms/codes.js';
import { ProfileDripError } from '../terms/errors.js';
import { type BatchRecord, BatchRecords, withCounts } from './batch-records.js';
import { measureFile } from './measure-file.js';
import type { SpooledBatch } from './spool-batch.js';
import { batchEnd, makeBatchId, nextTimeMs, readBatchId } from './wire/batch-id.js';

/** Names in a client code's folder that `drop` never takes: they begin with a dot. */
const recordsFolder = '.batches';
const spoolStart = '.incoming-';
const removeOldEveryMs = 3_600_000;

export interface Accepted {
  readonly id: string;
  readonly isRepeated: boolean;
}

/**
 * Which batches of one client code were accepted, and how they ended.
 *
 * Invariants: a batch is accepted when its file is in the folder under its name, durably; its record is written after
 * that, and created again from the file if a crash came between. `#unfinished` has each accepted batch that has not
 * ended, in their order. Batches are accepted one at a time.
 */
export class BatchBook {
  readonly #clientCode: string;
  readonly #folder: string;
  readonly #machine: Machine;
  readonly #records: BatchRecords;
  readonly #warn: (code: NoticeCode | ErrorCode, message: string) => void;
  readonly #unfinished = new Map<string, BatchRecord>();
  #lastTimeMs = 0;
  #accepting: Promise<unknown> = Promise.resolve();
  #acceptedCount = 0;
  readonly #ended = { complete: 0, stuck: 0 };
  #cleanedAtMs: number;

  private constructor(
    clientCode: string,
    folder: string,
    machine: Machine,
    runId: string,
    warn: (code: NoticeCode | ErrorCode, message: string) => void,
  ) {
    this.#clientCode = clientCode;
    this.#folder = folder;
    this.#machine = machine;
    this.#records = new BatchRecords(machine.disk, join(folder, recordsFolder), runId);
    this.#warn = warn;
    this.#cleanedAtMs = machine.clock.monotonicMs();
  }

  /** With what an earlier run left in `folder`, which is created if it is missing. */
  static async open(
    clientCode: string,
    folder: string,
    machine: Machine,
    runId: string,
    warn: (code: NoticeCode | ErrorCode, message: string) => void,
  ): Promise<BatchBook> {
    const book = new BatchBook(clientCode, folder, machine, runId, warn);
    await book.#makeFolders();
    await book.#findUnfinished();
    return book;
  }

  get counts(): {
    readonly waiting: number;
    readonly accepted: number;
    readonly ended: { complete: number; stuck: number };
  } {
    return { waiting: this.#unfinished.size, accepted: this.#acceptedCount, ended: { ...this.#ended } };
  }

  /** Rows that ended of batches that have not, and batches that have: more of either is progress. */
  get progress(): number {
    let count = this.#ended.complete;
    for (const { consumedCount } of this.#unfinished.values()) count += consumedCount;
    return count;
  }

  /** Where a body is written before it is a batch. */
  newSpoolPath(): string {
    return join(this.#folder, `${spoolStart}${this.#machine.newRunId()}.tmp`);
  }

  unfinished(id: string): BatchRecord | null {
    return this.#unfinished.get(id) ?? null;
  }

  /** `null`: the batch never existed, or it was removed long ago. */
  async look(id: string): Promise<BatchRecord | null> {
    if (readBatchId(id)?.clientCode !== this.#clientCode) return null;
    return this.#unfinished.get(id) ?? this.#records.read(id);
  }

  /**
   * Makes a batch of what was written to disk: afterwards it is kept, whatever happens. One that is identical to the
   * newest that has not ended is that one: a job whose reply was lost sends it again. `onNew`: told as soon as the file
   * has its name.
   */
  accept(spooled: SpooledBatch, onNew: (name: string) => void): Promise<Accepted> {
    const turn = this.#accepting.then(() => this.#acceptNow(spooled, onNew));
    this.#accepting = turn.catch(() => {});
    return turn;
  }

  /** The state of a batch that has not ended. */
  async note(record: BatchRecord): Promise<void> {
    this.#unfinished.set(record.id, record);
    await this.#writeRecord(record);
  }

  /** It is being sent again. */
  begin(id: string): void {
    const record = this.#unfinished.get(id);
    if (record !== undefined) this.#unfinished.set(id, { ...record, state: 'incomplete' });
  }

  async end(record: BatchRecord, state: 'complete' | 'stuck'): Promise<void> {
    this.#unfinished.delete(record.id);
    this.#ended[state] += 1;
    await this.#writeRecord({ ...record, state, endedAtMs: this.#machine.clock.wallMs() });
  }

  /** Batches whose file was put away by an earlier run, which died before that was noted, or was taken away by somebody. */
  async endMissed(): Promise<void> {
    const unfinished = [...this.#unfinished.values()];
    const here = new Set(idsIn(await this.#names()));
    for (const record of unfinished) if (!here.has(record.id)) await this.#endMissedOne(record);
  }

  async #makeFolders(): Promise<void> {
    const { disk } = this.#machine;
    await onDisk(`make ${this.#folder}`, async () => {
      await disk.makeFolder(this.#folder);
      await disk.syncFolder(join(this.#folder, '..'));
    });
    await this.#records.makeFolder();
    await onDisk(`make ${this.#folder}`, () => disk.syncFolder(this.#folder));
  }

  #names(): Promise<string[]> {
    return onDisk(`look at ${this.#folder}`, () => this.#machine.disk.list(this.#folder));
  }

  async #acceptNow(spooled: SpooledBatch, onNew: (name: string) => void): Promise<Accepted> {
    const { disk, clock, random } = this.#machine;
    const newest = [...this.#unfinished.values()].at(-1);
    if (newest !== undefined && newest.sha256 === spooled.sha256 && newest.sizeBytes === spooled.sizeBytes) {
      await unlessMissing(disk.remove(spooled.path));
      await disk.syncFolder(this.#folder); // the first time may have failed in this very step
      return { id: newest.id, isRepeated: true };
    }
    const timeMs = nextTimeMs(clock.wallMs(), this.#lastTimeMs);
    const id = makeBatchId(this.#clientCode, timeMs, () => random.next());
    this.#lastTimeMs = timeMs;
    await disk.rename(spooled.path, join(this.#folder, id + batchEnd));
    // From here on it may be sent, whether the reply says so or not.
    const record = newRecord(id, timeMs, spooled);
    this.#unfinished.set(id, record);
    onNew(id + batchEnd);
    await disk.syncFolder(this.#folder);
    this.#acceptedCount += 1;
    await this.#writeRecord(record);
    await this.#removeOldNowAndThen();
    return { id, isRepeated: false };
  }

  /** A record that cannot be written is created again at the next start: the batch is kept. */
  async #writeRecord(record: BatchRecord): Promise<void> {
    await this.#records.write(record).catch((error: unknown) => {
      if (!(error instanceof ProfileDripError)) throw error;
      this.#warn('batch-record', error.message);
    });
  }

  async #removeOldNowAndThen(): Promise<void> {
    const { clock } = this.#machine;
    if (clock.monotonicMs() - this.#cleanedAtMs < removeOldEveryMs) return;
    this.#cleanedAtMs = clock.monotonicMs();
    await this.#records.removeOld(clock.wallMs());
  }

  /** What an earlier run accepted and did not end, as far as was noted. */
  async #findUnfinished(): Promise<void> {
    const { disk, clock } = this.#machine;
    const names = await this.#names();
    for (const name of names.filter((one) => one.startsWith(spoolStart))) {
      await onDisk(`clear up in ${this.#folder}`, () => unlessMissing(disk.remove(join(this.#folder, name))));
    }
    await this.#records.removeOld(clock.wallMs());
    const known = await this.#records.ids();
    const here = new Set(idsIn(names));
    const ids = [...new Set([...known, ...here])].filter((id) => readBatchId(id)?.clientCode === this.#clientCode);
    for (const id of ids.sort()) {
      this.#lastTimeMs = Math.max(this.#lastTimeMs, readBatchId(id)?.timeMs ?? 0);
      const record = await this.#records.read(id);
      if (here.has(id)) this.#unfinished.set(id, record ?? (await this.#recordFromFile(id)));
      else if (record !== null && record.endedAtMs === null) this.#unfinished.set(id, record);
    }
  }

  /** A crash came between the batch and its record. */
  async #recordFromFile(id: string): Promise<BatchRecord> {
    const path = join(this.#folder, id + batchEnd);
    const record = newRecord(id, readBatchId(id)?.timeMs ?? 0, await measureFile(this.#machine.disk, path));
    await this.#writeRecord(record);
    return record;
  }

  async #endMissedOne(record: BatchRecord): Promise<void> {
    const { disk } = this.#machine;
    const archive = join(this.#folder, 'archive');
    const days = (await onDisk(`look at ${archive}`, () => unlessMissing(disk.list(archive)))) ?? [];
    for (const day of days) {
      for (const stemEnd of ['', '.sandbox']) {
        const files = jobFilesIn(join(archive, day), record.id + batchEnd + stemEnd);
        const checkpoint = await loadCheckpoint(disk, files.checkpoint).catch(() => null);
        if (checkpoint === null) continue;
        const { counts, totalRows } = checkpoint;
        await this.end(withCounts(record, { rows: { ...counts, total: totalRows } }), 'complete');
        return;
      }
    }
    await this.end(record, 'stuck'); // in failed/, or taken away by somebody
  }
}

function idsIn(names: readonly string[]): string[] {
  return names.flatMap((name) => (name.endsWith(batchEnd) ? [name.slice(0, -batchEnd.length)] : []));
}

function newRecord(
  id: string,
  acceptedAtMs: number,
  { sha256, sizeBytes, rowCount }: Pick<BatchRecord, 'sha256' | 'sizeBytes' | 'rowCount'>,
): BatchRecord {
  return {
    id,
    acceptedAtMs,
    sha256,
    sizeBytes,
    rowCount,
    state: 'incomplete',
    consumedCount: 0,
    successfulCount: 0,
    failedCount: 0,
    endedAtMs: null,
  };
}
