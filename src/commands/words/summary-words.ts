import type { JobSummary, RowCounts, RunSummary } from '../../job/terms/summary.js';
import { type Screen, styled } from '../../terminal/screen.js';
import { invalidCodes, quietCodes, type ReasonCode, type RowStatus, tryCodes } from '../../terms/outcome.js';
import { columnLines } from '../../text/columns.js';
import { harmless } from '../../text/harmless.js';
import { grouped } from '../../text/numbers.js';
import { counted, duration, localTime, rate } from '../../text/words.js';
import { hintLines } from './hint-words.js';

/** How a call ended, in words that a tired person understands. Pure. */

const fates: readonly (readonly [keyof RowCounts & (RowStatus | 'superseded'), string])[] = [
  ['submitted', 'taken by Target: applied within an hour as a rule, within 24 at most'],
  ['skipped', 'without a value to send'],
  ['unchanged', 'identical to what was last submitted'],
  ['invalid', 'cannot be sent as they are'],
  ['refused', 'Target answered that it will not take them'],
  ['failed', 'no good answer after all attempts'],
  ['superseded', 'not sent: the file has newer content'],
];

const coalescedFate = ['coalesced', 'of the submitted: went with a later row of their visitor in one update'] as const;

const meanings: Readonly<Record<ReasonCode, string>> = { ...invalidCodes, ...tryCodes, ...quietCodes };

export function rejectedCount(rows: RowCounts): number {
  return rows.invalid + rows.refused + rows.failed;
}

export function endedCount(rows: RowCounts): number {
  return fates.reduce((sum, [fate]) => sum + rows[fate], 0);
}

/** Why rows did not go through, the most frequent first. */
export function rejectedReasons(job: JobSummary): JobSummary['reasons'] {
  return job.reasons
    .filter(({ code }) => !Object.hasOwn(quietCodes, code))
    .toSorted((one, other) => other.count - one.count);
}

export function meaningOf(code: ReasonCode): string {
  return meanings[code];
}

/** What the words depend on beside the summary. */
export interface SummaryWordsOptions {
  readonly screen: Pick<Screen, 'hasColor' | 'isTerminal' | 'columns'>;
  readonly nowMs: number;
  /** The command that sends a file as this call does. */
  readonly commandFor: (file: string) => string;
  readonly timeZone?: string;
}

/** All jobs one after the other, and how many there were; each ends with what to do next. */
export function summaryText(summary: Pick<RunSummary, 'jobs'>, options: SummaryWordsOptions): string {
  const jobs = summary.jobs.map((job) => jobText(job, options));
  return [...jobs, ...(summary.jobs.length > 1 ? [totalText(summary.jobs)] : [])].join('\n');
}

function jobText(job: JobSummary, options: SummaryWordsOptions): string {
  const { screen } = options;
  const columns = screen.isTerminal ? screen.columns - 1 : Number.POSITIVE_INFINITY;
  const sections: (readonly string[])[] = [
    [headline(job, screen)],
    fateLines(job.rows, columns),
    reasonLines(job, columns),
    hintLines(job.hints, columns),
    [...routeLines(job), ...capLines(job, options), ...fileLines(job)],
    nextLines(job, options),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}

function headline(job: JobSummary, screen: Pick<Screen, 'hasColor'>): string {
  const file = styled(screen, 'bold', harmless(job.file));
  const rejected = rejectedCount(job.rows);
  const tookMs = Math.max(0, Date.parse(job.ended_at) - Date.parse(job.run_started_at));
  // A job that was done before has no time of this run's.
  const time = job.rows_per_second > 0 ? `, in ${duration(tookMs)} (${rate(job.rows_per_second)} rows/s)` : '';
  const ended = endedCount(job.rows);
  if (!job.complete) {
    return `${file}: ${styled(screen, 'yellow', 'not finished')}: ${counted(ended, 'row')} done so far, the rest is not sent yet`;
  }
  if (ended > 0 && job.rows.skipped === ended) {
    return `${file}: done, but ${styled(screen, 'yellow', 'nothing was sent')}: none of ${counted(ended, 'row')} has a value`;
  }
  if (rejected === 0) return `${file}: ${styled(screen, 'green', 'done')}, all ${counted(ended, 'row')}${time}`;
  return `${file}: done, ${styled(screen, 'red', `but ${grouped(rejected)} of ${counted(ended, 'row')} did not go through`)}${time}`;
}

function fateLines(rows: RowCounts, columns: number): string[] {
  const found = [...fates, coalescedFate].filter(([fate]) => rows[fate] > 0);
  return columnLines(
    found.map(([fate, meaning]) => [`  ${grouped(rows[fate])}`, fate, meaning]),
    ['right', 'left', 'left'],
    columns,
  );
}

function reasonLines(job: JobSummary, columns: number): string[] {
  const reasons = rejectedReasons(job);
  if (reasons.length === 0) return [];
  const lines = columnLines(
    reasons.map((reason) => [`  ${grouped(reason.count)}`, reason.code, firstOf(reason), meanings[reason.code]]),
    ['right', 'left', 'left', 'left'],
    columns,
  );
  return ['Why rows did not go through:', ...lines];
}

function firstOf({ count, example_row, example_line }: JobSummary['reasons'][number]): string {
  return `${count > 1 ? 'first ' : ''}row ${grouped(example_row)}, line ${grouped(example_line)}`;
}

/** Where all rows went by update, there is nothing to say. */
function routeLines({ routes }: JobSummary): string[] {
  if (routes.delivery === 0) return [];
  return [`Routes:   ${grouped(routes.update)} by update, ${grouped(routes.delivery)} by Delivery`];
}

function capLines({ cap }: JobSummary, { nowMs, timeZone }: SummaryWordsOptions): string[] {
  const free =
    cap.next_free_at === null ? '' : `; more from ${localTime(Date.parse(cap.next_free_at), nowMs, timeZone)} on`;
  return [
    `Cap:      ${grouped(cap.used)} of ${grouped(cap.limit)} used in the last 24 hours, ${grouped(cap.left)} left${free}`,
  ];
}

function fileLines({ files }: JobSummary): string[] {
  return [
    ...(files.results === null ? [] : [`Results:  ${harmless(files.results, 1000)}`]),
    ...(files.rejects === null ? [] : [`Rejects:  ${harmless(files.rejects, 1000)}`]),
  ];
}

function nextLines(job: JobSummary, { commandFor }: SummaryWordsOptions): string[] {
  const { rejects } = job.files;
  return rejects === null ? [] : ['Correct the rejects, then send them:', `  ${commandFor(rejects)}`];
}

function totalText(jobs: readonly JobSummary[]): string {
  const sum = (count: (job: JobSummary) => number) => jobs.reduce((total, job) => total + count(job), 0);
  const finished = jobs.filter((job) => job.complete).length;
  const rows = `${grouped(sum(({ rows }) => rows.submitted))} of ${counted(
    sum(({ rows }) => endedCount(rows)),
    'row',
  )} submitted`;
  return `${counted(jobs.length, 'file')}, ${grouped(finished)} finished: ${rows}, ${grouped(sum(({ rows }) => rejectedCount(rows)))} did not go through\n`;
}
