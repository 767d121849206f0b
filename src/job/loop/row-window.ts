import type { Position } from '../../batch/open.js';
import type { Mark } from '../../memory/memory.js';
import type { RouteName } from '../../terms/outcome.js';

/** A data row between its reading and its end. */
export interface OpenRow {
  readonly rowNumber: number;
  readonly lineNumber: number;
  readonly startByte: number;
  readonly id: string;
  /** Tells its visitor from others: `visitorPrint` of the id. */
  readonly print: number;
  /** Its own encoded form; discarded when the row has ended. */
  form: string;
  /** Its latest in the memory of --changed-only; `null`: it has none yet, or there is no memory. */
  mark: Mark | null;
  /** Over all runs. */
  attempts: number;
  /** Of its last attempt in this run. */
  route: RouteName | null;
  /** Tries of this run that count against --retries. */
  countedTries: number;
  /** Wall time of the first try over all runs; `null` before it. */
  firstTryAtMs: number | null;
  /** Monotonic time of the first try of this run. */
  firstTryMonotonicMs: number | null;
  /** What had passed before this run since the first try, in milliseconds. */
  earlierMs: number;
  hasEnded: boolean;
  /** Where its line stands in the report; -1 before its end. */
  resultByte: number;
  /** The same visitor's next row, which goes out after this one has ended, or with it. */
  nextOfVisitor: OpenRow | null;
  /** What goes out with it, where it stands for more rows than itself (--coalesce). */
  group: Group | null;
}

/** What goes out with a row that stands for more than itself. */
export interface Group {
  /** In the file's order. */
  readonly earlierRows: readonly OpenRow[];
  /** What the update holds. */
  readonly form: string;
  /** The visitor's next row does not go with them. */
  readonly isFull: boolean;
  /** Whether the mark of the row that stands for the group is one of all that the update holds. */
  isMarked: boolean;
}

/**
 * 32 bits that stand for a visitor (FNV-1a over the id's UTF-16 units). Two visitors that share them, once among some
 * four billion pairs, go one after the other as if they were one: a later row waits, and nothing else comes of it.
 */
export function visitorPrint(id: string): number {
  let print = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) print = Math.imul(print ^ id.charCodeAt(at), 0x01000193);
  return print;
}

/**
 * The rows that have been read and the order among them.
 *
 * Invariants: rows are added in the file's order, and while any is open none is left out; of each visitor only the
 * oldest open row may be under way; every row before `oldestOpen` has ended. Nothing is kept of a row once all before
 * it have ended too.
 *
 * Rows are let go as soon as they can be, and visitors are kept as numbers alone: a table of rows, which grows old
 * with all that comes and goes in it, would drag rows that are done with into V8's old generation by the thousand.
 */
export class Window {
  /** In the file's order, from #head on; what lies before #head is done with. */
  #rows: (OpenRow | undefined)[] = [];
  #head = 0;
  /** By print: the number of the visitor's last row, if it is open. */
  readonly #lastOfVisitor = new Map<number, number>();
  #formBytes = 0;
  #openCount = 0;

  /** Rows that have not ended. */
  get openCount(): number {
    return this.#openCount;
  }

  /** Of the forms held; ASCII, so their length is their bytes. */
  get formBytes(): number {
    return this.#formBytes;
  }

  get oldestOpen(): OpenRow | undefined {
    return this.#rows[this.#head];
  }

  /** Whether a row of the visitor with this print is open. */
  hasOpen(print: number): boolean {
    return this.#lastOfVisitor.has(print);
  }

  /** Adds a row that is to be sent. `true`: none of its visitor is open before it, it may go out. */
  add(row: OpenRow): boolean {
    this.#rows.push(row);
    this.#openCount += 1;
    this.#formBytes += row.form.length;
    const before = this.#lastOfVisitor.get(row.print);
    this.#lastOfVisitor.set(row.print, row.rowNumber);
    if (before === undefined) return true;
    this.#openRow(before).nextOfVisitor = row;
    return false;
  }

  /** Adds a row that has ended already, so that the report's place of its line is known while older rows are open. */
  addEnded(row: OpenRow): void {
    if (this.#openCount > 0) this.#rows.push(row);
  }

  /** Ends a row; the visitor's next row, if there is one, may go out now. */
  end(row: OpenRow, resultByte: number): OpenRow | null {
    row.hasEnded = true;
    row.resultByte = resultByte;
    this.#openCount -= 1;
    this.#formBytes -= row.form.length;
    row.form = '';
    row.group = null;
    while (this.#rows[this.#head]?.hasEnded) {
      this.#rows[this.#head] = undefined;
      this.#head += 1;
    }
    if (this.#head > 1024 && this.#head * 2 > this.#rows.length) {
      this.#rows = this.#rows.slice(this.#head);
      this.#head = 0;
    }
    const next = row.nextOfVisitor;
    row.nextOfVisitor = null;
    if (next === null) this.#lastOfVisitor.delete(row.print); // it was the visitor's last
    return next;
  }

  /** The row before which all have ended: the oldest open one, or `readTo` where none is open. */
  next(readTo: Position): Position {
    const oldest = this.oldestOpen;
    if (oldest === undefined) return readTo;
    return { rowNumber: oldest.rowNumber, lineNumber: oldest.lineNumber, byte: oldest.startByte };
  }

  /** Where in the report the lines of rows after `next` begin at the earliest; `endByte` where there are none. */
  resultsFromByte(endByte: number): number {
    let fromByte = endByte;
    for (let index = this.#head; index < this.#rows.length; index += 1) {
      const row = this.#rows[index];
      if (row?.hasEnded && row.resultByte < fromByte) fromByte = row.resultByte;
    }
    return fromByte;
  }

  /** Rows tried but not ended, for the checkpoint: their tries count on in the next run. */
  *tried(): Generator<OpenRow> {
    for (let index = this.#head; index < this.#rows.length; index += 1) {
      const row = this.#rows[index];
      if (row !== undefined && !row.hasEnded && row.attempts > 0) yield row;
    }
  }

  #openRow(rowNumber: number): OpenRow {
    const oldest = this.oldestOpen;
    const row = oldest && this.#rows[this.#head + rowNumber - oldest.rowNumber];
    if (row?.rowNumber !== rowNumber) throw new Error(`row ${rowNumber} is not where its number says`);
    return row;
  }
}
