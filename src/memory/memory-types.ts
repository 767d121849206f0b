import type { Instant } from '../platform/instant.js';
import type { MemoryAbsence, MemorySize } from './memory-home.js';

/**
 * The memory behind `--changed-only`: what was last submitted for each visitor, attribute by attribute, as keyed hashes.
 *
 * What it promises: a row is called unchanged only if Target took exactly these values last, whatever was killed, stood
 * still, timed out, was refused, arrived late or ran side by side over one state directory; a doubt always sends
 * (attribute-state.ts). What it assumes: nobody else writes these attributes; a visitor unknown to Target on the day (whose
 * update looks like success) gets them only when they change or fall due; an attempt arrives up to `--timeout`
 * after it left. What its caller does: no attempt leaves unless `mayLeave` says so in that step, and the rows of one
 * visitor are examined one after the other, each when the one before has ended.
 */
export interface Memory {
  /**
   * Rows of different visitors. Resolves once the attributes of every row to be sent are durably marked. Rejects with
   * MachineError, and always after that.
   */
  examine(rows: readonly Submission[]): Promise<readonly Verdict[]>;
  /**
   * Whether an attempt of the row may leave now, by the age of its mark: the largest that monotonic clock, uptime and
   * wall clock show. `false`: the row is examined again before it leaves. Ask it in the step in which bytes leave.
   */
  mayLeave(mark: Mark | null, now: Instant): boolean;
  /** A mark that stands for every row, where nothing is remembered; `null`: rows are examined. */
  standingMark(now: Instant): Mark | null;
  /**
   * Target took the row under this mark, its latest. Written in the background within seconds. `wasOnlyAttempt`: no
   * other attempt of the row was made, so none can arrive late.
   */
  submitted(mark: Mark, wasOnlyAttempt: boolean): void;
  /** While somebody waits because the memory's home cannot be reached: since when, and why. `null`: it is not away. */
  absence(): MemoryAbsence | null;
  /** From now on `told` is called when an absence begins or ends; `null`: not any more. */
  watchAbsence(told: (() => void) | null): void;
  /** Target was seen to hold something else for these visitors: the next run sends their rows. `forms`: of their ids. */
  doubt(forms: readonly string[]): Promise<void>;
  size(): Promise<MemorySize>;
  /** Writes what is buffered, and stays open. Rejects as `close` does. */
  flush(): Promise<void>;
  /** Writes what is buffered. Rejects with MachineError where that fails: those rows are sent again. */
  close(): Promise<void>;
}

export interface Submission {
  /** The id's pair, then a pair for each attribute: `mbox3rdPartyId=…&profile.a=…`, canonical percent-encoding, ASCII. */
  readonly form: string;
  /** The row's mark before this one. */
  readonly earlier: Mark | null;
  /** An attempt was made: the row is never unchanged. */
  readonly wasAttempted: boolean;
}

export type Verdict = { readonly kind: 'unchanged' } | { readonly kind: 'send'; readonly mark: Mark };

/** Stands for a row from `examine` to `submitted`. */
export interface Mark {
  /** From before it was asked for. */
  readonly asked: Moment;
  /**
   * Wall time at which another attempt of the row's visitor was made, or may have been, before this row was first marked;
   * never earlier than it was. `null`: none is remembered. By which route it went is not known.
   */
  readonly lastSentAtMs: number | null;
}

/** What all of this machine's clocks said at one instant. */
export interface Moment extends Instant {
  readonly uptimeMs: number;
}
