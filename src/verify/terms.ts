import type { RowLimit, SendOptions } from '../job/terms/options.js';
import type { ErrorCode, NoticeCode } from '../terms/codes.js';
import type { ExitStatus } from '../terms/exit-status.js';
import type { TryCode } from '../terms/outcome.js';

/** What verify takes, and what it returns. */

export const verdicts = ['applied', 'pending', 'overwritten', 'not-found', 'different', 'unreadable'] as const;

/**
 * The verdict on a visitor. `applied`: all values equal. `pending`: not equal, less than 24 hours after the submission. `overwritten`: another value,
 * set later than our submission. `not-found`: Target has no such visitor. `different`: the rest. `unreadable`: no good
 * answer after retries.
 */
export type Verdict = (typeof verdicts)[number];

/** Each in words. */
export const verdictMeanings: Readonly<Record<Verdict, string>> = {
  applied: 'all values are there',
  pending: 'not there yet: less than 24 hours since the submission',
  overwritten: 'another value, set later than ours',
  'not-found': 'Target does not know this visitor: the update was lost',
  different: 'another value, or none',
  unreadable: 'no good answer after retries',
};

/** Which visitors are asked about: all, a number of them, or a share of them (over 0, up to 1). */
export type Sample =
  | { readonly kind: 'all' }
  | { readonly kind: 'visitors'; readonly visitors: number }
  | { readonly kind: 'share'; readonly share: number };

export interface VerifyOptions extends SendOptions {
  /** Which visitors are asked about, the same ones each time: `1000`, `'5%'` or `'all'`. Default: `1000`. */
  readonly sample: Sample;
  /** Milliseconds for which visitors that are `pending` are asked about again, 0 to 604,800,000. Default: `0`. */
  readonly waitMs: number;
  /** Visitors not found, different or unreadable that still end with status 0: `20`, or `'1%'`. Default: `0`. */
  readonly tolerate: RowLimit;
}

/** How far a verify is. */
export interface VerifySnapshot {
  readonly file: string;
  /** `waiting`: for visitors that are `pending`, to ask about them again. */
  readonly phase: 'reading' | 'asking' | 'waiting';
  /** Of the file's own bytes, while reading. */
  readonly readBytes: number;
  /** The size of FILE in bytes. */
  readonly sizeBytes: number;
  /** Visitors that have their verdict. */
  readonly askedCount: number;
  /** Visitors of the sample, as far as it is known. */
  readonly toAskCount: number;
  /** Visitors by verdict. */
  readonly counts: Readonly<Record<Verdict, number>>;
}

/** A visitor's verdict, as its line in `<name>.verify.csv` has it. */
export interface VisitorVerdict {
  /** The visitor's last row that was submitted. Data rows count from 1. */
  readonly rowNumber: number;
  /** The line of the file where that row begins, from 1. */
  readonly lineNumber: number;
  /** As it was sent. */
  readonly id: string;
  /** `verdictMeanings` has each in words. */
  readonly verdict: Verdict;
  /** Attributes with the value that the file says. */
  readonly matching: number;
  /** Attributes that the file says something of. */
  readonly compared: number;
  /** Unix time in milliseconds. */
  readonly checkedAtMs: number;
  /** Why there is no good answer; `null` for every verdict but `unreadable`. */
  readonly reason: TryCode | null;
}

/** What a person who watches a verify would want to know. */
export type VerifyEvent =
  | { readonly kind: 'started'; readonly file: string; readonly snapshot: () => VerifySnapshot }
  | {
      readonly kind: 'notice';
      readonly level: 'info' | 'warning';
      readonly code: NoticeCode | ErrorCode;
      readonly message: string;
    }
  | { readonly kind: 'ended'; readonly file: string };

export interface VerifyHooks {
  readonly signal?: AbortSignal;
  /** Called for each visitor when its line is written. */
  readonly onVerdict?: (verdict: VisitorVerdict) => void;
  readonly onEvent?: (event: VerifyEvent) => void;
}

/** One FILE, as far as its visitors were asked about. A public interface (`--json`), so in its own names. */
export interface VerifiedFile {
  readonly file: string;
  /** Visitors that have their verdict. */
  readonly asked: number;
  /** Visitors with a submitted row: exact up to 16,384, then an estimate with an error of about 1 %. */
  readonly visitors: number;
  /** Visitors by verdict. Their sum is `asked`. */
  readonly verdicts: Readonly<Record<Verdict, number>>;
  /**
   * Of a sample: the share (0 to 1) of visitors that hold what the file says, and its 95 % interval (Wilson). `null`: all
   * visitors were asked about.
   */
  readonly share_applied: { readonly value: number; readonly low: number; readonly high: number } | null;
  /** Paths; `not_found` is `null` where every visitor was found, or the verify is not done. */
  readonly files: { readonly verify: string | null; readonly not_found: string | null };
}

/** What a verify found: a public interface (`verify --json`, what `verifyBatch` resolves to), so in its own names. */
export interface VerifyResult {
  readonly schema: 1;
  /** Of profile-drip. */
  readonly version: string;
  /** 0: nothing is pending, and what is wrong is within --tolerate. 1: otherwise. From 2 on: it ended before it was done. */
  readonly exit_status: ExitStatus;
  /** The reason for a status from 2 on; `null` for 0 and 1. */
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
  readonly files: readonly VerifiedFile[];
}

export function noCounts(): Record<Verdict, number> {
  return { applied: 0, pending: 0, overwritten: 0, 'not-found': 0, different: 0, unreadable: 0 };
}
