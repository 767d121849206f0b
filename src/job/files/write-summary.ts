import type { CapView, Disk } from '../../platform/ports.js';
import { replaceFile } from '../../storage/replace-file.js';
import type { ExitStatus } from '../../terms/exit-status.js';
import type { JobSummary } from '../terms/summary.js';
import { type Checkpoint, rowCounts } from './checkpoint.js';
import type { JobFiles } from './job-files.js';

/** What a run adds to what the checkpoint knows. */
export interface RunFacts {
  readonly file: string;
  readonly files: JobFiles;
  readonly runId: string;
  readonly runStartedAtMs: number;
  readonly endedAtMs: number;
  readonly resumedFromRow: number | null;
  readonly endedInRunCount: number;
  readonly elapsedMs: number;
  readonly cap: CapView;
  readonly hasRejects: boolean;
  readonly exitStatus: ExitStatus;
  readonly error: JobSummary['error'];
}

export function jobSummary(checkpoint: Checkpoint, run: RunFacts): JobSummary {
  const { file } = checkpoint;
  const { cap } = run;
  return {
    file: run.file,
    file_sha256: file.sha256,
    client_code: checkpoint.job.clientCode,
    endpoint: checkpoint.job.endpoint,
    run_id: run.runId,
    started_at: isoTime(checkpoint.startedAtMs),
    run_started_at: isoTime(run.runStartedAtMs),
    ended_at: isoTime(run.endedAtMs),
    complete: checkpoint.state === 'complete',
    exit_status: run.exitStatus,
    error: run.error,
    rows: rowCounts(checkpoint),
    reasons: checkpoint.reasons.map((reason) => ({
      code: reason.code,
      count: reason.count,
      example_row: reason.exampleRow,
      example_line: reason.exampleLine,
    })),
    hints: checkpoint.hints.hints,
    attempts: checkpoint.attempts,
    routes: checkpoint.routes,
    resumed_from_row: run.resumedFromRow,
    cap: {
      limit: cap.limit,
      used: cap.used,
      left: cap.left,
      next_free_at: cap.nextFreeAtMs === null ? null : isoTime(cap.nextFreeAtMs),
    },
    rows_per_second: run.elapsedMs > 0 ? Math.round((run.endedInRunCount / run.elapsedMs) * 100_000) / 100 : 0,
    files: {
      results: run.files.results,
      rejects: run.hasRejects ? run.files.rejects : null,
      checkpoint: run.files.checkpoint,
    },
  };
}

/** The summary of a job whose files have other names by now. */
export function withPaths(summary: JobSummary, from: JobFiles, to: JobFiles): JobSummary {
  const { results, rejects, checkpoint } = summary.files;
  return {
    ...summary,
    files: {
      results: results === from.results ? to.results : results,
      rejects: rejects === from.rejects ? to.rejects : rejects,
      checkpoint: checkpoint === from.checkpoint ? to.checkpoint : checkpoint,
    },
  };
}

/** `<name>.summary.json`: the job as in the summary. */
export function writeJobSummary(disk: Disk, path: string, summary: JobSummary, runId: string): Promise<void> {
  return replaceFile(disk, path, `${JSON.stringify(summary, null, 2)}\n`, runId);
}

function isoTime(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
