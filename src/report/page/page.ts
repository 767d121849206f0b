import { isRejected } from '../../terms/outcome.js';
import { browserScript } from './browser-script.js';
import { attemptsChart, repliesChart, rowsChart } from './charts.js';
import type { PageContent } from './content.js';
import { type Html, html, scriptJson } from './html.js';
import { jobSection, outcomesSection, reasonsSection } from './outcome-sections.js';
import { moment } from './pieces.js';
import { rejectedSection } from './rejected-section.js';
import { pageOf } from './shell.js';
import { pageStyle } from './style.js';
import { attemptsSection, capSection, repliesSection, rowsSection, type TimeCharts } from './time-sections.js';
import { topOfPage } from './top-section.js';
import type { ChartLibrary } from './uplot.js';
import { verifiedSection } from './verified-section.js';

function chartsOf({ tally, lastRun }: PageContent): TimeCharts {
  return {
    rows: rowsChart('rows-chart', tally.stretches, () => true),
    rejected: rowsChart('rejected-chart', tally.stretches, isRejected),
    replies: repliesChart('replies-chart', tally.stretches),
    attempts: attemptsChart('attempts-chart', tally.hours, lastRun?.cap ?? null),
  };
}

function body(content: PageContent, charts: TimeCharts): Html {
  return html`${topOfPage(content)}<main>
${reasonsSection(content)}${outcomesSection(content)}${jobSection(content)}${rowsSection(content, charts)}${repliesSection(content, charts)}${attemptsSection(content)}${capSection(content, charts)}${verifiedSection(content)}${rejectedSection(content)}</main>
<footer>
<p>Made ${moment(content.madeAtMs, content.timeZone)} from <code>${content.files.results}</code>. Times are in the zone of the machine that made it, ${content.timeZone}.</p>
<p>This page holds the ids of rows that were not sent, so that they can be searched for, and no attribute values. Like the job's other files it is for their owner alone. It loads nothing and sends nothing.</p>
</footer>
`;
}

/** The page on one job. */
export function renderPage(content: PageContent, library: ChartLibrary): string {
  const charts = chartsOf(content);
  const island = { timeZone: content.timeZone, charts: Object.values(charts).filter((chart) => chart !== null) };
  return pageOf({
    title: content.jobName,
    style: `${library.style}${pageStyle}`,
    body: html`${body(content, charts)}<noscript><p>Charts and search need JavaScript; all figures are in the tables.</p></noscript>
<script type="application/json" id="chart-data">${scriptJson(island)}</script>
`,
    scripts: [library.script, browserScript],
  });
}
