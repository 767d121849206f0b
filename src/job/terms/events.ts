import type { CapView } from '../../platform/ports.js';
import type { ErrorCode, NoticeCode } from '../../terms/codes.js';
import type { ExitStatus } from '../../terms/exit-status.js';
import type { RowStatus } from '../../terms/outcome.js';

/** Why nothing leaves at the moment. */
export type HoldCause = 'cap' | 'state' | 'throttled' | 'outage' | 'disk' | 'token';

/** A time in which nothing leaves, for the whole run. */
export interface Hold {
  /** Why. */
  readonly cause: HoldCause;
  /** Unix time in milliseconds. */
  readonly sinceWallMs: number;
  /** Unix time in milliseconds; `null`: not known (until a probe is answered). */
  readonly untilWallMs: number | null;
  /** What came of the last attempt, where that is why: `connect ECONNREFUSED 127.0.0.1:443, row 7 (line 8)`. */
  readonly lastError: string | null;
}

/** How a run is doing, for a bar or a log line. Made on demand: asking costs little, and nothing when nobody asks. */
export interface SendSnapshot {
  readonly file: string;
  /** FILE's own bytes (compressed ones for .gz) up to the last of `readRowCount` rows. */
  readonly readBytes: number;
  /** The size of FILE in bytes. */
  readonly sizeBytes: number;
  /** Rows that have ended, of the whole job. */
  readonly rows: Readonly<Record<RowStatus, number>>;
  /** The sum of `rows`. */
  readonly endedRowCount: number;
  /** Rows that have been read: `readBytes` is about these, not about those that have ended. */
  readonly readRowCount: number;
  /** Rows that ended in this run. */
  readonly endedInRunCount: number;
  /** Attempts in flight. */
  readonly underWayCount: number;
  /** Attempts of this run. */
  readonly tryCount: number;
  /** Milliseconds since this run began. */
  readonly elapsedMs: number;
  /** `null`: attempts may leave. */
  readonly hold: Hold | null;
  /** The cap as the ledger has it. */
  readonly cap: CapView;
}

/** What a person who watches a run would want to know. */
export type SendEvent =
  | {
      readonly kind: 'started';
      readonly file: string;
      /** The row with which this run resumes; `null`: it began at the first row. */
      readonly resumedFromRow: number | null;
      /** Rows that had ended before. */
      readonly doneCount: number;
      /** Rows of FILE; `null`: it was not read to its end yet. */
      readonly totalCount: number | null;
      /** To be asked at any time until `ended`. */
      readonly snapshot: () => SendSnapshot;
    }
  | { readonly kind: 'hold'; readonly hold: Hold; readonly message: string }
  | { readonly kind: 'released'; readonly cause: HoldCause; readonly sinceWallMs: number }
  /** A line to be said once: a new ledger, a hint, a warning. `code` is stable. */
  | {
      readonly kind: 'notice';
      readonly level: 'info' | 'warning';
      readonly code: NoticeCode | ErrorCode;
      readonly message: string;
    }
  | {
      readonly kind: 'ended';
      readonly file: string;
      /** `null`: the program broke off. */
      readonly end: {
        /** `continues`: the same run begins with what FILE holds now. */
        readonly outcome: 'done' | 'rejected' | 'stopped' | 'interrupted' | 'continues';
        readonly exitStatus: ExitStatus;
      } | null;
    };

/** What a hold means, for a log line; since when and until when stand in the hold itself. */
const holdMessages: Readonly<Record<HoldCause, string>> = {
  cap: 'the cap is used up; rows are sent again as units come free',
  state: 'the state cannot be reached, and nothing is left that it allowed before; rows are sent again when it answers',
  throttled:
    'the server answers 429 or 503 though our own count is below the cap: someone else may be using it; holding back',
  outage: 'no row is taken; all rows wait, and one row is sent from time to time to see whether that is over',
  disk: 'results cannot be written; nothing goes out until they are',
  token: 'the endpoint asks for a valid token; reading the token again',
};

export function holdMessage({ cause, lastError }: Hold): string {
  return lastError === null ? holdMessages[cause] : `${holdMessages[cause]}. Last error: ${lastError}`;
}
