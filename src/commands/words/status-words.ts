import type { LedgerStatus } from '../../ledger/status.js';
import { hourPicture } from '../../terminal/hour-picture.js';
import { type Screen, styled } from '../../terminal/screen.js';
import { harmless } from '../../text/harmless.js';
import { grouped } from '../../text/numbers.js';
import { counted, localTime, percent } from '../../text/words.js';
import type { FolderStatus } from './folder-status.js';
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
  folders: readonly FolderStatus[],
  options: StatusWordsOptions,
): string {
  const caps =
    ledgers.length === 0
      ? [`No updates are counted in ${harmless(options.place, 1000)}\n`]
      : ledgers.map((ledger) => ledgerText(ledger, options));
  const ofFiles = jobs.length === 0 ? [] : [jobs.map((job) => jobLines(job, options)).join('')];
  // A folder's status is asked for to see what happened there: that comes first.
  return [...folders.map((folder) => folderText(folder, options)), ...ofFiles, ...caps].join('\n');
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
    `${title}${ledger.kind === 'update' ? '' : `, ${requestNames[ledger.kind]}`}${ledger.isLoopback ? ' (loopback endpoints: a cap of their own)' : ''}`,
    `  ${grouped(used)} of ${grouped(limit)} ${requestNames[ledger.kind]} used in the last 24 hours, ${grouped(left)} left${kept}`,
    `  24 h ago |${picture}| now`,
    ...freeLine(ledger, (atMs) => localTime(atMs, nowMs, timeZone)),
  ];
  return `${lines.join('\n')}\n`;
}

const requestNames: Readonly<Record<LedgerStatus['kind'], string>> = {
  update: 'updates',
  fetch: 'fetches',
  delivery: 'Delivery requests',
};

function freeLine(ledger: LedgerStatus, time: (atMs: number) => string): string[] {
  const { used, nextFreeAtMs, next1000FreeAtMs, allFreeAtMs } = ledger;
  if (nextFreeAtMs === null || allFreeAtMs === null) return [];
  const thousand = used > 1000 && next1000FreeAtMs !== null ? `, 1,000 at ${time(next1000FreeAtMs)}` : '';
  return [`  more comes free at ${time(nextFreeAtMs)}${thousand}, all of it at ${time(allFreeAtMs)}`];
}

/** What keeps a job from sending, in words; the codes are those of `--json`. */
const holdWords: Readonly<Record<string, string>> = {
  cap: 'the cap is used up',
  throttled: 'the server asks for a pause',
  outage: 'no good answers from the endpoint',
  disk: 'results cannot be written',
  token: 'the token is not accepted',
  state: 'the state cannot be reached',
};

/** How a job stands in a line, and where somebody has to act the reason and the command in lines of their own. */
function jobLines(job: JobStatus, options: StatusWordsOptions): string {
  const { screen } = options;
  const file = styled(screen, 'bold', harmless(job.file));
  const details = [
    ...(job.error === null || job.state !== 'stopped' ? [] : [`    why: ${harmless(job.error.message, 2000)}`]),
    ...(job.command === null ? [] : [`    resume it with the options that you gave beside these: ${job.command}`]),
  ];
  return [`${file}: ${standing(job, options)}`, ...details].map((line) => `${line}\n`).join('');
}

function standing(job: JobStatus, { screen, nowMs, timeZone }: StatusWordsOptions): string {
  const time = (atMs: number) => localTime(atMs, nowMs, timeZone);
  const since = job.sinceMs === null ? '' : ` since ${time(job.sinceMs)}`;
  const by = job.holder === null ? '' : ` by ${job.holder}`;
  switch (job.state) {
    case null:
      return 'no job has started on it';
    case 'running':
      return `${styled(screen, 'green', 'running')}${since}${by}${progress(job)}${forecast(job, time)}`;
    case 'waiting': {
      const why = holdWords[job.cause ?? ''] ?? job.cause ?? 'unknown';
      const until = job.untilMs === null ? '' : ` until ${time(job.untilMs)}`;
      return `${styled(screen, 'yellow', 'waiting')}${since}${until}: ${why}${progress(job)}${forecast(job, time)} (${job.holder ?? 'another run'})`;
    }
    case 'stopped':
      return `${styled(screen, 'red', 'stopped')}${since} (${job.cause ?? 'unknown'}, status ${job.exitStatus})${progress(job)}`;
    case 'interrupted': {
      const how = job.exitStatus === null ? 'it was killed, or this machine went down' : (job.error?.message ?? '');
      return `${styled(screen, 'red', 'interrupted')}${since}: ${harmless(how, 500)}${progress(job)}`;
    }
    case 'done': {
      const at = job.sinceMs === null ? '' : ` at ${time(job.sinceMs)}`;
      const how = job.cause === 'superseded' ? ', replaced by a later job' : `, status ${job.exitStatus}`;
      return `${styled(screen, job.exitStatus === 0 ? 'green' : 'yellow', 'done')}${at}${how}${progress(job)}`;
    }
  }
}

function progress({ rows, share, state }: JobStatus): string {
  if (rows === null) return '';
  const done = state === 'done' || share === null ? '' : `${percent(share)} done, `;
  const rejected = grouped(rejectedCount(rows));
  return `: ${done}${counted(endedCount(rows), 'row')}, ${grouped(rows.submitted)} submitted, ${rejected} did not go through`;
}

function forecast({ endsAtMs }: JobStatus, time: (atMs: number) => string): string {
  return endsAtMs === null ? '' : `; done by ${time(endsAtMs)} at the pace so far`;
}

/** Every job in a folder, the newest day first; the totals come first, because that is what is looked for. */
function folderText(status: FolderStatus, options: StatusWordsOptions): string {
  const { folder, days, holder, holderSinceMs, byDay, totals } = status;
  const { screen, nowMs, timeZone } = options;
  const title = styled(screen, 'bold', harmless(folder, 1000));
  const jobs = `${counted(totals.jobs, 'job')} in the last ${counted(days, 'day')}`;
  const states = [
    `${grouped(totals.done)} done`,
    `${grouped(totals.atWork)} at work`,
    `${grouped(totals.stopped)} not finished`,
  ];
  const rows = `${counted(totals.rows, 'row')}, ${grouped(totals.submitted)} submitted, ${grouped(totals.notThrough)} did not go through`;
  const watching =
    holder === null || holderSinceMs === null
      ? []
      : [`${holder} works on this folder since ${localTime(holderSinceMs, nowMs, timeZone)}\n`];
  const ofDays = byDay.map(({ day, jobs: ofDay }) => {
    const lines = ofDay.map((job) => jobLines(job, options).replaceAll(/^(?=.)/gm, '  '));
    return `${day === '' ? 'unknown day' : day}\n${lines.join('')}`;
  });
  return [`${title}: ${jobs}: ${states.join(', ')}; ${rows}\n`, ...watching, ...ofDays].join('');
}
