import { timeIn } from './format.js';
import { type Html, html, type Piece, trusted } from './html.js';

/** Small pieces of page that several sections are made of. */

export function section(id: string, heading: string, ...content: readonly Piece[]): Html {
  return html`<section aria-labelledby="${id}-heading" id="${id}"><h2 id="${id}-heading">${heading}</h2>
${content}</section>
`;
}

/** A time in the machine's own zone and, where that is another, in UTC. */
export function moment(wallMs: number, timeZone: string): Html {
  const iso = new Date(wallMs).toISOString();
  const local = html`<time datetime="${iso}" class="nowrap">${timeIn(timeZone, wallMs)}</time> ${timeZone}`;
  return timeZone === 'UTC' ? local : html`${local} <span class="soft nowrap">(${utcBeside(wallMs, timeZone)})</span>`;
}

/** A table's first cell: when a stretch of time begins, in local time and in UTC. */
export function timeHeading(wallMs: number, timeZone: string): Html {
  const local = html`<span class="nowrap">${timeIn(timeZone, wallMs)}</span>`;
  if (timeZone === 'UTC') return html`<th scope="row">${local}</th>`;
  return html`<th scope="row">${local} <span class="soft nowrap">${utcBeside(wallMs, timeZone)}</span></th>`;
}

/** The date is left out where it is the same in both zones. */
function utcBeside(wallMs: number, timeZone: string): string {
  const [date, time] = timeIn('UTC', wallMs).split(' ');
  return timeIn(timeZone, wallMs).startsWith(`${date} `) ? `${time} UTC` : `${date} ${time} UTC`;
}

/** A main figure of a page. */
export interface Figure {
  readonly name: string;
  readonly value: string;
  /** `null`: there is nothing to add. */
  readonly note: string | null;
  readonly tone?: 'warn' | 'quiet';
}

/** The first row of a page; a figure that is not known is left out. */
export function figures(all: readonly (Figure | null)[]): Html {
  const known = all.filter((figure) => figure !== null);
  return html`<dl class="figures" id="figures">
${known.map(
  ({
    name,
    value,
    note,
    tone,
  }) => html`<div class="${tone ?? 'plain'}"><dt>${name}</dt><dd><b>${value}</b>${note === null ? null : html` <span class="soft">${note}</span>`}</dd></div>
`,
)}</dl>
`;
}

/** A bar as long as `part` of `whole`, for the eye alone: the figure stands beside it. */
export function bar(part: number, whole: number): Html {
  const width = whole === 0 ? 0 : (part / whole) * 100;
  const visible = part > 0 ? Math.max(width, 0.5) : 0;
  return trusted(
    `<svg aria-hidden="true" viewBox="0 0 100 10" preserveAspectRatio="none"><rect width="${visible.toFixed(2)}" height="10"/></svg>`,
  );
}

/** A list of facts; those that are not known are left out. */
export function facts(entries: readonly (readonly [name: string, value: Piece])[]): Html {
  const known = entries.filter(([, value]) => value !== null);
  return html`<dl>${known.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
`;
}

/** A column's heading: with `#` before it its cells are numbers, which stand to the right; empty, they are for the eye. */
function columnHeading(heading: string): Html {
  if (heading === '') return html`<td></td>`;
  if (!heading.startsWith('#')) return html`<th scope="col">${heading}</th>`;
  return html`<th scope="col" class="n">${heading.slice(1)}</th>`;
}

export function table(caption: string, headings: readonly string[], rows: readonly Html[]): Html {
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${caption}"><table><caption>${caption}</caption>
<thead><tr>${headings.map(columnHeading)}</tr></thead><tbody>
${rows}</tbody></table></div>
`;
}

export function number(text: string): Html {
  return html`<td class="n">${text}</td>`;
}

/** Where the page's script draws a chart; `says` is its text for those who do not see it. */
export function chartPlace(mount: string, says: string): Html {
  return html`<div class="chart" id="${mount}" role="img" aria-label="${says}"></div>
`;
}
