import type { Cancel, Clock } from '../platform/ports.js';
import { markRow, type PrintedRow, settleRow } from './bookkeeping.js';
import { type Freshness, freshnessClock, toMinutes } from './freshness.js';
import { type Participation, renewEveryMs } from './membership.js';
import { memoryFailed } from './memory-errors.js';
import type { Mark, Memory, Submission, Verdict } from './memory-types.js';
import { type HashKeys, RowPrint } from './row-hashes.js';
import type { Company } from './run-registry.js';
import type { Records, StoreSize, VisitorStore } from './store.js';
import { isUnchanged } from './visitor-record.js';

/** Rows in one transaction: for some 10 ms the store, and this process's event loop, belong to it. */
const rowsInTransactionMax = 512;
const writeDelayMs = 1_000;

export interface LiveMemoryOptions {
  readonly folder: string;
  readonly keys: HashKeys;
  readonly skipUnchanged: boolean;
  readonly refreshAfterDays: number;
  readonly clock: Clock;
}

/** What a row is known by, kept from its mark to its end. */
class RowMark implements Mark, PrintedRow {
  readonly visitor: Uint8Array;
  readonly names: readonly number[];
  readonly values: readonly bigint[];
  readonly sequence: number;
  isSettled = false;

  constructor(print: RowPrint, sequence: number) {
    // Plain arrays and a pooled buffer: typed arrays of their own cost more than all the rest of a mark.
    this.visitor = Buffer.from(print.visitor);
    this.names = Array.from(print.names.subarray(0, print.attributeCount));
    this.values = Array.from(print.values.subarray(0, print.attributeCount));
    this.sequence = sequence;
  }
}

/** A row that was submitted, waiting to be written. */
interface Settlement {
  readonly mark: RowMark;
  readonly wasOnlyTry: boolean;
  readonly atMinutes: number;
}

/**
 * One run's use of the memory, from its registration on.
 *
 * Invariants: whatever touches the store is one of a row of steps that take turns; a step is one transaction or several,
 * and each begins with a look at who is present and goes on with what waits to be written. Marks are durable before
 * `examine` resolves. What waits is lost in a crash: those rows stay pending, and are sent again. After a failure
 * nothing more is written: what was marked stays unknown.
 */
export class LiveMemory implements Memory {
  readonly #store: VisitorStore;
  readonly #participation: Participation;
  readonly #options: LiveMemoryOptions;
  readonly #print: RowPrint;
  readonly #freshnessAt: (wallMs: number) => Freshness;
  #lastStep: Promise<unknown> = Promise.resolve();
  #failure: Error | null = null;
  #sequence = 0;
  #waiting: Settlement[] = [];
  #cancelWriting: Cancel | null = null;
  #cancelRenewal: Cancel;
  #closed: Promise<void> | null = null;

  /** `participation` has registered, durably. */
  constructor(store: VisitorStore, participation: Participation, options: LiveMemoryOptions) {
    this.#store = store;
    this.#participation = participation;
    this.#options = options;
    this.#print = new RowPrint(options.keys);
    this.#freshnessAt = freshnessClock(options.refreshAfterDays);
    this.#cancelRenewal = this.#scheduleRenewal();
  }

  examine(rows: readonly Submission[]): Promise<readonly Verdict[]> {
    return this.#inTurn(async () => {
      const verdicts: Verdict[] = [];
      for (let start = 0; start < rows.length; start += rowsInTransactionMax) {
        const slice = rows.slice(start, start + rowsInTransactionMax);
        verdicts.push(...(await this.#transact((records, company) => this.#judge(slice, records, company))));
      }
      return verdicts;
    });
  }

  submitted(mark: Mark, wasOnlyTry = false): void {
    if (!(mark instanceof RowMark) || mark.isSettled) return;
    mark.isSettled = true;
    this.#waiting.push({ mark, wasOnlyTry, atMinutes: toMinutes(this.#options.clock.wallMs()) });
    if (this.#waiting.length % rowsInTransactionMax === 0) this.#writeSoon();
    else this.#cancelWriting ??= this.#options.clock.schedule(writeDelayMs, () => this.#writeSoon());
  }

  isCurrent(): boolean {
    return this.#failure === null && this.#participation.isCurrent();
  }

  size(): Promise<StoreSize> {
    return this.#inTurn(() => this.#transact((records) => records.size()));
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#cancelRenewal();
    this.#cancelWriting?.();
    try {
      await this.#inTurn(async () => {
        while (this.#waiting.length > 0) await this.#transact(() => {});
        await this.#store.transact((records) => this.#participation.end(records));
      });
    } finally {
      await this.#store.close();
    }
  }

  #judge(rows: readonly Submission[], records: Records, company: Company): Verdict[] {
    const { skipUnchanged, clock } = this.#options;
    const freshness = this.#freshnessAt(clock.wallMs());
    const { run } = this.#participation;
    return rows.map(({ form }): Verdict => {
      const print = this.#print;
      print.read(form);
      const record = records.get(print.visitor);
      if (skipUnchanged && record !== null && isUnchanged(record, print, freshness)) return unchanged;
      this.#sequence += 1;
      const mark = new RowMark(print, this.#sequence);
      markRow(records, record, mark, { run, sequence: mark.sequence }, company);
      return { kind: 'send', mark };
    });
  }

  /** Writes what waits, the oldest first, as much as one transaction is to hold. */
  #settle(records: Records, company: Company): void {
    const { run } = this.#participation;
    for (const { mark, ...submitted } of this.#waiting.splice(0, rowsInTransactionMax)) {
      settleRow(records, mark, { run, sequence: mark.sequence }, submitted, company);
    }
  }

  /** In the background; a failure is told by the next `examine`, or by `close`. */
  #writeSoon(): void {
    this.#cancelWriting?.();
    this.#cancelWriting = null;
    this.#inTurn(() => this.#transact(() => {})).catch(() => {});
  }

  #scheduleRenewal(): Cancel {
    return this.#options.clock.schedule(renewEveryMs, () => {
      this.#cancelRenewal = this.#scheduleRenewal();
      this.#writeSoon();
    });
  }

  async #transact<T>(work: (records: Records, company: Company) => T): Promise<T> {
    const result = await this.#store.transact((records) => {
      const company = this.#participation.meet(records);
      this.#settle(records, company);
      return work(records, company);
    });
    this.#participation.committed();
    return result;
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = this.#lastStep.then(async () => {
      if (this.#failure !== null) throw this.#failure;
      try {
        return await step();
      } catch (error) {
        this.#failure = memoryFailed(this.#options.folder, error);
        throw this.#failure;
      }
    });
    this.#lastStep = turn.catch(() => {});
    return turn;
  }
}

const unchanged: Verdict = { kind: 'unchanged' };
