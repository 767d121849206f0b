import { rowStatuses } from '../../terms/outcome.js';
import type { Durations } from '../figures/durations.js';
import { attemptsApartMax } from '../figures/tally.js';
import { type Chart, inRollingDay, percentiles } from './charts.js';
import type { PageContent } from './content.js';
import { bucketWidth, count, counted, duration, share } from './format.js';
import { type Html, html } from './html.js';
import { bar, chartPlace, facts, moment, number, section, table, timeHeading } from './pieces.js';

/** The sections over time: rows, reply times, attempts, the cap. Each chart's figures stand below it as a table. */

export interface TimeCharts {
  readonly rows: Chart | null;
  readonly rejected: Chart | null;
  readonly replies: Chart | null;
  readonly attempts: Chart | null;
}

function place(chart: Chart | null, says: string): Html | null {
  return chart === null ? null : chartPlace(chart.mount, `${says} The figures are in the table below it.`);
}

function inDetails(chart: Chart | null, figures: Html): Html {
  return chart === null ? figures : html`<details><summary>The figures as a table</summary>${figures}</details>`;
}

export function rowsSection({ tally, timeZone }: PageContent, charts: TimeCharts): Html | null {
  if (tally.rowCount === 0) return null;
  const width = bucketWidth(tally.stretches.widthMs);
  const statuses = rowStatuses.filter((status) => tally.rows[status] > 0);
  const lines = tally.stretches.dense().flatMap(({ startMs, bucket }) =>
    bucket === null
      ? []
      : [
          html`<tr>${timeHeading(startMs, timeZone)}${statuses.map((status) => number(count(bucket.rows[status])))}</tr>
`,
        ],
  );
  const figures = table(
    `Rows that ended, for each ${width} in which any did (times: ${timeZone})`,
    ['From', ...statuses.map((status) => `#${status}`)],
    lines,
  );
  return section(
    'rows',
    'Rows over time',
    charts.rows === null
      ? null
      : html`<p>Rows that ended in each ${width}, by outcome. Drag over a chart to look closer, double-click to go back.</p>`,
    place(charts.rows, `Chart: rows that ended in each ${width}, by outcome.`),
    charts.rejected === null ? null : html`<h3>Only those that were not sent</h3>`,
    place(charts.rejected, `Chart: rows that were not sent in each ${width}, by outcome.`),
    inDetails(charts.rows, figures),
  );
}

function percentileCells(durations: Durations): Html[] {
  return percentiles.map(({ share: of }) => {
    const durationMs = durations.quantileMs(of);
    return number(durationMs === null ? '–' : duration(durationMs));
  });
}

export function repliesSection({ tally, timeZone }: PageContent, charts: TimeCharts): Html | null {
  if (tally.durations.count === 0) return null;
  const labels = percentiles.map(({ label }) => `#${label}`);
  const whole = (name: string, durations: Durations) =>
    html`<tr><th scope="row">${name}</th>${number(count(durations.count))}${percentileCells(durations)}${number(duration(durations.longestMs))}</tr>
`;
  const lines = tally.stretches.dense().flatMap(({ startMs, bucket }) =>
    bucket === null || bucket.durations.count === 0
      ? []
      : [
          html`<tr>${timeHeading(startMs, timeZone)}${number(count(bucket.durations.count))}${percentileCells(bucket.durations)}</tr>
`,
        ],
  );
  const width = bucketWidth(tally.stretches.widthMs);
  return section(
    'replies',
    'Reply times',
    html`<p>How long a row took from its first attempt to its end, <strong>pauses between attempts and waits included</strong>. Rows that ended with one attempt show how fast the endpoint itself answers. p95 means that 95 of 100 rows took no longer, to within 2 %.</p>`,
    table(
      'Over the whole job',
      ['', '#Rows', ...labels, '#longest'],
      tally.oneAttemptDurations.count === tally.durations.count
        ? [whole('All', tally.durations)]
        : [
            ...(tally.oneAttemptDurations.count === 0 ? [] : [whole('With one attempt', tally.oneAttemptDurations)]),
            whole('With one or more', tally.durations),
          ],
    ),
    charts.replies === null ? null : html`<h3>Over the run</h3>`,
    place(charts.replies, 'Chart: percentiles of the time that rows took, over the run, on a logarithmic scale.'),
    charts.replies === null
      ? null
      : inDetails(
          charts.replies,
          table(
            `Rows with an attempt, for each ${width} in which any ended (times: ${timeZone})`,
            ['From', '#Rows', ...labels],
            lines,
          ),
        ),
  );
}

/** Single numbers of attempts up to 10, then ranges. */
const attemptsRanges = [
  [11, 20],
  [21, 50],
  [51, 100],
  [101, attemptsApartMax - 1],
] as const;

function attemptsLines(rowsByAttempts: readonly { readonly attempts: number; readonly rowCount: number }[]) {
  const lines = new Map<string, number>();
  for (const { attempts, rowCount } of rowsByAttempts) {
    const range = attemptsRanges.find(([first, last]) => attempts >= first && attempts <= last);
    const name =
      attempts >= attemptsApartMax
        ? `${count(attempts)} and more`
        : range === undefined
          ? `${attempts}`
          : `${range[0]} to ${range[1]}`;
    lines.set(name, (lines.get(name) ?? 0) + rowCount);
  }
  return [...lines];
}

export function attemptsSection({ tally }: PageContent): Html | null {
  if (tally.attemptCount === 0) return null;
  const lines = attemptsLines(tally.rowsByAttempts()).map(
    ([
      name,
      rowCount,
    ]) => html`<tr><th scope="row" class="n">${name}</th>${number(count(rowCount))}${number(share(rowCount, tally.rowCount))}<td class="bar">${bar(rowCount, tally.rowCount)}</td></tr>
`,
  );
  return section(
    'attempts',
    'Attempts',
    html`<p>${counted(tally.attemptCount, 'attempt')} over all runs. Each may have cost a unit of the cap. Rows that were never sent have none.</p>`,
    table('Rows by the number of their attempts', ['#Attempts', '#Rows', '#Share', ''], lines),
  );
}

export function capSection({ tally, lastRun, timeZone }: PageContent, charts: TimeCharts): Html | null {
  const cap = lastRun?.cap ?? null;
  if (tally.attemptCount === 0 && cap === null) return null;
  const rolling = inRollingDay(tally.hours);
  const most = rolling === null || rolling.length === 0 ? null : Math.max(...rolling);
  const width = bucketWidth(tally.hours.widthMs);
  const hours = tally.hours.dense();
  const lines = hours.flatMap(({ startMs, bucket }, index) =>
    bucket === null
      ? []
      : [
          html`<tr>${timeHeading(startMs, timeZone)}${number(count(bucket.attemptCount))}${rolling === null ? null : number(count(rolling[index] ?? 0))}</tr>
`,
        ],
  );
  const headings = ['From', '#Attempts', ...(rolling === null ? [] : ['#In the 24 hours before its end'])];
  return section(
    'cap',
    'Use of the cap',
    html`<p>This job's attempts, by the ${width} in which their row ended. <strong>Approximate</strong>: all attempts of a row count where it ended, and what other jobs used is not included. <code>profile-drip status</code> shows the cap's ledger itself.</p>`,
    facts([
      [
        'Most in 24 hours',
        most === null
          ? null
          : `${counted(most, 'attempt')}${cap === null ? '' : `, ${share(most, cap.limit)} of the cap`}`,
      ],
      ['The cap', cap === null ? null : `${count(cap.limit)} in any 24 hours`],
      ['When the last run ended', cap === null ? null : `${count(cap.used)} used by all jobs, ${count(cap.left)} left`],
      ['Next unit free', cap === null || cap.nextFreeAtMs === null ? null : moment(cap.nextFreeAtMs, timeZone)],
    ]),
    place(charts.attempts, 'Chart: attempts over the run, and in the 24 hours before.'),
    lines.length === 0
      ? null
      : inDetails(
          charts.attempts,
          table(`Attempts for each ${width} in which any row ended (times: ${timeZone})`, headings, lines),
        ),
  );
}
