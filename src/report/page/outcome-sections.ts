import { invalidCodes, isRejected, quietCodes, type RowStatus, rowStatuses, tryCodes } from '../../terms/outcome.js';
import type { ReasonTally } from '../figures/tally.js';
import type { PageContent } from './content.js';
import { count, counted, duration, share } from './format.js';
import { type Html, html } from './html.js';
import { bar, facts, moment, number, section, table } from './pieces.js';

/** The sections that say how the job stands: its facts, outcomes, reasons. */

const statusMeanings: Readonly<Record<RowStatus, string>> = {
  submitted: 'Target took it, which is all that its reply says',
  skipped: 'the row has no value to send',
  unchanged: 'all of it was last submitted just so',
  invalid: 'it cannot be sent as it is',
  refused: 'Target answered that it will not take this row',
  failed: 'no good answer after all tries',
};

const codeMeanings = { ...invalidCodes, ...tryCodes, ...quietCodes };

export interface Verdict {
  readonly isGood: boolean;
  readonly text: string;
}

/** The page in a sentence. */
export function verdict({ tally, job }: PageContent): Verdict {
  const rejectedCount = tally.rejected.seenCount;
  const ended =
    tally.rowCount === 0 ? 'no row has ended yet' : `${counted(tally.rowCount, 'row has', 'rows have')} ended`;
  const notThrough = rejectedCount === 0 ? '' : `, ${count(rejectedCount)} of them did not go through`;
  switch (job?.state) {
    case 'complete':
      return rejectedCount === 0
        ? { isGood: true, text: `Done: ${counted(tally.rowCount, 'row')}, and nothing went wrong with any.` }
        : {
            isGood: false,
            text: `Done: ${count(rejectedCount)} of ${counted(tally.rowCount, 'row')} did not go through, ${count(tally.rowCount - rejectedCount)} did.`,
          };
    case 'closed':
      return { isGood: false, text: `Closed before its end, for the file changed: ${ended}${notThrough}.` };
    case 'open':
      return {
        isGood: false,
        text: `Not finished: ${ended}${notThrough}. The same profile-drip send goes on from there.`,
      };
    case undefined:
      return { isGood: false, text: `It is not known whether this job is finished: ${ended}${notThrough}.` };
  }
}

const stateNames = { open: 'no', complete: 'yes', closed: 'closed: its file changed' } as const;

export function jobSection(content: PageContent): Html {
  const { job, lastRun, tally, timeZone } = content;
  const at = (wallMs: number | undefined) => (wallMs === undefined ? null : moment(wallMs, timeZone));
  const isAnyEnded = tally.rowCount > 0;
  const lastedMs = tally.lastEndedMs - (job?.startedAtMs ?? tally.firstEndedMs);
  return section(
    'job',
    'The job',
    facts([
      ['Client code', job?.clientCode ?? null],
      ['Endpoint', job?.endpoint ?? null],
      ['Finished', job === null ? 'not known' : stateNames[job.state]],
      ['Started', at(job?.startedAtMs)],
      ['First row ended', isAnyEnded ? at(tally.firstEndedMs) : null],
      ['Last row ended', isAnyEnded ? at(tally.lastEndedMs) : null],
      ['Last run ended', at(lastRun?.endedAtMs)],
      ['Last checkpoint', job?.state === 'open' ? at(job.updatedAtMs) : null],
      ['Lasted', isAnyEnded ? `${duration(Math.max(0, lastedMs))}, with all pauses and the time between runs` : null],
      ['Rows in the file', job === null || job.totalRows === null ? 'not known yet' : count(job.totalRows)],
      ['Rows that ended', count(tally.rowCount)],
      ['Tries', count(tally.tryCount)],
    ]),
    job === null
      ? html`<p class="note">The job's checkpoint is not beside its results, or cannot be read: where it was sent, and whether it is finished, is not known here.</p>`
      : null,
    content.unreadBytes === 0
      ? null
      : html`<p class="note"><strong>Not all could be read:</strong> the last ${counted(content.unreadBytes, 'byte')} of <code>${content.files.results}</code> are no whole line of results, and are not counted here. A run that is writing at this moment, or was killed, leaves a part of a line; more than that means that the file was changed.</p>`,
  );
}

export function outcomesSection({ tally, job }: PageContent): Html {
  const whole = Math.max(tally.rowCount, job?.totalRows ?? 0);
  const line = (className: string, name: string, rowCount: number, meaning: string) =>
    html`<tr class="${className}"><th scope="row" class="nowrap"><span class="dot"></span>${name}</th>${number(count(rowCount))}${number(share(rowCount, whole))}<td class="bar">${bar(rowCount, whole)}</td><td class="meaning">${meaning}</td></tr>
`;
  const lines = rowStatuses.map((status) => line(status, status, tally.rows[status], statusMeanings[status]));
  const superseded = job?.supersededCount ?? 0;
  const notEnded = Math.max(0, whole - tally.rowCount - superseded);
  if (superseded > 0)
    lines.push(
      line('rest', 'superseded', superseded, 'not sent: the file changed, and its new content is a job of its own'),
    );
  if (notEnded > 0) lines.push(line('rest', 'not ended yet', notEnded, 'still to be sent, or under way'));
  return section(
    'outcomes',
    'What came of the rows',
    table(`Of ${counted(whole, 'row')}`, ['Outcome', '#Rows', '#Share', '', 'Means'], lines),
  );
}

function examplesOf(reason: ReasonTally): Html[] {
  return reason.examples.map(({ rowNumber, lineNumber }, index) => {
    const comma = index < reason.examples.length - 1 ? ',' : '';
    return html`<span class="nowrap">row ${rowNumber} (line ${lineNumber})${comma}</span> `;
  });
}

function reasonLine(reason: ReasonTally, rowCount: number): Html {
  const texts = reason.texts.map((text) => html`<br><q>${text}</q>`);
  const find = isRejected(reason.status)
    ? html`<button type="button" hidden data-find="${reason.code}" data-status="${reason.status}">Find them below</button>`
    : null;
  return html`<tr class="${reason.status}"><th scope="row" class="reason"><span class="dot"></span><code>${reason.code}</code> <span class="soft">${reason.status}</span><br><span class="meaning">${codeMeanings[reason.code]}</span><span class="soft">${texts}</span></th>${number(count(reason.rowCount))}${number(share(reason.rowCount, rowCount))}<td class="examples">${examplesOf(reason)}${find}</td></tr>
`;
}

export function reasonsSection({ tally }: PageContent): Html | null {
  const reasons = tally.reasons();
  if (reasons.length === 0) return null;
  return section(
    'reasons',
    'Reasons',
    table(
      'Why rows were not submitted, with the first few rows of each and, in quotes, what was said of them',
      ['Reason', '#Rows', '#Share', 'For example'],
      reasons.map((reason) => reasonLine(reason, tally.rowCount)),
    ),
  );
}
