import type { Hint } from '../../hints/codes.js';
import type { ErrorCode } from '../../terms/codes.js';
import type { ExitStatus } from '../../terms/exit-status.js';
import type { ReasonCode, RouteName } from '../../terms/outcome.js';

/** The summary: a public interface (`--json`, `<name>.summary.json`, what `sendBatch` resolves to), so in its own names. */
export interface RunSummary {
  readonly schema: 1;
  /** Of profile-drip. */
  readonly version: string;
  /** The worst of the jobs'. */
  readonly exit_status: ExitStatus;
  /** What stopped the call; `null` for status 0 and 1. */
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
  /** One for each file; two where a file's open job was finished or closed first. */
  readonly jobs: readonly JobSummary[];
}

/** One job: the content of a file, with the options that say how it is read and where it goes. */
export interface JobSummary {
  /** As it was given; `-` for a stream and records. */
  readonly file: string;
  /** Of FILE's own bytes; `null` until the whole of it has been read. */
  readonly file_sha256: string | null;
  /** Target's client code. */
  readonly client_code: string;
  /** The origin that was sent to. */
  readonly endpoint: string;
  /** Of this run. */
  readonly run_id: string;
  /** ISO 8601, UTC, milliseconds; of the job, over all its runs. */
  readonly started_at: string;
  /** ISO 8601, UTC, milliseconds; of this run. */
  readonly run_started_at: string;
  /** ISO 8601, UTC, milliseconds; of this run. */
  readonly ended_at: string;
  /** Whether every row of the file has ended. */
  readonly complete: boolean;
  /** Of this job alone; the call's is the worst of its jobs'. */
  readonly exit_status: ExitStatus;
  /** What stopped the job; `null`: nothing did. */
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
  /** How the rows of the job have ended, over all its runs. */
  readonly rows: RowCounts;
  /** Why rows did not go through, or were not sent. */
  readonly reasons: readonly ReasonSummary[];
  /** What is allowed, and may be a mistake: as in `check --json`; of the rows that have ended, in an unfinished job. */
  readonly hints: readonly Hint[];
  /** Over all runs of the job. */
  readonly attempts: number;
  /** Rows that have ended, by the route of their last attempt; those of which none was made are not among them. */
  readonly routes: Readonly<Record<RouteName, number>>;
  /** `null`: this run began at the first row. */
  readonly resumed_from_row: number | null;
  /** Updates in the last 24 hours, over all runs on this ledger, when this run ended. */
  readonly cap: {
    readonly limit: number;
    readonly used: number;
    readonly left: number;
    /** ISO 8601, UTC; `null`: nothing is used. */
    readonly next_free_at: string | null;
  };
  /** Rows that ended a second, over this run. */
  readonly rows_per_second: number;
  /** Paths of the job's files; `null`: there is none. */
  readonly files: {
    readonly results: string | null;
    readonly rejects: string | null;
    readonly checkpoint: string | null;
  };
}

/** Rows of a job, by how they ended. */
export interface RowCounts {
  /** `null` until the whole of FILE has been read. */
  readonly total: number | null;
  /** Target took the update. Whether it was applied, `verifyBatch` says. */
  readonly submitted: number;
  /** Without a value to send. */
  readonly skipped: number;
  /** With `changedOnly`: identical to what was last submitted. */
  readonly unchanged: number;
  /** They could not be sent. */
  readonly invalid: number;
  /** Target answered that it does not take them. */
  readonly refused: number;
  /** No good answer after all retries. */
  readonly failed: number;
  /** Not sent, because the job was closed: the file has other content now. */
  readonly superseded: number;
  /** Of the submitted ones: those that went with a later row of their visitor in one update (`coalesce`). */
  readonly coalesced: number;
}

/** Why some rows did not go through, or were not sent. */
export interface ReasonSummary {
  readonly code: ReasonCode;
  /** Rows. */
  readonly count: number;
  /** The first such row, from 1. */
  readonly example_row: number;
  /** The line where that row begins, from 1. */
  readonly example_line: number;
}
