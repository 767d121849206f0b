import { isRejected, rowStatuses } from '../../terms/outcome.js';
import type { PageContent } from './content.js';
import { count, counted, perSecond, share } from './format.js';
import { type Html, html, type Piece } from './html.js';
import { type Figure, figures, moment } from './pieces.js';

/** The top of a job's page: how it stands in a sentence, why it stopped, what to do next, and the main figures. */

interface Verdict {
  readonly tone: 'good' | 'warn' | 'quiet';
  readonly text: Piece;
}

function verdict({ tally, job, standing, timeZone }: PageContent): Verdict {
  const rejectedCount = tally.rejected.seenCount;
  const { rowCount } = tally;
  const total = job?.totalRows ?? null;
  const rows = total === null ? counted(rowCount, 'row') : `${count(rowCount)} of ${counted(total, 'row')}`;
  const ended = rowCount === 0 ? 'no row has ended yet' : `${rows} ended`;
  const soFar = rejectedCount === 0 ? ended : `${ended}, ${count(rejectedCount)} not sent`;
  switch (standing.kind) {
    case 'done':
      return rejectedCount === 0
        ? { tone: 'good', text: `Done: all ${counted(rowCount, 'row')}.` }
        : { tone: 'warn', text: `Done, but ${count(rejectedCount)} of ${counted(rowCount, 'row')} were not sent.` };
    case 'closed':
      return { tone: 'warn', text: `Closed before its end, because the file changed: ${soFar}.` };
    case 'running': {
      const { pid, host, sinceMs } = standing.holder;
      const who = `Process ${pid}${host === null ? '' : ` on ${host}`}`;
      return { tone: 'quiet', text: html`Running: ${soFar}. ${who}, since ${moment(sinceMs, timeZone)}.` };
    }
    case 'stopped':
      return { tone: 'warn', text: html`Stopped ${moment(standing.atMs, timeZone)}: ${soFar}.` };
    case 'interrupted': {
      const lastSign = moment(standing.lastSignMs, timeZone);
      return {
        tone: 'warn',
        text: html`Interrupted: ${soFar}. The run was killed, or could not write. Its last checkpoint: ${lastSign}.`,
      };
    }
    case 'unknown':
      return { tone: 'warn', text: `It is not known whether this job is finished: ${soFar}.` };
  }
}

function whyStopped({ standing }: PageContent): Html | null {
  if (standing.kind !== 'stopped' || (standing.error === null && standing.exitStatus === null)) return null;
  const { error, exitStatus } = standing;
  const code = error === null ? null : html` <code class="nowrap">${error.code}</code>`;
  const status = exitStatus === null ? null : html` <span class="soft nowrap">exit status ${exitStatus}</span>`;
  return html`<p class="why"><strong>Why it stopped:</strong> ${error === null ? null : error.message}${code}${status}</p>
`;
}

function capFigure({ lastRun, tally }: PageContent): Figure | null {
  if (lastRun !== null) {
    const { used, limit, left } = lastRun.cap;
    return {
      name: 'Cap used',
      value: share(used, limit),
      note: `${count(used)} of ${count(limit)}, ${count(left)} left`,
    };
  }
  return tally.attemptCount === 0
    ? null
    : { name: 'Cap used', value: count(tally.attemptCount), note: 'attempts of this job alone' };
}

function mainFigures(content: PageContent): readonly (Figure | null)[] {
  const { tally, job, standing } = content;
  const { rows, rowCount } = tally;
  const whole = Math.max(rowCount, job?.totalRows ?? 0);
  const quietCount = rows.skipped + rows.unchanged;
  const named = (statuses: readonly (keyof typeof rows)[]) =>
    statuses
      .filter((status) => rows[status] > 0)
      .map((status) => `${count(rows[status])} ${status}`)
      .join(', ');
  const leftCount = whole - rowCount - (job?.counts.superseded ?? 0);
  const isOpen = standing.kind !== 'done' && standing.kind !== 'closed';
  const rejectedCount = tally.rejected.seenCount;
  const rowsPerSecond = tally.rowsPerSecond();
  return [
    { name: 'Submitted', value: count(rows.submitted), note: whole === 0 ? null : share(rows.submitted, whole) },
    {
      name: 'Not sent',
      value: count(rejectedCount),
      note: rejectedCount === 0 ? null : named(rowStatuses.filter(isRejected)),
      tone: rejectedCount === 0 ? 'quiet' : 'warn',
    },
    { name: 'Skipped', value: count(quietCount), note: rows.unchanged === 0 ? null : named(['skipped', 'unchanged']) },
    isOpen && leftCount > 0 ? { name: 'Still to send', value: count(leftCount), note: share(leftCount, whole) } : null,
    rowsPerSecond === null
      ? null
      : { name: 'Rows a second', value: perSecond(rowsPerSecond), note: 'while rows ended, without pauses' },
    capFigure(content),
  ];
}

function next({ nextStep, job }: PageContent): Html {
  const { text, command } = nextStep;
  if (command === null)
    return html`<p class="next"><strong>Next:</strong> ${text}</p>
`;
  const more =
    job === null || command.includes(' report ')
      ? null
      : html`<p class="soft">Add the options that the job's files do not hold: token, state directory, pace.</p>
`;
  return html`<div class="next"><p><strong>Next:</strong> ${text}</p>
<pre tabindex="0"><code>${command}</code></pre>
${more}</div>
`;
}

export function topOfPage(content: PageContent): Html {
  const { tone, text } = verdict(content);
  return html`<header>
<p class="kicker">profile-drip report</p>
<h1>${content.jobName}</h1>
<div class="verdict ${tone}" id="verdict"><p>${text}</p>
${whyStopped(content)}${next(content)}</div>
${figures(mainFigures(content))}</header>
`;
}
