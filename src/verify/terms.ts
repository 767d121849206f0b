import type { RowLimit, SendOptions } from '../job/terms/options.js';
import type { ErrorCode, NoticeCode } from '../terms/codes.js';
import type { ExitStatus } from '../terms/exit-status.js';

/** What verify is made with, and what it says. */

export const verdicts = ['applied', 'pending', 'overwritten', 'not-found', 'different', 'unreadable'] as const;

/**
 * `applied`: all values equal. `pending`: not so, less than 24 hours after the submission. `overwritten`: another value,
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

/** Which visitors are asked about. */
export type Sample =
  | { readonly kind: 'all' }
  | { readonly kind: 'visitors'; readonly visitors: number }
  | { readonly kind: 'share'; readonly share: number };

export interface VerifyOptions extends SendOptions {
  readonly sample: Sample;
  /** How long those that are not there yet are asked again. */
  readonly waitMs: number;
  readonly tolerate: RowLimit;
}

export interface VerifySnapshot {
  readonly file: string;
  readonly phase: 'reading' | 'asking' | 'waiting';
  /** Of the file's own bytes, while reading. */
  readonly readBytes: number;
  readonly sizeBytes: number;
  readonly askedCount: number;
  /** As far as it is known. */
  readonly toAskCount: number;
  readonly counts: Readonly<Record<Verdict, number>>;
}

export interface VerifyHooks {
  readonly signal?: AbortSignal;
  readonly onStart?: (file: string, snapshot: () => VerifySnapshot) => void;
  readonly onNotice?: (level: 'info' | 'warning', code: NoticeCode | ErrorCode, message: string) => void;
  readonly onEnd?: () => void;
}

/** The public form of a file's outcome, as `--json` has it. */
export interface VerifiedFile {
  readonly file: string;
  /** Visitors that have their verdict. */
  readonly asked: number;
  /** Visitors with a submitted row; an estimate where they are many more than were asked about. */
  readonly visitors: number;
  readonly verdicts: Readonly<Record<Verdict, number>>;
  readonly share_applied: { readonly value: number; readonly low: number; readonly high: number } | null;
  readonly files: { readonly verify: string | null; readonly not_found: string | null };
}

export interface VerifyResult {
  readonly schema: 1;
  readonly version: string;
  readonly exit_status: ExitStatus;
  readonly error: { readonly code: NoticeCode | ErrorCode; readonly message: string } | null;
  readonly files: readonly VerifiedFile[];
}

export function noCounts(): Record<Verdict, number> {
  return { applied: 0, pending: 0, overwritten: 0, 'not-found': 0, different: 0, unreadable: 0 };
}
