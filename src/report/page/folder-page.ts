import { isRejected, type RowStatus, rowStatuses } from '../../terms/outcome.js';
import { type FolderFigures, needsAttention, type Totals } from '../figures/folder-days.js';
import type { FolderJob } from '../figures/folder-jobs.js';
import { count, counted, duration, share } from './format.js';
import { type Html, html, type Piece, trusted } from './html.js';
import { figures, moment, section } from './pieces.js';
import { pageOf } from './shell.js';
import { pageStyle } from './style.js';

/** All that the page of a folder is made from. */
export interface FolderContent {
  readonly folder: string;
  readonly figures: FolderFigures;
  readonly dayCount: number;
  readonly timeZone: string;
  readonly madeAtMs: number;
}

/** More would make a browser slow; totals and days count all. */
const shownJobsMax = 2_000;
const shownStepsMax = 20;

export function renderFolderPage(content: FolderContent): string {
  const { folder, timeZone, madeAtMs, dayCount } = content;
  const body = html`${top(content)}<main>
${attentionSection(content)}${daysSection(content)}${jobsSections(content)}</main>
<footer>
<p>Made ${moment(madeAtMs, timeZone)}, for the last ${counted(dayCount, 'day')}; <code>--days N</code> shows more. Unfinished jobs of earlier days are included. A job stands under the day of its last activity, in the zone of the machine that made this page, ${timeZone}.</p>
<p>This page holds no ids and no attribute values. It loads nothing and sends nothing.</p>
</footer>
`;
  return pageOf({ title: folder, style: pageStyle, body, scripts: [] });
}

function attention({ figures: { total, earlier } }: FolderContent): FolderJob[] {
  return [...total.jobs.filter(needsAttention), ...earlier];
}

function top(content: FolderContent): Html {
  const { folder, figures: found, dayCount } = content;
  const { total, earlier } = found;
  const failing = attention(content);
  const running = total.jobs.filter(({ standing }) => standing.kind === 'running').length;
  const jobCount = total.jobs.length + earlier.length;
  const alsoRunning = running === 0 ? '' : ` ${counted(running, 'job is', 'jobs are')} running.`;
  const text =
    jobCount === 0
      ? `No job in the last ${counted(dayCount, 'day')}.`
      : failing.length === 0
        ? running === jobCount
          ? `${counted(running, 'job is', 'jobs are')} running.`
          : `All is well: ${counted(jobCount - running, 'job')} done.${alsoRunning}`
        : `${count(failing.length)} of ${counted(jobCount, 'job')} ${failing.length === 1 ? 'needs' : 'need'} attention.${alsoRunning}`;
  const [newest] = failing;
  return html`<header>
<p class="kicker">profile-drip report on a folder</p>
<h1>${folder}</h1>
<div class="verdict ${failing.length > 0 ? 'warn' : jobCount === running ? 'quiet' : 'good'}" id="verdict"><p>${text}</p>
${newest === undefined ? null : html`<div class="next"><p><strong>Next, for ${newest.name}:</strong> ${newest.nextStep.text}</p>${command(newest)}</div>`}</div>
${jobCount === 0 ? null : figures(mainFigures(total, failing.length, running))}</header>
`;
}

function mainFigures(total: Totals, failingCount: number, running: number) {
  const { rows, jobs } = total;
  const rejected = rowStatuses.filter(isRejected);
  const all = rowStatuses.reduce((sum, status) => sum + rows[status], 0);
  const quietCount = rows.skipped + rows.unchanged;
  const sumOf = (statuses: readonly RowStatus[]) => statuses.reduce((sum, status) => sum + rows[status], 0);
  const rejectedCount = sumOf(rejected);
  const caps = [...total.cap.values()].sort((one, other) => other.used / other.limit - one.used / one.limit);
  const [cap] = caps;
  return [
    { name: 'Jobs', value: count(jobs.length), note: running === 0 ? null : `${count(running)} running` },
    {
      name: 'Need attention',
      value: count(failingCount),
      note: null,
      tone: failingCount > 0 ? ('warn' as const) : ('quiet' as const),
    },
    { name: 'Submitted', value: count(rows.submitted), note: all === 0 ? null : share(rows.submitted, all) },
    {
      name: 'Not sent',
      value: count(rejectedCount),
      note: rejectedCount === 0 ? null : share(rejectedCount, all),
      tone: rejectedCount > 0 ? ('warn' as const) : ('quiet' as const),
    },
    { name: 'Skipped', value: count(quietCount), note: quietCount === 0 ? null : share(quietCount, all) },
    cap === undefined
      ? null
      : {
          name: 'Cap used at most',
          value: share(cap.used, cap.limit),
          note: `${count(cap.used)} of ${count(cap.limit)}`,
        },
  ];
}

function command({ nextStep }: FolderJob): Html | null {
  return nextStep.command === null ? null : html`<pre tabindex="0"><code>${nextStep.command}</code></pre>`;
}

function why({ failure, standing, rejectedCount, lastRun }: FolderJob): Piece {
  const error = failure ?? (standing.kind === 'stopped' ? standing.error : null);
  if (error !== null) return html`${error.message} <code class="nowrap">${error.code}</code>`;
  if (standing.kind === 'stopped') {
    return lastRun === null || lastRun.exitStatus === null ? null : `exit status ${lastRun.exitStatus}`;
  }
  if (standing.kind === 'interrupted') return 'the run was killed, or could not write';
  if (standing.kind === 'unknown') return 'its checkpoint is missing or cannot be read';
  return rejectedCount === 0 ? null : `${counted(rejectedCount, 'row')} not sent`;
}

/** The code alone where there is a message: that is told once on the page. */
function shortWhy(job: FolderJob): Piece {
  const error = job.failure ?? (job.standing.kind === 'stopped' ? job.standing.error : null);
  return error === null ? why(job) : html`<code>${error.code}</code>`;
}

function attentionSection(content: FolderContent): Html | null {
  const failing = attention(content);
  if (failing.length === 0) return null;
  const shown = failing.slice(0, shownStepsMax);
  const more = failing.length - shown.length;
  return section(
    'attention',
    'What needs attention',
    html`<ul class="steps">${shown.map(
      (
        job,
      ) => html`<li><strong>${job.name}</strong> <span class="soft">${stateOf(job)}, ${moment(job.atMs, content.timeZone)}</span>${whyLine(job)}
<p class="next">${job.nextStep.text}</p>${command(job)}</li>
`,
    )}</ul>
${more === 0 ? null : html`<p>${counted(more, 'more job needs', 'more jobs need')} attention; each stands below.</p>`}`,
  );
}

function whyLine(job: FolderJob): Html | null {
  const reason = why(job);
  return reason === null ? null : html`<br>${reason}`;
}

function stateOf({ failure, standing }: FolderJob): string {
  return failure === null ? standing.kind : 'put into failed/';
}

/** A bar of a day's or a job's rows by outcome, for the eye alone. */
function stackedBar(rows: Readonly<Record<RowStatus, number>>): Html | null {
  const all = rowStatuses.reduce((sum, status) => sum + rows[status], 0);
  if (all === 0) return null;
  let at = 0;
  const rects = rowStatuses
    .filter((status) => rows[status] > 0)
    .map((status) => {
      const width = Math.max(1, (rows[status] / all) * 100);
      const rect = `<rect class="${status}" x="${at.toFixed(2)}" width="${width.toFixed(2)}" height="10"/>`;
      at += width;
      return rect;
    });
  return trusted(
    `<svg aria-hidden="true" viewBox="0 0 ${at.toFixed(2)} 10" preserveAspectRatio="none">${rects.join('')}</svg>`,
  );
}

/** A cell that says its column's name on a narrow screen, where it stands alone; empty, it is not there. */
function cell(label: string, value: Piece, isNumber = true): Html {
  const isEmpty = value === null || value === '';
  return html`<td class="${isNumber ? 'n' : 'text'}" data-label="${label}">${isEmpty ? html`<span class="none">–</span>` : value}</td>`;
}

function cardTable(id: string, caption: string, headings: readonly string[], lines: readonly Html[]): Html {
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${caption}"><table class="cards" id="${id}"><caption>${caption}</caption>
<thead><tr>${headings.map((heading) => (heading.startsWith('#') ? html`<th scope="col" class="n">${heading.slice(1)}</th>` : html`<th scope="col">${heading}</th>`))}</tr></thead><tbody>
${lines}</tbody></table></div>
`;
}

function outcomeColumns(rows: Readonly<Record<RowStatus, number>>): RowStatus[] {
  return rowStatuses.filter((status) => rows[status] > 0);
}

function capText({ cap }: Totals): string {
  const isOne = cap.size === 1;
  return [...cap].map(([code, { used, limit }]) => `${isOne ? '' : `${code} `}${share(used, limit)}`).join(', ');
}

function daysSection({ figures: { days, total } }: FolderContent): Html | null {
  if (days.length === 0) return null;
  const columns = outcomeColumns(total.rows);
  const figureCells = (of: Totals) => [
    cell('Jobs', of.jobs.length === 0 ? 'none' : count(of.jobs.length)),
    ...columns.map((status) => cell(status, of.rows[status] === 0 ? null : count(of.rows[status]))),
    cell('Attempts', of.attempts === 0 ? null : count(of.attempts)),
    cell('Cap used', capText(of)),
    cell('Duration', of.durationMs === 0 ? null : duration(of.durationMs)),
    cell('Failures', of.failureCount === 0 ? null : html`<strong class="bad">${count(of.failureCount)}</strong>`),
  ];
  const lines = days.map(
    (day) => html`<tr><th scope="row">${day.date}${stackedBar(day.rows)}</th>${figureCells(day)}</tr>
`,
  );
  const sum = html`<tr class="total"><th scope="row">Total</th>${figureCells(total)}</tr>
`;
  return section(
    'days',
    'Days',
    cardTable(
      'day-rows',
      'Rows by outcome. The cap as it was used at most at the end of a run',
      ['Day', '#Jobs', ...columns.map((status) => `#${status}`), '#Attempts', '#Cap used', '#Duration', '#Failures'],
      days.length === 1 ? lines : [...lines, sum],
    ),
  );
}

function jobsSections({ figures: { days, earlier, total }, timeZone }: FolderContent): Piece {
  let left = shownJobsMax;
  const take = (jobs: readonly FolderJob[]) => {
    const taken = jobs.slice(0, Math.max(0, left));
    left -= taken.length;
    return taken;
  };
  const sections = days
    .filter((day) => day.jobs.length > 0)
    .map(({ date, jobs }) => jobsSection(`day-${date}`, date, take(jobs), timeZone));
  const rest =
    earlier.length === 0 ? null : jobsSection('earlier', 'Unfinished, from earlier days', take(earlier), timeZone);
  const missing = total.jobs.length + earlier.length - shownJobsMax;
  const cut =
    missing <= 0
      ? null
      : html`<p>${counted(missing, 'older job is', 'older jobs are')} counted above and not listed.</p>`;
  return [...sections, ...(rest === null ? [] : [rest]), ...(cut === null ? [] : [cut])];
}

function jobsSection(id: string, heading: string, jobs: readonly FolderJob[], timeZone: string): Html | null {
  if (jobs.length === 0) return null;
  const columns = rowStatuses.filter((status) => jobs.some(({ job }) => (job?.counts[status] ?? 0) > 0));
  const lines = jobs.map((one) => {
    const { job, lastRun, name, place, atMs } = one;
    const cap = lastRun?.cap ?? null;
    const isBad = needsAttention(one);
    const reason = isBad ? shortWhy(one) : null;
    return html`<tr${isBad ? trusted(' class="bad-row"') : null}><th scope="row">${name}${place === '' ? null : html` <span class="soft">${place}/</span>`}${job === null ? null : stackedBar(job.counts)}</th><td class="text" data-label="State"><span class="state ${isBad ? 'bad' : one.standing.kind}">${stateOf(one)}</span>${reason === null ? null : html`<br><span class="soft">${reason}</span>`}</td>${columns.map((status) => cell(status, job === null || job.counts[status] === 0 ? null : count(job.counts[status])))}${cell('Attempts', job === null || job.attempts === 0 ? null : count(job.attempts))}${cell('Cap used', cap === null ? null : share(cap.used, cap.limit))}${cell('Duration', job === null ? null : duration(Math.max(0, atMs - job.startedAtMs)))}${cell('Last activity', moment(atMs, timeZone), false)}</tr>
`;
  });
  const headings = ['File', 'State', ...columns.map((status) => `#${status}`), '#Attempts', '#Cap used', '#Duration'];
  return section(
    id,
    heading,
    cardTable(`${id}-jobs`, counted(jobs.length, 'job'), [...headings, 'Last activity'], lines),
  );
}
