import { replaceActing } from '../../text/sanitize.js';

/** Markup that may stand on the page as it is. Only `html` and `trusted` make it, so that all other text is escaped. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

/** What may stand in a template: text and numbers are escaped, `null` is nothing. */
export type Piece = Html | string | number | null | readonly Piece[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function shownByNumber(character: string): string {
  return `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`;
}

/** Text from outside, fit for markup and for quoted attribute values: no tag, no entity, nothing that acts unseen. */
export function escapeText(text: string): string {
  const escaped = text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
  return replaceActing(escaped, shownByNumber);
}

function markupOf(piece: Piece): string {
  if (piece === null) return '';
  if (piece instanceof Html) return piece.markup;
  if (typeof piece === 'string' || typeof piece === 'number') return escapeText(String(piece));
  return piece.map(markupOf).join('');
}

/** A piece of page: html`<td>${text}</td>`. What is put in is escaped unless it is Html itself. */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  return new Html(
    strings.reduce((markup, string, index) => `${markup}${markupOf(pieces[index - 1] ?? null)}${string}`),
  );
}

/** Markup that this program wrote itself. */
export function trusted(markup: string): Html {
  return new Html(markup);
}

/** JSON that may stand in a script element: no `<` that could end it, no line end that JavaScript would take for one. */
export function scriptJson(value: unknown): Html {
  const escaped = JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return new Html(escaped);
}
