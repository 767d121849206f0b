import { type Hint, type HintCode, hintMeanings } from '../hints/codes.js';
import { type HintState, HintTally, type MarkedRow } from '../hints/hint-tally.js';
import type { Columns } from '../target-api/columns.js';
import type { ReadRows } from './rows/row-source.js';

/**
 * A job's hints, over all its runs.
 *
 * Invariant: `#settled` has taken the rows that stand before the checkpoint's `next`, and only those, as rows from there
 * on are read again by the run that resumes; `#waiting` are the marked rows between it and what was read.
 */
export class HintBook {
  readonly #all: HintTally;
  readonly #settled: HintTally;
  readonly #waiting: MarkedRow[] = [];
  readonly #say: (message: string) => void;
  readonly #told = new Set<HintCode>();

  /** `say`: called once for each hint, as soon as it is found. */
  constructor(columns: Columns, headerLine: number, earlier: HintState, say: (message: string) => void) {
    this.#all = new HintTally(columns, headerLine, earlier);
    this.#settled = new HintTally(columns, headerLine, earlier);
    this.#say = say;
  }

  take(rows: ReadRows): void {
    for (const row of rows.marked()) {
      for (const code of this.#all.take(row)) this.#tell(code, row.lineNumber);
      if (row.marks !== 0 || row.details !== 0) this.#waiting.push(row);
    }
  }

  /** Of the rows before `nextRowNumber`. */
  stateBefore(nextRowNumber: number): HintState {
    let count = 0;
    for (const row of this.#waiting) {
      if (row.rowNumber >= nextRowNumber) break;
      this.#settled.take(row);
      count += 1;
    }
    this.#waiting.splice(0, count);
    return this.#settled.state();
  }

  /** When every row has been read: all that is known of the file. */
  atEnd(rowCount: number, valueCount: number): HintState {
    const hints = this.#all.atEnd(rowCount, valueCount);
    for (const { code, example_line } of hints) this.#tell(code, example_line);
    return { ...this.#all.state(), hints };
  }

  #tell(code: Hint['code'], lineNumber: number): void {
    // Which of the odd rows is the last one is known at the end, and was said before.
    if (this.#told.has(code) || (code === 'odd-last-row' && this.#told.has('odd-row'))) return;
    this.#told.add(code);
    this.#say(`${code}, line ${lineNumber}: ${hintMeanings[code]}`);
  }
}
