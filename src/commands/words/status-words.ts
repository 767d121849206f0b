import type { LedgerStatus } from '../../ledger/status.js';
import { hourPicture } from '../../terminal/hour-picture.js';
import { type Screen, styled } from '../../terminal/screen.js';
import { harmless } from '../../text/harmless.js';
import { grouped } from '../../text/numbers.js';
import { counted, localTime, percent } from '../../text/words.js';
import type { JobStatus } from './job-status.js';
import { endedCount, rejectedCount } from './summary-words.js';

/** What `status` shows a person. Pure. */

export interface StatusWordsOptions {
  readonly screen: Pick<Screen, 'hasColor' | 'isUtf8'>;
  readonly nowMs: number;
  /** Where the state is. */
  readonly place: string;
  readonly timeZone?: string;
}

export function statusText(
  ledgers: readonly LedgerStatus[],
  jobs: readonly JobStatus[],
  options: StatusWordsOptions,
): string {
  const caps =
    ledgers.length === 0
      ? [`No updates are counted in ${harmless(options.place, 1000)}\n`]
      : ledgers.map((ledger) => ledgerText(ledger, options));
  return [...caps, ...(jobs.length === 0 ? [] : [jobs.map((job) => `${jobLine(job, options)}\n`).join('')])].join('\n');
}

function ledgerText(ledger: LedgerStatus, { screen, nowMs, timeZone }: StatusWordsOptions): string {
  const { limit, reserve, used, left, hours } = ledger;
  const title = styled(screen, 'bold', harmless(ledger.clientCode));
  const picture = hourPicture(
    hours.map((hour) => hour.used),
    screen.isUtf8,
  );
  const kept = reserve === 0 ? '' : `, ${grouped(reserve)} kept for others`;
  const lines = [
    `${title}${ledger.isLoopback ? ' (loopback endpoints: a cap of their own)' : ''}`,
    `  ${grouped(used)} of ${grouped(limit)} updates used in the last 24 hours, ${grouped(left)} left${kept}`,
    `  24 h ago |${picture}| now`,
    ...freeLine(ledger, (atMs) => localTime(atMs, nowMs, timeZone)),
  ];
  return `${lines.join('\n')}\n`;
}

function freeLine(ledger: LedgerStatus, time: (atMs: number) => string): string[] {
  const { used, nextFreeAtMs, next1000FreeAtMs, allFreeAtMs } = ledger;
  if (nextFreeAtMs === null || allFreeAtMs === null) return [];
  const thousand = used > 1000 && next1000FreeAtMs !== null ? `, 1,000 at ${time(next1000FreeAtMs)}` : '';
  return [`  more comes free at ${time(nextFreeAtMs)}${thousand}, all of it at ${time(allFreeAtMs)}`];
}

function jobLine(job: JobStatus, { screen, nowMs, timeZone }: StatusWordsOptions): string {
  const file = styled(screen, 'bold', harmless(job.file));
  if (job.rows === null || job.updatedAtMs === null) return `${file}: no job has begun on it`;
  const rejected = rejectedCount(job.rows);
  const rows = `${counted(endedCount(job.rows), 'row')}, ${grouped(job.rows.submitted)} submitted, ${grouped(rejected)} did not go through`;
  const at = localTime(job.updatedAtMs, nowMs, timeZone);
  if (job.complete) return `${file}: done at ${at}: ${rows}`;
  const share = job.share === null ? 'not finished' : `${percent(job.share)} done`;
  const ends = job.endsAtMs === null ? '' : `; done by ${localTime(job.endsAtMs, nowMs, timeZone)} at the pace so far`;
  return `${file}: ${share} at ${at}: ${rows}${ends}`;
}
