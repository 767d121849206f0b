import type { StoreSize } from './store.js';

/**
 * The memory behind `--changed-only`: what was last submitted for each visitor, attribute by attribute, as keyed hashes.
 *
 * What it promises: a row is called unchanged only if Target took exactly these values last, whatever was killed, timed
 * out, refused, arrived late or ran side by side over one state directory; a doubt always sends (attribute-state.ts).
 * What it assumes: nobody else writes these attributes; a visitor unknown to Target on the day (an update of whom looks
 * like success) gets them only when they change or fall due; a try arrives up to `--timeout` after it left; a plain
 * run that began before the memory was first made is over before the first `--changed-only` run.
 */
export interface Memory {
  /**
   * Rows in the file's order, each visitor's included. Resolves once the attributes of every row to be sent are durably
   * marked unknown: their first tries may start. Rejects with MachineError, and always after that.
   */
  examine(rows: readonly Submission[]): Promise<readonly Verdict[]>;
  /**
   * Target took the row under this mark. Buffered, and written in the background within a second. `wasOnlyTry`: no
   * other try of this row ended without success, so none can arrive late; `false` where that is not sure.
   */
  submitted(mark: Mark, wasOnlyTry?: boolean): void;
  /**
   * Whether a try may start: `false` when the run stood still for over a minute (or `--timeout`), so that others may
   * take it to be over, until it has told them that it is there; for good when `examine` rejects. Cheap: to be asked
   * in the step in which bytes leave.
   */
  isCurrent(): boolean;
  size(): Promise<MemorySize>;
  /** Writes what is buffered; no try starts after it. Rejects with MachineError where that fails: those rows are sent again. */
  close(): Promise<void>;
}

export interface Submission {
  /** Decoded visitor id. */
  readonly id: string;
  readonly idType: 'pcId' | 'thirdPartyId';
  /** The id's pair, then a pair for each attribute: `mbox3rdPartyId=…&profile.a=…`, canonical percent-encoding, ASCII. */
  readonly form: string;
}

export type Verdict = { readonly kind: 'unchanged' } | { readonly kind: 'send'; readonly mark: Mark };

/** Stands for a row from `examine` to `submitted`; for one use. */
export interface Mark {
  /** The row's number among the rows that the run marked, from 1. */
  readonly sequence: number;
}

export type MemorySize = StoreSize;
