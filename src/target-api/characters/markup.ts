/**
 * Reads what servers answer: the API's small XML, and whatever stands in for it (HTML error pages, plain text, JSON).
 *
 * A scanner for tags, text, comments and CDATA is all that either needs; a parser would refuse the pages that we most
 * need to quote. It goes over the text once, whatever the text is: a hostile page of 64 KB costs no more than a good one.
 */

type Token =
  /** Entities decoded. */
  | { readonly kind: 'text'; readonly text: string }
  /** `name` in lower case, `/name` for an end tag, `name/` for an empty element. */
  | { readonly kind: 'tag'; readonly name: string };

const namedEntities: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['nbsp', ' '],
]);

/** Numeric entities, and those that XML has (and `&nbsp;`); others are left as they are. */
export function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,4}));/gi, (whole, decimal, hexadecimal, name) => {
    if (name !== undefined) return namedEntities.get(String(name).toLowerCase()) ?? whole;
    const codePoint = decimal === undefined ? Number.parseInt(hexadecimal, 16) : Number.parseInt(decimal, 10);
    const isCharacter = codePoint <= 0x10ffff && (codePoint < 0xd800 || codePoint > 0xdfff);
    return isCharacter ? String.fromCodePoint(codePoint) : '\uFFFD';
  });
}

/** What opens a part that holds no markup, and what closes it. */
const commentOpen = '<!--';
const cdataOpen = '<![CDATA[';

function tokensOf(markup: string): Token[] {
  const tokens: Token[] = [];
  const addText = (text: string) => {
    if (text !== '') tokens.push({ kind: 'text', text });
  };
  let at = 0;
  while (at < markup.length) {
    const open = markup.indexOf('<', at);
    if (open < 0) break;
    addText(decodeEntities(markup.slice(at, open)));
    if (markup.startsWith(commentOpen, open)) {
      at = indexAfter(markup, '-->', open + commentOpen.length);
    } else if (markup.startsWith(cdataOpen, open)) {
      at = indexAfter(markup, ']]>', open + cdataOpen.length);
      addText(markup.slice(open + cdataOpen.length, at).replace(/]]>$/, ''));
    } else if (/[a-z/!?]/i.test(markup.charAt(open + 1))) {
      at = indexAfter(markup, '>', open);
      const name = tagName(markup.slice(open + 1, at));
      tokens.push({ kind: 'tag', name });
      if (name === 'script' || name === 'style') at = indexOfEndTag(markup, at);
    } else {
      addText('<'); // a sign, as in `5 < 6`
      at = open + 1;
    }
  }
  addText(decodeEntities(markup.slice(at)));
  return tokens;
}

/** The end of the text where `closing` is missing: the rest belongs to what was opened. */
function indexAfter(text: string, closing: string, from: number): number {
  const index = text.indexOf(closing, from);
  return index < 0 ? text.length : index + closing.length;
}

/** Where a script or a style sheet ends; what is before is neither markup nor words. */
function indexOfEndTag(markup: string, from: number): number {
  const endTag = /<\/(?:script|style)/gi;
  endTag.lastIndex = from;
  return endTag.exec(markup)?.index ?? markup.length;
}

/** Of `name attribute="…"/>` and the like. */
function tagName(inner: string): string {
  const name = /^[/!?]?[\w:.-]*/.exec(inner)?.[0].toLowerCase() ?? '';
  return inner.endsWith('/>') ? `${name}/` : name;
}

/** What a person reads of a page: no tags, comments, scripts or styles, entities decoded, white space folded. */
export function plainText(markup: string): string {
  const parts = tokensOf(markup).map((token) => (token.kind === 'text' ? token.text : ' '));
  return parts.join('').replace(/\s+/g, ' ').trim();
}

/** The API's XML reply: `<response><success>…</success>…<message>…</message></response>`. */
export interface XmlReply {
  readonly success: string;
  readonly message: string | null;
}

/**
 * `null` for everything that is not one whole `<response>`, with nothing around it and a `<success>` right in it (the
 * texts of two run together, so that they say neither true nor false). Names of tags are read without regard to case; a
 * prolog, comments, attributes and other elements are passed over.
 */
export function readXmlReply(body: string): XmlReply | null {
  const texts = new Map<string, string>();
  const path: string[] = [];
  let isClosed = false;
  for (const token of tokensOf(body)) {
    const inRoot = path[1];
    if (token.kind === 'text') {
      if (path.length === 0 && token.text.trim() !== '') return null;
      if (inRoot !== undefined) texts.set(inRoot, (texts.get(inRoot) ?? '') + token.text);
    } else if (token.name.startsWith('/')) {
      if (path.pop() !== token.name.slice(1)) return null;
      isClosed = path.length === 0;
    } else if (!/^[?!]|\/$/.test(token.name)) {
      if (isClosed || (path.length === 0 && token.name !== 'response')) return null;
      path.push(token.name);
    }
  }
  const success = texts.get('success');
  if (!isClosed || success === undefined) return null;
  const message = texts.get('message')?.replace(/\s+/g, ' ').trim();
  return { success: success.trim().toLowerCase(), message: message === undefined || message === '' ? null : message };
}
