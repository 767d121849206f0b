/**
 * Characters that nobody sees at the ends of a text: white space (with NBSP, the ideographic space and the byte order
 * mark), soft hyphen, zero-width characters, marks and overrides of direction.
 */
const blank = /[\s\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/;
const onlyBlanks = new RegExp(`^${blank.source}*$`);

function isBlankAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code > 0x20 && code < 0x7f) return false;
  return blank.test(text.charAt(at));
}

/** Nothing, or nothing that can be seen. */
export function isBlank(text: string): boolean {
  return text === '' || (isBlankAt(text, 0) && onlyBlanks.test(text));
}

export function hasBlankEdge(text: string): boolean {
  return text !== '' && (isBlankAt(text, 0) || isBlankAt(text, text.length - 1));
}

export function trimBlanks(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlankAt(text, from)) from += 1;
  while (to > from && isBlankAt(text, to - 1)) to -= 1;
  return from === 0 && to === text.length ? text : text.slice(from, to);
}
