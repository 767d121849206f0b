import { exitStatus } from '../../terms/exit-status.js';
import { type RowStatus, rowStatuses } from '../../terms/outcome.js';
import type { FolderJob } from './folder-jobs.js';

/** The jobs of a folder by day, newest first. Pure. */

export type RowTotals = Record<RowStatus, number>;

export interface Totals {
  readonly jobs: readonly FolderJob[];
  readonly rows: Readonly<RowTotals>;
  readonly attempts: number;
  /** From a job's start to its last activity, added up. */
  readonly durationMs: number;
  /** How many jobs need a person. */
  readonly failureCount: number;
  /** The highest use of the cap at the end of a run, by client code. */
  readonly cap: ReadonlyMap<string, { readonly used: number; readonly limit: number }>;
}

export interface Day extends Totals {
  /** `2026-01-31`, in the machine's zone. */
  readonly date: string;
}

export interface FolderFigures {
  /** From the first day that has a job to the last of the days that were asked for; one without a job is there too. */
  readonly days: readonly Day[];
  readonly total: Totals;
  /** Before those days, and not finished. */
  readonly earlier: readonly FolderJob[];
}

/** `dayCount` days up to `today`, newest first: `2026-01-31`, `2026-01-30`, … */
export function daysUpTo(today: string, dayCount: number): string[] {
  const todayMs = Date.parse(`${today}T00:00:00Z`);
  return Array.from({ length: dayCount }, (_, back) =>
    new Date(todayMs - back * 86_400_000).toISOString().slice(0, 10),
  );
}

/** Whether a person has something to do about a job. */
export function needsAttention({ failure, standing, job, rejectedCount }: FolderJob): boolean {
  if (failure !== null) return true;
  if (standing.kind === 'running' || standing.kind === 'closed') return false;
  // Rejected rows within --tolerate are expected.
  return standing.kind !== 'done' || (job?.exitStatus ?? (rejectedCount > 0 ? 1 : 0)) !== exitStatus.done;
}

/** `dateOf` says the day of an instant in the machine's zone. */
export function figuresOf(
  jobs: readonly FolderJob[],
  wanted: readonly string[],
  dateOf: (wallMs: number) => string,
): FolderFigures {
  const newestFirst = [...jobs].sort((one, other) => other.atMs - one.atMs);
  const dates = [...wanted].sort().reverse();
  const today = dates[0] ?? '';
  const byDate = new Map<string, FolderJob[]>();
  for (const job of newestFirst) {
    const own = dateOf(job.atMs);
    // Written by a machine whose clock is ahead: it counts as today's.
    const isAhead = own > today;
    const date = isAhead ? today : own;
    const ofDay = byDate.get(date);
    if (ofDay === undefined) byDate.set(date, [job]);
    else ofDay.push(job);
  }
  const first = dates.findLastIndex((date) => byDate.has(date));
  const days = dates.slice(0, first + 1).map((date) => ({ date, ...totalsOf(byDate.get(date) ?? []) }));
  const oldest = dates.at(-1) ?? '';
  return {
    days,
    total: totalsOf(days.flatMap((day) => day.jobs)),
    earlier: newestFirst.filter((job) => dateOf(job.atMs) < oldest && needsAttention(job)),
  };
}

function totalsOf(jobs: readonly FolderJob[]): Totals {
  const rows: RowTotals = { submitted: 0, skipped: 0, unchanged: 0, invalid: 0, refused: 0, failed: 0 };
  const cap = new Map<string, { used: number; limit: number }>();
  let attempts = 0;
  let durationMs = 0;
  for (const { job, lastRun, atMs } of jobs) {
    if (job === null) continue;
    for (const status of rowStatuses) rows[status] += job.counts[status];
    attempts += job.attempts;
    durationMs += Math.max(0, atMs - job.startedAtMs);
    const { clientCode } = job.settings;
    if (lastRun !== null && lastRun.cap.used >= (cap.get(clientCode)?.used ?? 0)) cap.set(clientCode, lastRun.cap);
  }
  return { jobs, rows, attempts, durationMs, failureCount: jobs.filter(needsAttention).length, cap };
}
