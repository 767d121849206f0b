import {
  invalidCodes,
  isRejected,
  quietCodes,
  type ReasonCode,
  type RowStatus,
  rowStatuses,
  tryCodes,
} from '../../terms/outcome.js';
import type { ReasonTally } from '../figures/tally.js';
import type { PageContent } from './content.js';
import { bucketWidth, count, counted, duration, perSecond, share } from './format.js';
import { type Html, html } from './html.js';
import { bar, facts, moment, number, section, table } from './pieces.js';

/** The sections that say how the job stands: its facts and settings, outcomes, reasons. */

export const statusMeanings: Readonly<Record<RowStatus, string>> = {
  submitted: 'Target took it. Its reply says no more than that',
  skipped: 'the row has no value to send',
  unchanged: 'identical to what was last submitted',
  invalid: 'it cannot be sent as it is',
  refused: 'Target answered that it does not take this row',
  failed: 'no good answer after all attempts',
};

const codeMeanings: Readonly<Record<ReasonCode, string>> = {
  ...invalidCodes,
  ...tryCodes,
  ...quietCodes,
};

const stateNames = { open: 'no', complete: 'yes', closed: 'closed: its file changed' } as const;

function settingsOf({ job }: PageContent): readonly (readonly [string, string | null])[] {
  if (job === null) return [];
  const { clientCode, endpoint, idColumn, idType, values, plus, delimiter, encoding } = job.settings;
  const { trim, only, skip, rename, nullWords } = job.settings;
  const listed = (words: readonly string[]) => (words.length === 0 ? null : words.join(', '));
  const delimiterNames: Readonly<Record<string, string>> = { ',': 'comma', ';': 'semicolon', '\t': 'tab', '|': 'bar' };
  return [
    ['Client code', clientCode],
    ['Endpoint', endpoint],
    ['Id', `${idType}, ${idColumn === null ? 'the first column' : `column ${idColumn}`}`],
    ['Values', plus === null ? values : `${values}, + is ${plus === 'space' ? 'a space' : 'a plus sign'}`],
    ['Delimiter', delimiterNames[delimiter] ?? delimiter],
    ['Encoding', encoding],
    ['Trimmed', trim ? 'yes' : null],
    ['Only', listed(only)],
    ['Skipped columns', listed(skip)],
    ['Renamed', listed(rename)],
    ['No value', listed(nullWords)],
  ];
}

export function jobSection(content: PageContent): Html {
  const { job, lastRun, tally, timeZone } = content;
  const at = (wallMs: number | null | undefined) =>
    wallMs === null || wallMs === undefined ? null : moment(wallMs, timeZone);
  const isAnyEnded = tally.rowCount > 0;
  const lastedMs = tally.lastEndedMs - (job?.startedAtMs ?? tally.firstEndedMs);
  const rowsPerSecond = tally.rowsPerSecond();
  const busiest = tally.busiestStretch();
  const width = bucketWidth(tally.stretches.widthMs);
  const status = job?.exitStatus ?? null;
  return section(
    'job',
    'The job',
    facts([
      ...settingsOf(content),
      ['Finished', job === null ? 'not known' : stateNames[job.state]],
      ['Exit status', status === null ? null : String(status)],
      ['Started', at(job?.startedAtMs)],
      ['First row ended', isAnyEnded ? at(tally.firstEndedMs) : null],
      ['Last row ended', isAnyEnded ? at(tally.lastEndedMs) : null],
      ['Last run', lastRun === null || lastRun.startedAtMs === job?.startedAtMs ? null : at(lastRun.startedAtMs)],
      ['Last run ended', at(lastRun?.endedAtMs)],
      ['Last checkpoint', job?.state === 'open' ? at(job.updatedAtMs) : null],
      ['Lasted', isAnyEnded ? `${duration(Math.max(0, lastedMs))}, with all pauses and the time between runs` : null],
      ['Rows in the file', job === null || job.totalRows === null ? null : count(job.totalRows)],
      ['Rows that ended', isAnyEnded ? count(tally.rowCount) : null],
      ['Attempts', tally.attemptCount === 0 ? null : count(tally.attemptCount)],
      [
        'Rate',
        rowsPerSecond === null
          ? null
          : `${perSecond(rowsPerSecond)} rows a second while rows ended; at most ${counted(busiest, 'row')} in ${width.match(/^\d/) ? width : `a ${width}`}`,
      ],
    ]),
    job === null
      ? html`<p class="note">The job's checkpoint is not beside its results, or cannot be read. So it is not known here where the job was sent, or whether it is finished.</p>`
      : null,
    content.unreadBytes === 0
      ? null
      : html`<p class="note"><strong>Not all could be read:</strong> the last ${counted(content.unreadBytes, 'byte')} of <code>${content.files.results}</code> are not a whole line of results, and are not counted here. A run that is writing at this moment, or was killed, leaves a part of a line. More than that means that the file was changed.</p>`,
  );
}

export function outcomesSection({ tally, job, standing }: PageContent): Html | null {
  const whole = Math.max(tally.rowCount, job?.totalRows ?? 0);
  if (whole === 0) return null;
  const line = (className: string, name: string, rowCount: number, meaning: string) =>
    html`<tr class="${className}"><th scope="row" class="nowrap"><span class="dot"></span>${name}</th>${number(count(rowCount))}${number(share(rowCount, whole))}<td class="bar">${bar(rowCount, whole)}</td><td class="meaning">${meaning}</td></tr>
`;
  const lines = rowStatuses
    .filter((status) => tally.rows[status] > 0)
    .map((status) => line(status, status, tally.rows[status], statusMeanings[status]));
  const superseded = job?.counts.superseded ?? 0;
  const notEnded = Math.max(0, whole - tally.rowCount - superseded);
  if (superseded > 0) {
    lines.push(
      line('rest', 'superseded', superseded, 'not sent: the file changed, and its new content is a job of its own'),
    );
  }
  if (notEnded > 0) {
    const meaning = standing.kind === 'running' ? 'still to be sent, or in flight' : 'still to be sent';
    lines.push(line('rest', 'not ended yet', notEnded, meaning));
  }
  return section(
    'outcomes',
    'Rows by outcome',
    table(counted(whole, 'row'), ['Outcome', '#Rows', '#Share', '', 'Means'], lines),
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
      'Why rows were not submitted, with the first few rows of each and, in quotes, what the server said',
      ['Reason', '#Rows', '#Share', 'For example'],
      reasons.map((reason) => reasonLine(reason, tally.rowCount)),
    ),
  );
}
