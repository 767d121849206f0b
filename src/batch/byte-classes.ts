/**
 * What the bytes of a row say of its cells, found in the pass that counts line ends anyway: so that most rows need no
 * closer look (hints/marker.ts). A bit that is set may be a false alarm; a bit that is not set is sure.
 */
export const rowClass = {
  /** A `%`. */
  percent: 1,
  /** A `+`. */
  plus: 2,
  /** A space, a `&` or a byte beyond ASCII: what URL-encoding leaves in no text. */
  unencoded: 4,
  /** Something that wants a closer look: blanks at the edge of a cell, backslashes, brackets, quotes, odd characters. */
  odd: 8,
  /** A `"` that neither opens nor closes a cell and is not doubled. */
  strayQuote: 16,
  /** The row is not UTF-8, and looks like text in Windows-1252. */
  windows1252: 32,
  /** The row has no line end: the last one of the file. */
  openLine: 64,
} as const;

/** Line ends count in the bits above the classes: a record has at most 1,000,000 bytes. */
const classBits = 7;

export function classesOf(scan: number): number {
  return scan & ((1 << classBits) - 1);
}

export function lineEndsOf(scan: number): number {
  return scan >>> classBits;
}

const lf = 0x0a;
const cr = 0x0d;
const space = 0x20;
const quote = 0x22;
const ampersand = 0x26;
const percent = 0x25;
const parenthesis = 0x28;
const less = 0x3c;
const plus = 0x2b;

/** What a byte wants in the loop below: nothing (0), its class at once, or a look at its neighbours. */
const plain = 0;
const lineEnd = 1;
const atOnce = 2;
const blank = 3;
const quoteMark = 4;
const sequence = 5;

const kinds = new Uint8Array(256);
const classes = new Uint8Array(256);

/**
 * First bytes, in UTF-8, of characters that are not seen (NBSP, zero-width, marks of direction, byte order mark), that
 * stand for lost ones (U+FFFD), are curly quotes, or follow in text that was decoded wrongly (U+0080 to U+00BF and what
 * Windows-1252 has in the place of U+0080 to U+009F).
 */
const oddLeads = [0xc2, 0xc5, 0xc6, 0xcb, 0xe1, 0xe2, 0xe3, 0xef];

for (let byte = 0; byte < 256; byte += 1) {
  if (byte < space || byte === 0x7f || byte >= 0x80) kinds[byte] = atOnce;
  classes[byte] = byte >= 0x80 ? rowClass.unencoded : byte < space || byte === 0x7f ? rowClass.odd : 0;
}
for (const byte of oddLeads) classes[byte] = rowClass.unencoded | rowClass.odd;
for (const character of "\\'=#{}[]`") {
  kinds[character.charCodeAt(0)] = atOnce;
  classes[character.charCodeAt(0)] = rowClass.odd;
}
kinds[lf] = lineEnd;
kinds[cr] = lineEnd;
kinds[space] = blank;
kinds[ampersand] = atOnce;
classes[ampersand] = rowClass.unencoded;
kinds[plus] = atOnce;
classes[plus] = rowClass.plus;
kinds[quote] = quoteMark;
kinds[percent] = sequence;

/** Letters and digits: a blank between two of these is inside a cell. */
const isWord = new Uint8Array(256);
for (let byte = 0; byte < 256; byte += 1) {
  const isLetter = (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
  isWord[byte] = isLetter || (byte >= 0x30 && byte <= 0x39) || byte >= 0x80 ? 1 : 0;
}

/** Line ends and classes of the bytes from `from` up to `to`; a CR whose LF lies at `to` or after counts as none. */
export function scanRow(bytes: Buffer, from: number, to: number, delimiterByte: number): number {
  let lineEndCount = 0;
  let found = 0;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0;
    const kind = kinds[byte];
    if (kind === plain) continue;
    switch (kind) {
      case lineEnd:
        if (byte === lf || bytes[at + 1] !== lf) lineEndCount += 1;
        break;
      case atOnce:
        found |= byte === delimiterByte ? 0 : (classes[byte] ?? 0);
        break;
      case blank: {
        if (byte === delimiterByte) break;
        const isInside = at > from && isWord[bytes[at - 1] ?? 0] === 1 && isWord[bytes[at + 1] ?? 0] === 1;
        found |= isInside ? rowClass.unencoded : rowClass.unencoded | rowClass.odd;
        break;
      }
      case quoteMark:
        if (!isFraming(bytes, at, from, delimiterByte)) found |= rowClass.odd | rowClass.strayQuote;
        break;
      case sequence:
        found |= isCommonEscape(bytes, at, from) ? rowClass.percent : rowClass.percent | rowClass.odd;
    }
  }
  return (lineEndCount << classBits) | found;
}

/** Whether a quote stands where a cell begins or ends, or beside another quote. */
function isFraming(bytes: Buffer, at: number, from: number, delimiterByte: number): boolean {
  const before = bytes[at - 1];
  const after = bytes[at + 1];
  if (at === from || before === delimiterByte || before === quote || before === lf || before === cr) return true;
  return after === undefined || after === delimiterByte || after === quote || after === lf || after === cr;
}

/** Whether the byte that a `%` stands for is one that nothing has to be asked of. */
function isCommonEscape(bytes: Buffer, at: number, from: number): boolean {
  const high = hexDigit(bytes[at + 1] ?? 0);
  const low = hexDigit(bytes[at + 2] ?? 0);
  if (high < 0 || low < 0) return false;
  const byte = high * 16 + low;
  if (byte === space) {
    return at > from && isWord[bytes[at - 1] ?? 0] === 1 && isWord[bytes[at + 3] ?? 0] === 1;
  }
  if (byte === percent || byte === quote || byte === parenthesis || byte === less) return false;
  return byte > space && ((classes[byte] ?? 0) & rowClass.odd) === 0;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** Windows-1252 has no character for these (WHATWG maps them to controls). */
const unassigned: ReadonlySet<number> = new Set([0x81, 0x8d, 0x8f, 0x90, 0x9d]);

/** Whether bytes that are not UTF-8 look like a European text in Windows-1252: single letters between ASCII. */
export function looksWindows1252(bytes: Buffer, from = 0, to = bytes.length): boolean {
  let run = 0;
  let highCount = 0;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0;
    run = byte >= 0x80 ? run + 1 : 0;
    if (run > 3 || unassigned.has(byte)) return false;
    if (byte >= 0x80) highCount += 1;
  }
  return highCount > 0;
}
