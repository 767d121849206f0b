/** How FILE's bytes stand for text. All else works on UTF-8: other encodings are transcoded on the way, and back for the rejects. */
export const encodings = ['utf-8', 'windows-1252', 'iso-8859-1', 'utf-16'] as const;

/** `utf-16`: little or big endian, as its byte order mark says. */
export type Encoding = (typeof encodings)[number];

/** The same with the order of bytes that was found. */
export const foundEncodings = ['utf-8', 'windows-1252', 'iso-8859-1', 'utf-16le', 'utf-16be'] as const;

export type FoundEncoding = (typeof foundEncodings)[number];

/**
 * What the content is encoded in: a byte order mark says it (it is not a letter in any file), else what was asked for.
 * UTF-16 without a mark: the high byte of the first character, which is ASCII in a header, is 0.
 */
export function encodingOf(head: Uint8Array, asked: Encoding): FoundEncoding {
  const [first, second, third] = head;
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8';
  if (asked !== 'utf-16') return asked;
  return first === 0 && second !== 0 ? 'utf-16be' : 'utf-16le';
}

/** What Windows-1252 has from 0x80 on, where ISO-8859-1 has controls (WHATWG Encoding, index windows-1252; 0: the control). */
const windows1252 = [
  0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0, 0,
  0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178,
];
const fromControl = new Map(
  windows1252.map((code, at) => [String.fromCharCode(0x80 + at), String.fromCharCode(code === 0 ? 0x80 + at : code)]),
);
const toControl = new Map([...fromControl].map(([control, character]) => [character, control]));
const everyControl = /[\u0080-\u009f]/g;
const everyCharacter = new RegExp(`[${[...toControl.keys()].join('')}]`, 'g');

/** The content as UTF-8. What is not well-formed UTF-16 becomes bytes that are not UTF-8, which `toEncoding` turns back. */
export async function* transcoded(
  chunks: AsyncIterable<Buffer>,
  encoding: Exclude<FoundEncoding, 'utf-8'>,
): AsyncGenerator<Buffer, void, void> {
  if (encoding === 'iso-8859-1') {
    for await (const chunk of chunks) yield Buffer.from(chunk.toString('latin1'));
    return;
  }
  if (encoding === 'windows-1252') {
    for await (const chunk of chunks) yield Buffer.from(replaced(chunk.toString('latin1'), everyControl, fromControl));
    return;
  }
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([held, chunk]); // a copy: its bytes may be swapped
    const wholeBytes = bytes.length - (bytes.length % 2);
    const units = inLittleEndian(bytes.subarray(0, wholeBytes), encoding);
    const last = units.length === 0 ? 0 : units.readUInt16LE(units.length - 2);
    // The second half of a pair may be on the way.
    const isHalf = last >= 0xd800 && last <= 0xdbff;
    const end = isHalf ? wholeBytes - 2 : wholeBytes;
    held = Buffer.concat([inLittleEndian(Buffer.from(units.subarray(end)), encoding), bytes.subarray(wholeBytes)]);
    if (end > 0) yield fromUnits(units.subarray(0, end));
  }
  if (held.length >= 2) yield fromUnits(inLittleEndian(Buffer.from(held.subarray(0, 2)), encoding));
  const [odd] = held.subarray(held.length - (held.length % 2));
  if (odd !== undefined) yield Buffer.from([oddMark, 0xc0 | (odd >> 6), 0x80 | (odd & 0x3f)]);
}

/** UTF-8 (and what `transcoded` made of malformed content) in FILE's own encoding: the very bytes that it was made of. */
export function toEncoding(bytes: Buffer, encoding: FoundEncoding): Buffer {
  switch (encoding) {
    case 'utf-8':
      return bytes;
    case 'iso-8859-1':
      return Buffer.from(bytes.toString(), 'latin1');
    case 'windows-1252':
      return Buffer.from(replaced(bytes.toString(), everyCharacter, toControl), 'latin1');
    default:
      return toUnits(bytes, encoding);
  }
}

function replaced(text: string, every: RegExp, by: ReadonlyMap<string, string>): string {
  return text.replace(every, (character) => by.get(character) ?? character);
}

/** In place; the same buffer for little endian. */
function inLittleEndian(bytes: Buffer, encoding: 'utf-16le' | 'utf-16be'): Buffer {
  return encoding === 'utf-16be' ? bytes.swap16() : bytes;
}

/** Stands before the last byte of a content with an odd number of them. No UTF-8 has it. */
const oddMark = 0xff;

const loneSurrogate = /\p{Surrogate}/u;

/** A surrogate without its other half, in three bytes as UTF-8 would have it and does not allow it. */
function fromUnits(units: Buffer): Buffer {
  const text = units.toString('utf16le');
  if (!loneSurrogate.test(text)) return Buffer.from(text);
  const parts = text.match(/[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]|[^\ud800-\udfff]+/g) ?? [];
  return Buffer.concat(
    parts.map((part) => {
      if (!loneSurrogate.test(part)) return Buffer.from(part);
      const unit = part.charCodeAt(0);
      return Buffer.from([0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)]);
    }),
  );
}

function toUnits(bytes: Buffer, encoding: 'utf-16le' | 'utf-16be'): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  const flush = (to: number) => {
    if (to > from) parts.push(inLittleEndian(Buffer.from(bytes.toString('utf8', from, to), 'utf16le'), encoding));
  };
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte !== 0xed && byte !== oddMark) continue;
    const second = bytes[at + 1] ?? 0;
    const third = bytes[at + 2] ?? 0;
    const isSurrogate = byte === 0xed && second >= 0xa0;
    if (!isSurrogate && byte !== oddMark) continue;
    flush(at);
    if (isSurrogate) {
      const unit = Buffer.alloc(2);
      unit.writeUInt16LE(((byte & 0xf) << 12) | ((second & 0x3f) << 6) | (third & 0x3f));
      parts.push(inLittleEndian(unit, encoding));
    } else {
      parts.push(Buffer.from([((second & 3) << 6) | (third & 0x3f)]));
    }
    from = at + 3;
    at += 2;
  }
  flush(bytes.length);
  return Buffer.concat(parts);
}
