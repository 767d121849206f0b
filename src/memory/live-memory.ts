import type { Instant } from '../platform/instant.js';
import type { BootClock, Cancel, Clock } from '../platform/ports.js';
import { OpenRecords, type RowToMark, type RowToSettle, unchangedRows } from './bookkeeping.js';
import { KeyList, textOf } from './key-list.js';
import { MarkAge } from './mark-age.js';
import { memoryFailed } from './memory-errors.js';
import type {
  MemoryAbsence,
  MemoryHome,
  MemorySize,
  MemoryState,
  MemoryView,
  VisitorKey,
  Written,
} from './memory-home.js';
import type { Mark, Memory, Moment, Submission, Verdict } from './memory-types.js';
import { leaveWithinMs, type Token } from './record/attribute-state.js';
import { type Freshness, freshnessClock, toMinutes } from './record/freshness.js';
import { type HashKeys, type RowHashes, RowPrint } from './record/row-hashes.js';

/** Rows in one round trip: for some 10 ms the home belongs to it. */
const rowsInTransactionMax = 512;
/** Settlements in one transaction. */
const settlementsMax = 2_048;
const writeDelayMs = 2_000;
/** If it is not known whether a transaction was committed, it is run again, at most this many times. */
const unknownOutcomesMax = 5;
/** What holds for all visitors is moved ahead by this much more, so that it is not written with every block. */
const slackMs = 30_000;

export interface LiveMemoryOptions {
  /** For messages. */
  readonly name: string;
  readonly keys: HashKeys;
  readonly skipUnchanged: boolean;
  readonly refreshAfterDays: number;
  readonly timeoutMs: number;
  /** 64 bits that no other run has. */
  readonly run: bigint;
  readonly clock: Clock;
  readonly bootClock: BootClock;
}

/** A row's mark. */
class RowMark implements Mark {
  readonly asked: Moment;
  readonly hashes: RowHashes;
  readonly token: Token;
  readonly setAtMinutes: number;
  readonly lastSentAtMs: number | null;

  constructor(asked: Moment, hashes: RowHashes, token: Token, setAtMinutes: number, lastSentAtMs: number | null) {
    this.asked = asked;
    this.lastSentAtMs = lastSentAtMs;
    this.hashes = hashes;
    this.token = token;
    this.setAtMinutes = setAtMinutes;
  }
}

/** A row that was submitted, waiting to be written. */
interface Settlement extends RowToSettle {
  readonly mark: RowMark;
}

/** What a transaction that marks comes to. `null`: nothing is remembered yet, and all visitors are marked alike. */
type Judged = {
  readonly areUnchanged: readonly boolean[];
  readonly lastSentAtMs: readonly (number | null)[];
  readonly setAtMinutes: number;
} | null;

/**
 * One run's use of the memory.
 *
 * Invariants: whatever touches the home is one of a row of steps that take turns. Marks are durable before `examine`
 * resolves, and `mayLeave` counts them as older than that. A settlement that waits is written before its visitor is
 * marked again, in the same transaction; what waits is lost in a crash, and those rows are sent again. After a failure
 * nothing more is written: what was marked stays uncertain.
 *
 * A plain run over a home where nothing is remembered marks all visitors alike, once in half a minute: so a memory that
 *is created meanwhile knows of its attempts, and it finds that memory before its next mark.
 */
export class LiveMemory implements Memory {
  readonly #home: MemoryHome;
  readonly #options: LiveMemoryOptions;
  readonly #print: RowPrint;
  readonly #freshnessAt: (wallMs: number) => Freshness;
  readonly #age: MarkAge;
  /** How long a mark has to last. */
  readonly #markMs: number;
  #lastStep: Promise<unknown> = Promise.resolve();
  #failure: Error | null = null;
  #sequence = 0;
  /** By visitor, the oldest first. */
  readonly #waiting = new Map<string, Settlement>();
  #cancelWriting: Cancel | null = null;
  /** Stands for every row, while nothing is remembered. */
  #markOfAll: Mark | null = null;
  #closed: Promise<void> | null = null;

  constructor(home: MemoryHome, options: LiveMemoryOptions) {
    this.#home = home;
    this.#options = options;
    this.#print = new RowPrint(options.keys);
    this.#freshnessAt = freshnessClock(options.refreshAfterDays);
    this.#age = new MarkAge(options.clock, options.bootClock);
    this.#markMs = leaveWithinMs + options.timeoutMs + home.marginMs;
  }

  examine(rows: readonly Submission[]): Promise<readonly Verdict[]> {
    return this.#inTurn(async () => {
      const verdicts: Verdict[] = [];
      for (let start = 0; start < rows.length; start += rowsInTransactionMax) {
        verdicts.push(...(await this.#examineBlock(rows.slice(start, start + rowsInTransactionMax))));
      }
      return verdicts;
    });
  }

  standingMark(now: Instant): Mark | null {
    const mark = this.#markOfAll;
    return mark !== null && this.#age.isYoungerThan(leaveWithinMs / 2, mark.asked, now) ? mark : null;
  }

  mayLeave(mark: Mark | null, now: Instant): boolean {
    return mark !== null && this.#age.isYoungerThan(leaveWithinMs, mark.asked, now);
  }

  absence(): MemoryAbsence | null {
    return this.#home.absence();
  }

  watchAbsence(told: (() => void) | null): void {
    this.#home.watchAbsence(told);
  }

  submitted(mark: Mark, wasOnlyAttempt: boolean): void {
    if (!(mark instanceof RowMark)) return; // of all visitors: nothing is remembered
    const { hashes, token, setAtMinutes } = mark;
    this.#waiting.set(textOf(hashes.visitor), { mark, hashes, token, setAtMinutes, wasOnlyAttempt });
    if (this.#waiting.size % settlementsMax === 0) this.#writeSoon();
    else this.#cancelWriting ??= this.#options.clock.schedule(writeDelayMs, () => this.#writeSoon());
  }

  doubt(forms: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      for (let start = 0; start < forms.length; start += rowsInTransactionMax) {
        const keys = forms.slice(start, start + rowsInTransactionMax).map((form) => this.#print.readVisitor(form));
        await this.#transact(keys, (view) => {
          const records = new OpenRecords(view, keys);
          keys.forEach((_key, index) => {
            records.doubt(index);
          });
          return records.written(undefined, null);
        });
      }
    });
  }

  size(): Promise<MemorySize> {
    return this.#inTurn(() => this.#home.size());
  }

  flush(): Promise<void> {
    return this.#inTurn(async () => {
      while (this.#waiting.size > 0) await this.#settle();
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      this.#cancelWriting?.();
      await this.#home.close();
      this.#failure ??= memoryFailed(this.#options.name, new Error('it was closed'));
    }
  }

  async #examineBlock(rows: readonly Submission[]): Promise<Verdict[]> {
    const { skipUnchanged } = this.#options;
    const { length } = rows;
    const standing = this.standingMark(this.#age.now());
    if (standing !== null) return new Array<Verdict>(length).fill({ kind: 'send', mark: standing });
    const hashes = rows.map(({ form }) => this.#print.read(form));
    const verdicts = new Array<Verdict>(length).fill(unchanged);
    let open = [...rows.keys()];
    if (skipUnchanged) {
      const keys = hashes.map(({ visitor }) => visitor);
      const seen = await this.#home.read(keys, (view) => unchangedRows(view, hashes, this.#freshnessOf(view)));
      open = open.filter((index) => seen[index] !== true || rows[index]?.wasAttempted === true);
    }
    const marks = await this.#mark(open.flatMap((index) => this.#toMark(rows[index], hashes[index])));
    open.forEach((index, at) => {
      verdicts[index] = marks[at] ?? unchanged;
    });
    return verdicts;
  }

  #toMark(row: Submission | undefined, hashes: RowHashes | undefined): RowToMark[] {
    if (row === undefined || hashes === undefined) return [];
    const { earlier, wasAttempted } = row;
    this.#sequence += 1;
    return [
      {
        hashes,
        token: { run: this.#options.run, sequence: this.#sequence },
        earlierToken: earlier instanceof RowMark ? earlier.token : null,
        earlierSentAtMs: earlier?.lastSentAtMs ?? null,
        mayBeUnchanged: this.#options.skipUnchanged && !wasAttempted,
      },
    ];
  }

  /** Judges rows under the home's lock, and marks those that are to be sent. */
  async #mark(rows: readonly RowToMark[]): Promise<Verdict[]> {
    if (rows.length === 0) return [];
    const asked = this.#age.now(); // before the home is asked: the mark is not older than it seems
    const keys = new KeyList();
    const places = rows.map(({ hashes }) => keys.indexOf(hashes.visitor));
    const waiting = keys.texts.map((text) => this.#waiting.get(text));
    const judged = await this.#transact(keys.keys, (view) => this.#judge(view, keys.keys, rows, places, waiting));
    if (judged === null) {
      const mark: Mark = { asked, lastSentAtMs: null };
      this.#markOfAll = mark;
      return rows.map(() => ({ kind: 'send', mark }));
    }
    this.#markOfAll = null;
    this.#drop(waiting);
    return rows.map(({ hashes, token, earlierSentAtMs }, index) => {
      if (judged.areUnchanged[index] === true) return unchanged;
      const lastSentAtMs = latest(earlierSentAtMs, judged.lastSentAtMs[index] ?? null);
      return { kind: 'send', mark: new RowMark(asked, hashes, token, judged.setAtMinutes, lastSentAtMs) };
    });
  }

  #judge(
    view: MemoryView,
    keys: readonly VisitorKey[],
    rows: readonly RowToMark[],
    places: readonly number[],
    waiting: readonly (Settlement | undefined)[],
  ): Written<Judged> {
    const { state, time } = view;
    const untilMs = time.ms + this.#markMs;
    if (!state.isMade && !this.#options.skipUnchanged) {
      const allUntilMs = atLeast(untilMs, state.allUntilMs);
      const next = { ...state, allUntilMs, latestUntilMs: Math.max(allUntilMs, state.latestUntilMs) };
      return { answer: null, state: allUntilMs === state.allUntilMs ? null : next, records: new Map() };
    }
    const next: MemoryState = { ...state, isMade: true, latestUntilMs: atLeast(untilMs, state.latestUntilMs) };
    const isSame = next.isMade === state.isMade && next.latestUntilMs === state.latestUntilMs;
    const records = new OpenRecords(view, keys);
    waiting.forEach((settlement, index) => {
      if (settlement !== undefined) records.settle(index, settlement);
    });
    const freshness = this.#freshnessOf(view);
    const lastSentAtMs: (number | null)[] = [];
    const areUnchanged = rows.map((row, at) => {
      const index = places[at] ?? 0;
      if (row.mayBeUnchanged && records.isUnchanged(index, row.hashes, freshness)) return true;
      lastSentAtMs[at] = records.lastSentAtMs(index, row.earlierToken); // before this mark stands over it
      records.mark(index, row, untilMs);
      return false;
    });
    return records.written({ areUnchanged, lastSentAtMs, setAtMinutes: toMinutes(time.wallMs) }, isSame ? null : next);
  }

  /** Writes what waits, the oldest first, as much as one transaction is to hold. */
  async #settle(): Promise<void> {
    const settlements: Settlement[] = [];
    for (const settlement of this.#waiting.values()) {
      if (settlements.length === settlementsMax) break;
      settlements.push(settlement);
    }
    if (settlements.length === 0) return;
    const keys = settlements.map(({ hashes }) => hashes.visitor);
    await this.#transact(keys, (view) => {
      const records = new OpenRecords(view, keys);
      settlements.forEach((settlement, index) => {
        records.settle(index, settlement);
      });
      return records.written(undefined, null);
    });
    this.#drop(settlements);
  }

  /** They are written. */
  #drop(settlements: readonly (Settlement | undefined)[]): void {
    for (const settlement of settlements) {
      if (settlement === undefined) continue;
      const text = textOf(settlement.hashes.visitor);
      if (this.#waiting.get(text) === settlement) this.#waiting.delete(text);
    }
  }

  /** In the background; a failure is told by the next `examine`, or by `close`. */
  #writeSoon(): void {
    this.#cancelWriting?.();
    this.#cancelWriting = null;
    this.#inTurn(() => this.#settle()).catch(() => {});
  }

  /** Resolves once it is committed: repeating a mark or a settlement with the same token changes nothing more. */
  async #transact<T>(keys: readonly VisitorKey[], work: (view: MemoryView) => Written<T>): Promise<T> {
    for (let count = 1; ; count += 1) {
      const outcome = await this.#home.transact(keys, work);
      if (outcome.kind === 'committed') return outcome.answer;
      if (outcome.kind === 'not-committed' || count === unknownOutcomesMax) throw outcome.cause;
    }
  }

  #freshnessOf({ time }: MemoryView): Freshness {
    return this.#freshnessAt(time.wallMs);
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = this.#lastStep.then(async () => {
      if (this.#failure !== null) throw this.#failure;
      try {
        return await step();
      } catch (error) {
        this.#failure = memoryFailed(this.#options.name, error);
        throw this.#failure;
      }
    });
    this.#lastStep = turn.catch(() => {});
    return turn;
  }
}

const unchanged: Verdict = { kind: 'unchanged' };

function latest(oneMs: number | null, otherMs: number | null): number | null {
  return oneMs === null || otherMs === null ? (oneMs ?? otherMs) : Math.max(oneMs, otherMs);
}

function atLeast(untilMs: number, beforeMs: number): number {
  return untilMs > beforeMs ? untilMs + slackMs : beforeMs;
}
