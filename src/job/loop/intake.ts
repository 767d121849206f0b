import type { Position } from '../../batch/open.js';
import type { Mark, Submission, Verdict } from '../../memory/memory.js';
import { instantOf } from '../../platform/instant.js';
import type { Reason, RowStatus } from '../../terms/outcome.js';
import type { ReadRow, ReadRows } from '../rows/row-source.js';
import type { EarlierRuns, EarlierTries, LoopPorts } from './loop-parts.js';
import type { ReadyRows } from './ready-rows.js';
import type { Recorder } from './recorder.js';
import { type OpenRow, visitorPrint, type Window } from './row-window.js';

/** What the intake asks of the loop that it feeds. */
export interface FedLoop {
  isStopped(): boolean;
  /** Starts what may start. */
  pump(): void;
  readonly recorder: Recorder;
}

/**
 * Lets rows in as they are read: into the window, and among the ready ones if none of their visitor is open before
 * them. Rows that need no try end here. Reading waits while it is too far ahead.
 */
export class Intake {
  readonly #window: Window;
  readonly #ready: ReadyRows;
  readonly #ports: Pick<LoopPorts, 'clock' | 'journal' | 'memory' | 'merge' | 'quota'>;
  readonly #loop: FedLoop;
  /** Where the rows that have been handed in end. */
  #end: Position;
  /** The row that is to be admitted next, of those. */
  #next: ReadRow | null = null;
  /** Rows that are to be sent and have no end yet may be let in so many times more. */
  #leftCount: number;
  /** A row was to be sent that --limit keeps back. */
  #isAtLimit = false;
  /** Set while reading waits, for room to admit row `#roomRowNumber`. */
  #roomWaiter: (() => void) | null = null;
  #roomRowNumber = 0;

  constructor(
    from: Position,
    window: Window,
    ready: ReadyRows,
    ports: Pick<LoopPorts, 'clock' | 'journal' | 'memory' | 'merge' | 'quota'>,
    loop: FedLoop,
  ) {
    this.#end = from;
    this.#window = window;
    this.#ready = ready;
    this.#ports = ports;
    this.#loop = loop;
    this.#leftCount = ports.quota.leftCount;
  }

  /** The first row that has not been admitted. */
  get readTo(): Position {
    if (this.#next === null) return this.#end;
    const { rowNumber, lineNumber, startByte } = this.#next;
    return { rowNumber, lineNumber, byte: startByte };
  }

  /** No further row is let in, because of --limit. */
  get isAtLimit(): boolean {
    return this.#isAtLimit;
  }

  /** Whether reading waits for room. */
  get isWaiting(): boolean {
    return this.#roomWaiter !== null;
  }

  /** Takes rows in the file's order, `after` being where the next one begins; resolves when there is room for more, or at a stop. */
  async admit(rows: ReadRows, after: Position, earlier: EarlierRuns): Promise<void> {
    await this.#ports.journal.room();
    const standing = this.#standingMark();
    const verdicts = standing === null ? await this.#examine(rows, earlier) : noVerdicts;
    for (const read of rows) {
      const { rowNumber, prepared } = read;
      this.#next = read;
      if (this.#loop.isStopped()) return;
      const isEnough = this.#ready.size >= readyRowCountMax;
      if (isEnough || !hasRoomFor(this.#window, rowNumber)) await this.#room(rowNumber);
      if (this.#loop.isStopped()) return;
      const endedByte = earlier.ended.get(rowNumber);
      if (endedByte !== undefined) {
        this.#window.addEnded(openRow(read, '', '', null, undefined, endedByte));
        earlier.ended.delete(rowNumber);
      } else if (prepared.kind === 'request') {
        const verdict = verdicts.get(rowNumber);
        if (verdict?.kind === 'unchanged') {
          this.#endUnsent(read, prepared.id, 'unchanged', lastSubmitted);
        } else if (this.#leftCount === 0) {
          this.#isAtLimit = true;
          return;
        } else {
          this.#leftCount -= 1;
          const mark = verdict?.mark ?? standing;
          const row = openRow(read, prepared.id, prepared.form, mark, earlier.tried.get(rowNumber), -1);
          earlier.tried.delete(rowNumber);
          if (this.#window.add(row)) this.#ready.put(row);
        }
      } else {
        const reason: Reason = prepared.kind === 'invalid' ? prepared.reason : { code: 'no-values', text: null };
        this.#endUnsent(read, prepared.id, prepared.kind, reason);
      }
    }
    this.#next = null;
    this.#end = after;
  }

  /** Lets reading go on, if it waits and may. */
  giveRoom(): void {
    if (this.#roomWaiter === null) return;
    const isWanted = this.#ready.size <= readyRowCountLow && hasRoomFor(this.#window, this.#roomRowNumber);
    if (!isWanted && !this.#loop.isStopped()) return;
    const resolve = this.#roomWaiter;
    this.#roomWaiter = null;
    resolve();
  }

  /** A mark that stands for every row, where nothing is remembered. */
  #standingMark(): Mark | null {
    const { memory, clock } = this.#ports;
    return memory === null ? null : memory.standingMark(instantOf(clock));
  }

  /**
   * What --changed-only says of those of `rows` that are in front of their visitor's, by row number. The others are
   * examined in their turn: what comes of the row before them is not known yet. With --coalesce all are, because it is
   * the update that is compared, and which rows it holds is not known yet.
   */
  async #examine(rows: ReadRows, earlier: EarlierRuns): Promise<ReadonlyMap<number, Verdict>> {
    const { memory, merge } = this.#ports;
    if (memory === null || merge !== null) return noVerdicts;
    const rowNumbers: number[] = [];
    const submissions: Submission[] = [];
    const prints = new Set<number>();
    for (const { rowNumber, prepared } of rows) {
      if (prepared.kind !== 'request' || earlier.ended.has(rowNumber)) continue;
      const print = visitorPrint(prepared.id);
      if (prints.has(print) || this.#window.hasOpen(print)) continue;
      prints.add(print);
      rowNumbers.push(rowNumber);
      submissions.push({ form: prepared.form, earlier: null, wasAttempted: false });
    }
    const verdicts = await memory.examine(submissions);
    return new Map(verdicts.map((verdict, index) => [rowNumbers[index] ?? 0, verdict]));
  }

  /** Resolves when the row may be admitted and few rows are left that could go out, or at a stop. */
  #room(rowNumber: number): Promise<void> {
    return new Promise((resolve) => {
      this.#roomWaiter = resolve;
      this.#roomRowNumber = rowNumber;
      this.#loop.pump();
    });
  }

  #endUnsent(read: ReadRow, id: string, status: RowStatus, reason: Reason): void {
    const { recorder } = this.#loop;
    const resultByte = recorder.record(recorder.unsentResult(read, id, status, reason), 'done');
    this.#window.addEnded(openRow(read, '', '', null, undefined, resultByte));
  }
}

/** The reason of an unchanged row. */
export const lastSubmitted: Reason = { code: 'last-submitted', text: null };

const noVerdicts: ReadonlyMap<number, Verdict> = new Map();

/** Contract: reading runs at most 10,000 rows ahead of the oldest unfinished row. What the thread that makes rows has ready, two blocks at most, is not let in before that. */
const readAheadRowCountMax = 10_000;
/**
 * With this many rows that could go out reading waits, until there are so few: rows that wait for long outlive the
 * collections of young garbage, and to admit one for each that ends would cost a turn of the queue of promises each.
 */
export const readyRowCountMax = 512;
export const readyRowCountLow = 256;
/** Rows of 60 KB would be 600 MB at 10,000 of them. */
const readAheadBytesMax = 16_000_000;

/** Whether the contract lets the row in: it is not too far ahead of the oldest open one. */
export function hasRoomFor(window: Window, rowNumber: number): boolean {
  const oldest = window.oldestOpen;
  if (oldest === undefined) return true;
  return rowNumber - oldest.rowNumber < readAheadRowCountMax && window.formBytes < readAheadBytesMax;
}

/** `resultByte`: where its line stands in the report; -1: it has not ended. */
export function openRow(
  { rowNumber, lineNumber, startByte }: Pick<ReadRow, 'rowNumber' | 'lineNumber' | 'startByte'>,
  id: string,
  form: string,
  mark: OpenRow['mark'],
  before: EarlierTries | undefined,
  resultByte: number,
): OpenRow {
  return {
    rowNumber,
    lineNumber,
    startByte,
    id,
    print: visitorPrint(id),
    form,
    mark,
    attempts: before?.attempts ?? 0,
    route: null,
    countedTries: 0,
    firstTryAtMs: before?.firstTryAtMs ?? null,
    firstTryMonotonicMs: null,
    earlierMs: before?.earlierMs ?? 0,
    hasEnded: resultByte >= 0,
    resultByte,
    nextOfVisitor: null,
    group: null,
  };
}
