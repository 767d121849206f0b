import type { RowResult } from '../../job/results/result.js';
import { isRejected, rowStatuses } from '../../terms/outcome.js';
import type { Room } from '../figures/rejected-rows.js';
import type { PageContent } from './content.js';
import { count, counted } from './format.js';
import { type Html, html } from './html.js';
import { section } from './pieces.js';

/** A browser still searches and scrolls these at once, and they leave the page well under 5 MB. */
export const rejectedRoom: Room = { rowsMax: 5_000, bytesMax: 3_000_000 };

/** A row of the table. HTML lets the end tags of cells and rows go, which is a third of its size. */
export function rejectedRow(row: RowResult): Html {
  const { rowNumber, lineNumber, id, status, httpStatus, attempts, reason } = row;
  const why = reason === null ? null : html`<code>${reason.code}</code> ${reason.text}`;
  return html`<tr><th scope=row>${rowNumber}<td>${lineNumber}<td>${id}<td>${status}<td>${httpStatus}<td>${attempts}<td>${why}
`;
}

export function rejectedSizeBytes(row: RowResult): number {
  return Buffer.byteLength(rejectedRow(row).markup);
}

function howMany(shownCount: number, seenCount: number, { results, rejects }: PageContent['files']): Html {
  const ready = rejects === null ? null : html` They are ready to be corrected and sent in <code>${rejects}</code>.`;
  if (shownCount === seenCount) return html`<p>All ${counted(seenCount, 'row')} that were not sent.${ready}</p>`;
  return html`<p><strong>The first ${count(shownCount)} of ${count(seenCount)} rows</strong> that were not sent: the first of each reason, so that each is there. The other ${count(seenCount - shownCount)} are in <code>${results}</code> alone.${ready}</p>`;
}

export function rejectedSection({ tally, files }: PageContent): Html | null {
  const id = 'rejected';
  const heading = 'Rows that were not sent';
  const rows = tally.rejected.kept();
  if (tally.rejected.seenCount === 0) return null;
  const statuses = rowStatuses.filter((status) => isRejected(status) && tally.rows[status] > 0);
  return section(
    id,
    heading,
    howMany(rows.length, tally.rejected.seenCount, files),
    html`<div class="search" id="search-bar" role="search" hidden>
<label>Search: row, line, id, HTTP status, reason<input type="search" id="search" autocomplete="off" spellcheck="false"></label>
<label>Outcome<select id="search-status"><option value="">all</option>${statuses.map((status) => html`<option>${status}</option>`)}</select></label>
<output id="search-found" for="search search-status"></output>
</div>
<div class="scroll tall" tabindex="0" role="group" aria-labelledby="${id}-heading">
<table id="rejected-rows"><thead><tr><th scope="col">Row</th><th scope="col">Line</th><th scope="col">Id</th><th scope="col">Outcome</th><th scope="col">HTTP</th><th scope="col">Attempts</th><th scope="col">Reason</th></tr></thead><tbody>
${rows.map(rejectedRow)}</tbody></table></div>
`,
  );
}
