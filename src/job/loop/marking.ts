import type { Memory } from '../../memory/memory.js';
import type { Instant } from '../../platform/instant.js';
import { isMarkedWhole, updateForm, wasAttempted } from './coalesce.js';
import type { OpenRow } from './row-window.js';

/** What marking asks of the loop whose rows it takes. */
export interface MarkedLoop {
  isStopped(): boolean;
  /** Identical to what was last submitted: the task ends without an attempt. */
  endUnchanged(row: OpenRow): void;
  /** Starts what may start. */
  pump(): void;
  onFault(error: unknown): void;
}

/** The ready rows in the order in which attempts are made of them. */
export interface ReadyLine {
  peek(end: 'next' | 'far'): OpenRow | null;
  /** Takes out the row that `peek` gives. */
  take(end: 'next' | 'far'): OpenRow;
  putFirst(row: OpenRow): void;
}

/** In one transaction. At a row a second so many leave within a mark's life. */
const rowsMax = 64;

/**
 * Ready rows whose mark in the memory is missing or too old, on their way to a new one: a row that waited behind another
 * of its visitor, in a hold, or for a retry. They are judged again as well.
 *
 * Invariants: a row is here, or ready, or in flight; what is here comes back to the front of the ready rows, or ends.
 * One transaction at a time.
 */
export class Marking {
  readonly #memory: Memory | null;
  readonly #ready: ReadyLine;
  readonly #loop: MarkedLoop;
  #rows: OpenRow[] = [];
  #inTransactionCount = 0;

  constructor(memory: Memory | null, ready: ReadyLine, loop: MarkedLoop) {
    this.#memory = memory;
    this.#ready = ready;
    this.#loop = loop;
  }

  get size(): number {
    return this.#rows.length + this.#inTransactionCount;
  }

  /** Whether an attempt of the row may leave now. */
  mayLeave(row: OpenRow, now: Instant): boolean {
    return this.#memory === null || (isMarkedWhole(row) && this.#memory.mayLeave(row.mark, now));
  }

  /** Whether a ready row may leave, from that end of them; those before it are taken out to be marked. */
  hasReady(end: 'next' | 'far', now: Instant): boolean {
    for (;;) {
      const row = this.#ready.peek(end);
      if (row === null) break;
      if (this.mayLeave(row, now)) {
        this.#begin();
        return true;
      }
      if (this.size >= rowsMax) break;
      this.#ready.take(end);
      this.#rows.push(row);
    }
    this.#begin();
    return false;
  }

  #begin(): void {
    if (this.#memory === null || this.#inTransactionCount > 0 || this.#rows.length === 0) return;
    const rows = this.#rows;
    this.#rows = [];
    this.#inTransactionCount = rows.length;
    this.#mark(this.#memory, rows).catch((error: unknown) => this.#loop.onFault(error));
  }

  async #mark(memory: Memory, rows: readonly OpenRow[]): Promise<void> {
    try {
      const submissions = rows.map((row) => ({
        form: updateForm(row),
        earlier: row.mark,
        wasAttempted: wasAttempted(row),
      }));
      const verdicts = await memory.examine(submissions);
      rows.forEach((row, index) => {
        const verdict = verdicts[index];
        if (verdict?.kind === 'send') {
          row.mark = verdict.mark;
          if (row.group !== null) row.group.isMarked = true;
        }
        if (verdict?.kind !== 'unchanged' || this.#loop.isStopped()) this.#ready.putFirst(row);
        else this.#loop.endUnchanged(row);
      });
    } finally {
      this.#inTransactionCount = 0;
    }
    this.#begin(); // what was taken out meanwhile
    this.#loop.pump();
  }
}
