import type { Holder } from '../../job/lock/find-holder.js';
import type { ExitStatus } from '../../terms/exit-status.js';
import type { Facts } from './job-facts.js';

/** Where a job stands. */
export type Standing =
  /** Every row has its end. */
  | { readonly kind: 'done' }
  /** Closed before its end: the new content of its file is a job of its own. */
  | { readonly kind: 'closed' }
  | { readonly kind: 'running'; readonly holder: Holder }
  /** The last run ended before the job did, and wrote its summary. */
  | {
      readonly kind: 'stopped';
      readonly atMs: number;
      /** `null`: not known. */
      readonly exitStatus: ExitStatus | null;
      readonly error: { readonly code: string; readonly message: string } | null;
    }
  /** The last run ended and wrote no summary: it was killed, or could not write. */
  | { readonly kind: 'interrupted'; readonly lastSignMs: number }
  /** There is no checkpoint that can be read. */
  | { readonly kind: 'unknown' };

/** Pure. `holder` is the run that works on the job at this moment. */
export function standingOf({ job, lastRun }: Facts, holder: Holder | null): Standing {
  if (job?.state === 'complete') return { kind: 'done' };
  if (job?.state === 'closed') return { kind: 'closed' };
  if (holder !== null) return { kind: 'running', holder };
  if (job === null) return { kind: 'unknown' };
  if (lastRun === null || (lastRun.runId !== null && lastRun.runId !== job.runId)) {
    return { kind: 'interrupted', lastSignMs: job.updatedAtMs };
  }
  return { kind: 'stopped', atMs: lastRun.endedAtMs, exitStatus: lastRun.exitStatus, error: lastRun.error };
}
