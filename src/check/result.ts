import type { Hint } from '../hints/codes.js';
import type { ErrorCode } from '../terms/codes.js';
import type { NamedOption } from '../terms/errors.js';
import type { ExitStatus } from '../terms/exit-status.js';

/** What a check found: a public interface (`check --json`, what `checkBatch` resolves to), so in its own names. */
export interface CheckResult {
  readonly schema: 1;
  /** Of profile-drip. */
  readonly version: string;
  /** 0: every row would be sent, has nothing to send, or is within --tolerate. 1: some would not. 2: a file cannot be read (to its end). */
  readonly exit_status: ExitStatus;
  /** The reason for the worst status from 2 on; `null` for 0 and 1. */
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
  readonly files: readonly FileCheck[];
}

/** One FILE, as far as it can be read. */
export interface FileCheck {
  /** As it was given; `-` for a stream and records. */
  readonly file: string;
  /** How the rows would end. Their sum is `total`. */
  readonly rows: {
    readonly total: number;
    readonly sendable: number;
    /** Without a value to send. */
    readonly skipped: number;
    /** With --changed-only: identical to what the memory holds. */
    readonly unchanged: number;
    /** They would not be sent; `problems` says why. */
    readonly invalid: number;
    /** With --coalesce, of the sendable ones: those that would go with a later row of their visitor in one update. */
    readonly coalesced: number;
  };
  /** Among the rows that are sendable or unchanged; exact but for collisions of 64-bit hashes. */
  readonly visitors: number;
  /** Those of them that have more than one row. */
  readonly repeated_visitors: number;
  /** Of the rows counted above: a POST's body, or a GET's path and query. */
  readonly largest_request_bytes: number;
  /** The most frequent first. */
  readonly problems: readonly Problem[];
  /** In the order of the header. */
  readonly attributes: readonly AttributeCheck[];
  /** What is allowed, and may be a mistake. */
  readonly hints: readonly Hint[];
  /** Options that the file needs as it was found, beside those that were given: `{"name": "trim", "value": null}`. */
  readonly add_options: readonly NamedOption[];
  /** How long sending would take. */
  readonly plan: Plan;
}

/** Rows that would not be sent, by reason; or the place past which the file cannot be read, counted once. */
export interface Problem {
  /** As in the results report, or an error of the file (`file-quote-open`). */
  readonly code: string;
  /** Rows. */
  readonly count: number;
  /** The first ones, 5 at most. Row 0 is the header. */
  readonly examples: readonly { readonly row: number; readonly line: number }[];
}

/** One attribute of the file, over all its rows. */
export interface AttributeCheck {
  /** `column 3` where the name does not look like one. */
  readonly name: string;
  /** In the file, from 1. */
  readonly column: number;
  /** Rows with a value in it. */
  readonly filled: number;
  /** Characters (code points) of the longest value, decoded. */
  readonly longest: number;
}

/** What sending the file would take, after the files before it. */
export interface Plan {
  /** One for each sendable row that is not coalesced: attempts that fail come on top. */
  readonly updates: number;
  /** Of these, by route: with --on-cap delivery what is over the cap may go by Delivery. */
  readonly routes: { readonly update: number; readonly delivery: number };
  /** Of --daily-cap (with --route delivery: of --delivery-cap) when the check was made; `null` without a client code. */
  readonly cap_left: number | null;
  /** With --on-cap delivery: of --delivery-cap. Else `null`. */
  readonly delivery_cap_left: number | null;
  /** At --rate and --pace, with the waits for the cap; with `--rate 0` those waits alone. */
  readonly seconds: number;
  /** ISO 8601, UTC, if sending started now. */
  readonly ends_at: string;
}
