import { basename, join } from 'node:path';
import { openBatch } from '../batch/open.js';
import { dropFolder } from '../drop/drop-folder.js';
import type { DropHooks, FileEnd } from '../drop/options.js';
import type { SendEvent, SendSnapshot } from '../job/terms/events.js';
import type { Machine } from '../job/terms/machine.js';
import type { RunSummary } from '../job/terms/summary.js';
import { sleep } from '../platform/clock.js';
import { readColumns } from '../target-api/columns.js';
import type { ErrorCode, NoticeCode } from '../terms/codes.js';
import { ProfileDripError } from '../terms/errors.js';
import { type ExitStatus, exitStatus } from '../terms/exit-status.js';
import { type Accepted, BatchBook } from './batch-book.js';
import { type BatchRecord, withCounts } from './batch-records.js';
import type { BatchEnd, QueuePlace, ServeHooks, ServeOptions } from './options.js';
import { Rests } from './rests.js';
import type { SpooledBatch } from './spool-batch.js';
import { batchEnd } from './wire/batch-id.js';

export interface QueueCounts {
  readonly waiting: number;
  readonly accepted: number;
  readonly ended: Readonly<Record<'complete' | 'stuck', number>>;
  readonly rows: ReadonlyMap<string, number>;
  readonly cap: { readonly used: number; readonly left: number } | null;
}

const countedStatuses = ['submitted', 'skipped', 'unchanged', 'invalid', 'refused', 'failed'] as const;
/** How often a queue that waits for a person looks whether the file was taken away. */
const lookMs = 5000;

type WorkEnd = Pick<RunSummary, 'exit_status' | 'error' | 'jobs'>;

export function queuePlace(dir: string, clientCode: string): QueuePlace {
  return { clientCode, dropFolder: join(dir, clientCode) };
}

/**
 * The queue of one client code: a drop folder whose batches are sent, again and again whatever stops it.
 *
 * States of `run`: working (a pass of drop that watches) → resting (after a stop) → working …, until the signal aborts.
 */
export class ClientQueue {
  readonly #place: QueuePlace;
  readonly #options: ServeOptions;
  readonly #hooks: ServeHooks;
  readonly #machine: Machine;
  readonly #book: BatchBook;
  readonly #rests = new Rests();
  readonly #rows = new Map<string, number>();
  #cap: QueueCounts['cap'] = null;
  #running: { readonly id: string; readonly snapshot: () => SendSnapshot } | null = null;
  /** The file that was stopped, if one was. */
  #stoppedName: string | null = null;
  /** Whether what stopped the last pass was told with a batch. */
  #isStopTold = false;
  /** The stop that was told last, since when no batch has ended; `null`: none. */
  #toldStop: string | null = null;
  /** Tells the pass of a new file: the system's notices are not needed. */
  #notice: (name: string | null) => void = () => {};

  private constructor(place: QueuePlace, options: ServeOptions, hooks: ServeHooks, machine: Machine, book: BatchBook) {
    this.#place = place;
    this.#options = options;
    this.#hooks = hooks;
    this.#machine = machine;
    this.#book = book;
  }

  /** The queue with what an earlier run left. */
  static async open(
    clientCode: string,
    options: ServeOptions,
    hooks: ServeHooks,
    machine: Machine,
    runId: string,
  ): Promise<ClientQueue> {
    const place = queuePlace(options.dir, clientCode);
    const warn = (code: NoticeCode | ErrorCode, message: string) =>
      hooks.onEvent({ kind: 'notice', level: 'warning', code, message }, place);
    const book = await BatchBook.open(clientCode, place.dropFolder, machine, runId, warn);
    hooks.onQueue(place);
    return new ClientQueue(place, options, hooks, machine, book);
  }

  get clientCode(): string {
    return this.#place.clientCode;
  }

  get counts(): QueueCounts {
    return { ...this.#book.counts, rows: this.#rows, cap: this.#cap };
  }

  newSpoolPath(): string {
    return this.#book.newSpoolPath();
  }

  /** @throws FileError, UsageError if it cannot have a job. */
  async requireHeader(path: string): Promise<void> {
    const { send } = this.#options;
    const batch = await openBatch(this.#machine.disk, path, send);
    try {
      readColumns(batch.header, send);
    } finally {
      await batch.close();
    }
  }

  accept(spooled: SpooledBatch): Promise<Accepted> {
    return this.#book.accept(spooled, (name) => this.#notice(name));
  }

  /** `null`: the batch never existed, or it was removed long ago. */
  async look(id: string): Promise<BatchRecord | null> {
    const record = await this.#book.look(id);
    if (record === null || record.endedAtMs !== null || this.#running?.id !== id) return record;
    const { rows } = this.#running.snapshot();
    return { ...withCounts(record, { rows: { ...rows, total: null } }), state: 'incomplete' };
  }

  /** Sends batches until the signal aborts. Never rejects. */
  async run(): Promise<void> {
    const { signal } = this.#hooks;
    while (!signal.aborted) {
      const before = this.#book.progress;
      const end = await this.#workOff();
      if (signal.aborted) return;
      if (!this.#isStopTold) this.#tellStop(end);
      await this.#rest(end, this.#book.progress > before);
    }
  }

  async #workOff(): Promise<WorkEnd> {
    const options = {
      ...this.#options.send,
      clientCode: this.clientCode,
      token: null,
      tokenFile: this.#options.tokenFiles.get(this.clientCode) ?? null,
      match: [`*${batchEnd}`],
      marker: null,
      settleMs: 0, // a batch comes whole, by renaming
      watch: true,
    };
    let noted: Promise<void> = Promise.resolve();
    const hooks: DropHooks = {
      signal: this.#hooks.signal,
      onEvent: (event) => this.#onEvent(event),
      onFileEnd: (end) => {
        noted = noted.then(() => this.#onFileEnd(end));
        noted.catch(() => {}); // it is awaited below
      },
      onMoved: async () => {
        await noted;
        await this.#book.endMissed();
      },
      watch: (onChange) => {
        this.#notice = onChange;
        return { close: () => {} };
      },
    };
    this.#stoppedName = null;
    this.#isStopTold = false;
    try {
      const end = await dropFolder(this.#place.dropFolder, options, hooks, this.#machine);
      await noted;
      return end;
    } catch (error) {
      return error instanceof ProfileDripError ? endOf(error) : await this.#endOfBug(error);
    } finally {
      this.#notice = () => {};
    }
  }

  /** Nobody else would: no batch had begun. */
  #tellStop({ exit_status: status, error }: WorkEnd): void {
    const file = this.#place.dropFolder;
    const end = { name: '', file, path: file, fate: 'stays', exitStatus: status, error } as const;
    this.#tell({ ...end, jobs: [], isInFailed: false });
  }

  async #endOfBug(error: unknown): Promise<WorkEnd> {
    const message = 'internal error: this is a bug in profile-drip';
    const stack = error instanceof Error ? (error.stack ?? '').split('\n').slice(1, 4).join(' ') : '';
    this.#say('internal', `${message}${stack}`);
    const id = this.#running?.id ?? null;
    const record = id === null ? null : this.#book.unfinished(id);
    if (record !== null) {
      this.#stoppedName = record.id + batchEnd;
      await this.#book.note({ ...record, state: 'stuck' });
    }
    return { exit_status: exitStatus.internal, error: { code: 'internal', message }, jobs: [] };
  }

  #onEvent(event: SendEvent): void {
    if (event.kind === 'started') {
      const id = basename(event.file, batchEnd);
      this.#running = { id, snapshot: event.snapshot };
      this.#book.begin(id);
    }
    this.#hooks.onEvent(event, this.#place);
  }

  async #onFileEnd(end: BatchEnd): Promise<void> {
    const id = basename(end.name, batchEnd);
    if (this.#running?.id === id) this.#running = null;
    const job = end.jobs.at(-1);
    if (job !== undefined) this.#cap = { used: job.cap.used, left: job.cap.left };
    if (end.fate === 'stays') {
      this.#stoppedName = end.name;
      this.#isStopTold = true;
    } else this.#countRows(end);
    const before = this.#book.unfinished(id); // none: it was put there by hand
    if (before !== null) {
      const record = job === undefined ? before : withCounts(before, job);
      if (end.fate === 'archived') await this.#book.end(record, 'complete');
      else if (end.fate !== 'stays') await this.#book.end(record, 'stuck');
      else await this.#book.note({ ...record, state: needsAPerson(end.exitStatus) ? 'stuck' : 'incomplete' });
    }
    this.#tell(end);
  }

  /** A batch that is stopped is tried again, every five minutes at last: that it is stopped as before is not news. */
  #tell(end: BatchEnd): void {
    const { fate, path, exitStatus: status, error } = end;
    const stop = fate === 'stays' ? JSON.stringify([path, status, error?.code]) : null;
    if (stop !== null && stop === this.#toldStop) return;
    this.#toldStop = stop;
    this.#hooks.onBatchEnd(end, this.#place);
  }

  #countRows({ jobs }: FileEnd): void {
    for (const { rows } of jobs) {
      for (const status of countedStatuses) this.#rows.set(status, (this.#rows.get(status) ?? 0) + rows[status]);
    }
  }

  async #rest({ exit_status: status, error, jobs }: WorkEnd, hasProgress: boolean): Promise<void> {
    const { clock } = this.#machine;
    const { signal } = this.#hooks;
    const freeAt = jobs.at(-1)?.cap.next_free_at ?? null;
    const rest = this.#rests.after(status, freeAt === null ? null : Date.parse(freeAt) - clock.wallMs(), hasProgress);
    const why = `${error?.message ?? `status ${status}`}. The batches of ${this.clientCode} rest`;
    if (rest.kind === 'until-moved' && this.#stoppedName !== null) {
      const path = join(this.#place.dropFolder, this.#stoppedName);
      this.#say('queue-stuck', `${why} until ${path} is taken away, or serve is started again; new ones are accepted`);
      while (!signal.aborted && (await this.#isThere(path))) await sleep(clock, lookMs, signal);
      return;
    }
    const pauseMs = rest.kind === 'pause' ? rest.pauseMs : Rests.longestMs;
    this.#say('queue-rests', `${why} for ${Math.ceil(pauseMs / 1000)} s; new ones are accepted`);
    await sleep(clock, pauseMs, signal);
  }

  async #isThere(path: string): Promise<boolean> {
    return (await this.#machine.disk.stat(path).catch(() => null)) !== null;
  }

  #say(code: NoticeCode | ErrorCode, message: string): void {
    this.#hooks.onEvent({ kind: 'notice', level: 'warning', code, message }, this.#place);
  }
}

function endOf({ exitStatus: status, code, message }: ProfileDripError): WorkEnd {
  return { exit_status: status, error: { code, message }, jobs: [] };
}

/** A stop that a later attempt alone does not cure. */
function needsAPerson(status: ExitStatus): boolean {
  return status === exitStatus.usage || status === exitStatus.maxFailures || status === exitStatus.internal;
}
