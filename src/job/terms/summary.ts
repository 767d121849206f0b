import type { Hint } from '../../hints/codes.js';
import type { ErrorCode } from '../../terms/codes.js';
import type { ExitStatus } from '../../terms/exit-status.js';
import type { ReasonCode } from '../../terms/outcome.js';

/** The summary: a public interface (`--json`, `<name>.summary.json`, what `sendBatch` resolves to), so in its own names. */
export interface RunSummary {
  readonly schema: 1;
  readonly version: string;
  readonly exit_status: ExitStatus;
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
  readonly jobs: readonly JobSummary[];
}

export interface JobSummary {
  readonly file: string;
  /** Of FILE's own bytes; `null` until the whole of it has been read. */
  readonly file_sha256: string | null;
  readonly client_code: string;
  readonly endpoint: string;
  readonly run_id: string;
  /** ISO 8601, UTC, milliseconds; of the job, over all its runs. */
  readonly started_at: string;
  readonly run_started_at: string;
  readonly ended_at: string;
  readonly complete: boolean;
  /** Of this job alone; the call's is the worst of its jobs'. */
  readonly exit_status: ExitStatus;
  /** What stopped the job; `null`: nothing did. */
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
  readonly rows: RowCounts;
  readonly reasons: readonly ReasonSummary[];
  /** What is allowed, and may be a mistake: as in `check --json`; of the rows that have ended, in an unfinished job. */
  readonly hints: readonly Hint[];
  readonly attempts: number;
  /** `null`: this run began at the first row. */
  readonly resumed_from_row: number | null;
  readonly cap: {
    readonly limit: number;
    readonly used: number;
    readonly left: number;
    readonly next_free_at: string | null;
  };
  /** Rows that ended a second, over this run. */
  readonly rows_per_second: number;
  readonly files: {
    readonly results: string | null;
    readonly rejects: string | null;
    readonly checkpoint: string | null;
  };
}

export interface RowCounts {
  /** `null` until the whole of FILE has been read. */
  readonly total: number | null;
  readonly submitted: number;
  readonly skipped: number;
  readonly unchanged: number;
  readonly invalid: number;
  readonly refused: number;
  readonly failed: number;
  readonly superseded: number;
}

export interface ReasonSummary {
  readonly code: ReasonCode;
  readonly count: number;
  readonly example_row: number;
  readonly example_line: number;
}
