import type { RowCounts } from '../../job/terms/summary.js';
import { localTime } from '../../text/local-time.js';
import type { JobStatus } from './job-status.js';
import { endedCount, rejectedCount } from './summary-words.js';

/** The jobs in a folder, by day. Pure. */

export interface JobDay {
  /** This machine's date, `2026-11-25`: of a job's end, or of what it is doing now. */
  readonly day: string;
  readonly jobs: readonly JobStatus[];
}

export interface FolderTotals {
  readonly jobs: number;
  readonly done: number;
  /** Running or waiting. */
  readonly atWork: number;
  /** Stopped or interrupted. */
  readonly stopped: number;
  readonly rows: number;
  readonly submitted: number;
  readonly notThrough: number;
}

export interface FolderStatus {
  readonly folder: string;
  readonly days: number;
  /** Who works on the drop folder; `null`: nobody. */
  readonly holder: string | null;
  readonly holderSinceMs: number | null;
  /** The newest first. */
  readonly byDay: readonly JobDay[];
  readonly totals: FolderTotals;
}

const dayMs = 86_400_000;

/** What is not done is told however old it is: that is what somebody has to look at. */
export function isInDays(job: JobStatus, days: number, nowMs: number): boolean {
  return job.state !== 'done' || job.sinceMs === null || job.sinceMs >= nowMs - days * dayMs;
}

export function jobDays(jobs: readonly JobStatus[], dayOf: (atMs: number) => string = localDay): JobDay[] {
  const newestFirst = jobs.toSorted((one, other) => (other.sinceMs ?? 0) - (one.sinceMs ?? 0));
  const days = new Map<string, JobStatus[]>();
  for (const job of newestFirst) {
    const day = job.sinceMs === null ? '' : dayOf(job.sinceMs);
    const ofDay = days.get(day);
    if (ofDay === undefined) days.set(day, [job]);
    else ofDay.push(job);
  }
  return [...days].map(([day, ofDay]) => ({ day, jobs: ofDay }));
}

export function folderTotals(jobs: readonly JobStatus[]): FolderTotals {
  const count = (...states: readonly JobStatus['state'][]) => jobs.filter(({ state }) => states.includes(state)).length;
  const sum = (of: (rows: RowCounts) => number) =>
    jobs.reduce((total, { rows }) => total + (rows === null ? 0 : of(rows)), 0);
  return {
    jobs: jobs.length,
    done: count('done'),
    atWork: count('running', 'waiting'),
    stopped: count('stopped', 'interrupted'),
    rows: sum(endedCount),
    submitted: sum(({ submitted }) => submitted),
    notThrough: sum(rejectedCount),
  };
}

function localDay(atMs: number): string {
  return localTime(atMs).slice(0, 10);
}
