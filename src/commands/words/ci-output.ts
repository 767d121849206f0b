import { appendFile } from 'node:fs/promises';
import { relative } from 'node:path';
import type { JobSummary, RunSummary } from '../../job/terms/summary.js';
import { type Annotation, annotationLine, type CiSystem, markdownTable } from '../../terminal/ci.js';
import { exitStatus } from '../../terms/exit-status.js';
import { grouped } from '../../text/numbers.js';
import { counted } from '../../text/words.js';
import { endedCount, meaningOf, rejectedCount, rejectedReasons } from './summary-words.js';

/** What a CI system is told at the end. Rows and lines are named, never ids or values. */

/** GitHub's documentation: 10 of a level for each step are shown. */
const annotationsMax = 10;

/** Lines for standard error: one for each reason, the most frequent first, and one for what stopped the call. */
export function annotationText(system: CiSystem, summary: RunSummary, workspace: string): string {
  const level = summary.exit_status === exitStatus.done ? 'warning' : 'error';
  const rows = summary.jobs.flatMap((job) => reasonAnnotations(job, level, workspace)).slice(0, annotationsMax - 1);
  const { error } = summary;
  const stop: Annotation[] =
    error === null
      ? []
      : [{ level: 'error', title: `profile-drip: ${error.code}`, message: error.message, place: null }];
  return [...rows, ...stop].map((annotation) => annotationLine(system, annotation) ?? '').join('');
}

function reasonAnnotations(job: JobSummary, level: 'error' | 'warning', workspace: string): Annotation[] {
  return rejectedReasons(job).map(({ code, count, example_row, example_line }) => ({
    level,
    title: `profile-drip: ${code}`,
    message: `${counted(count, 'row')} did not go through: ${meaningOf(code)}. The first is row ${example_row} on line ${example_line}`,
    place: job.file === '-' ? null : { file: relative(workspace, job.file) || job.file, lineNumber: example_line },
  }));
}

/** For the job's page. */
export function summaryMarkdown({ jobs, error }: RunSummary): string {
  const state = (job: JobSummary) =>
    !job.complete ? 'not finished' : rejectedCount(job.rows) > 0 ? 'done, with rejects' : 'done';
  const rows = jobs.map((job) => {
    const { submitted, skipped, unchanged, invalid, refused, failed } = job.rows;
    const counts = [endedCount(job.rows), submitted, skipped + unchanged, invalid, refused, failed];
    return [job.file, state(job), ...counts.map(grouped)];
  });
  const head = ['File', 'State', 'Rows', 'Submitted', 'Nothing to send', 'Invalid', 'Refused', 'Failed'];
  const reasons = jobs.flatMap((job) =>
    rejectedReasons(job).map(({ code, count, example_row, example_line }) => [
      job.file,
      code,
      meaningOf(code),
      grouped(count),
      `row ${grouped(example_row)}, line ${grouped(example_line)}`,
    ]),
  );
  const parts = [
    '### profile-drip\n',
    ...(jobs.length === 0 ? [] : [markdownTable([head, ...rows])]),
    ...(error === null
      ? []
      : [
          markdownTable([
            ['Stopped', 'Why'],
            [error.code, error.message],
          ]),
        ]),
    ...(reasons.length === 0 ? [] : [markdownTable([['File', 'Reason', 'Meaning', 'Rows', 'First'], ...reasons])]),
  ];
  return `${parts.join('\n')}\n`;
}

/** Appends to the file that GitHub names; resolves to whether it could. */
export async function appendSummary(path: string, summary: RunSummary): Promise<boolean> {
  try {
    await appendFile(path, summaryMarkdown(summary));
    return true;
  } catch {
    return false;
  }
}
