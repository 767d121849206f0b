import { createHash } from 'node:crypto';

/** What a browser would make of a page, as far as a test asks. */
export interface OpenedPage {
  readonly html: string;
  /** The text of each script element that runs. */
  readonly scripts: readonly string[];
  readonly style: string;
  /** The page's policy, by directive. */
  readonly policy: ReadonlyMap<string, readonly string[]>;
  readonly island: { readonly timeZone: string; readonly charts: readonly Chart[] };
  /** Text of the element with this id, its markup taken off. */
  textOf(id: string): string;
  /** The cells of the table of rows that did not go through. */
  readonly rejected: readonly (readonly string[])[];
}

interface Chart {
  readonly mount: string;
  readonly kind: string;
  readonly xSeconds: readonly number[];
  readonly series: readonly { readonly label: string; readonly values: readonly (number | null)[] }[];
}

export function opened(html: string): OpenedPage {
  const directives = unescaped(between(html, '<meta http-equiv="Content-Security-Policy" content="', '">')).split('; ');
  const rows = html.includes('id="rejected-rows"') ? between(html, '<tbody>\n<tr><th scope=row>', '</tbody>') : '';
  return {
    html,
    scripts: [...html.matchAll(/<script>(.*?)<\/script>/gs)].map(([, script]) => script ?? ''),
    style: between(html, '<style>', '</style>'),
    policy: new Map(directives.map((directive) => [directive.split(' ')[0] ?? '', directive.split(' ').slice(1)])),
    island: JSON.parse(between(html, '<script type="application/json" id="chart-data">', '</script>')),
    textOf: (id) => textIn(between(html, ` id="${id}">`, '</section>')),
    rejected: rows
      .split('<tr><th scope=row>')
      .filter((cells) => cells !== '')
      .map((cells) => cells.split('<td>').map(textIn)),
  };
}

/** As a policy names what it allows. */
export function hashSource(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

function between(text: string, start: string, end: string): string {
  const from = text.indexOf(start);
  if (from < 0) throw new Error(`the page has no ${start}`);
  const to = text.indexOf(end, from + start.length);
  return text.slice(from + start.length, to);
}

function textIn(markup: string): string {
  return unescaped(markup.replace(/<[^>]*>/g, ' '))
    .replace(/\s+/g, ' ')
    .trim();
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' };

function unescaped(text: string): string {
  return text.replace(/&(lt|gt|quot|#39|amp);/g, (whole, name: string) => entities[name] ?? whole);
}
