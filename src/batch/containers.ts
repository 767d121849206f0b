/** What a file is that is not a CSV, by its first bytes, and what to do with it. */
export interface Container {
  /** `an Excel workbook` */
  readonly name: string;
  readonly advice: string;
}

interface Signature extends Container {
  /** Latin-1: each character is a byte. */
  readonly starts: readonly string[];
  /** Among the first bytes too. */
  readonly holds?: RegExp;
}

const workbook = 'Open it and save the sheet as "CSV UTF-8".';

/** The first that fits counts. The signatures are those of the formats' own specifications. */
const signatures: readonly Signature[] = [
  { name: 'an Excel workbook', advice: workbook, starts: ['PK\x03\x04'], holds: /\[Content_Types\]\.xml|xl\// },
  {
    name: 'an OpenDocument spreadsheet',
    advice: workbook,
    starts: ['PK\x03\x04'],
    holds: /opendocument\.spreadsheet/,
  },
  {
    name: 'a zip archive',
    advice: 'Unpack it: unzip -p FILE > rows.csv (or pipe that to profile-drip, with - as FILE).',
    starts: ['PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08'],
  },
  { name: 'an old Excel workbook', advice: workbook, starts: ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'] },
  {
    name: 'a zstd archive',
    advice: 'Unpack it: zstd -dc FILE > rows.csv (or pipe that to profile-drip, with - as FILE).',
    starts: ['\x28\xb5\x2f\xfd'],
  },
  {
    name: 'an xz archive',
    advice: 'Unpack it: xz -dc FILE > rows.csv (or pipe that to profile-drip, with - as FILE).',
    starts: ['\xfd7zXZ\x00'],
  },
  {
    name: 'a bzip2 archive',
    advice: 'Unpack it: bzip2 -dc FILE > rows.csv (or pipe that to profile-drip, with - as FILE).',
    starts: ['BZh'],
    holds: /^BZh[1-9]1AY&SY/,
  },
  { name: 'a 7-Zip archive', advice: 'Unpack it: 7z x -so FILE > rows.csv.', starts: ['7z\xbc\xaf\x27\x1c'] },
  {
    name: 'a gzip inside a gzip',
    advice: 'Unpack it once: gunzip -c FILE > rows.csv.gz.',
    starts: ['\x1f\x8b'],
  },
  { name: 'a PDF', advice: 'Export the rows as CSV in UTF-8.', starts: ['%PDF-'] },
  { name: 'a Parquet file', advice: 'Export the rows as CSV in UTF-8.', starts: ['PAR1'] },
  {
    name: 'a web page',
    advice: 'The download may be an error page or a login page: download the file again.',
    starts: ['<!DOCTYPE', '<!doctype', '<html', '<HTML'],
  },
  { name: 'an XML document', advice: 'Export the rows as CSV in UTF-8.', starts: ['<?xml'] },
  {
    name: 'JSON',
    advice: 'Export the rows as CSV in UTF-8: a header line, then one visitor a line.',
    starts: ['{', '['],
    holds: /^(?:\{\s*(?:"[^"]*"\s*:|\})|\[\s*[[{\]])/,
  },
];

/** How much of a content `containerOf` wants to see. */
export const signatureBytes = 1_024;

/** `null`: nothing that is known not to be CSV. `head`: the first bytes of the content, as many as there are. */
export function containerOf(head: Buffer): Container | null {
  const text = head.toString('latin1').replace(/^\xef\xbb\xbf/, '');
  const found = signatures.find(
    ({ starts, holds }) => starts.some((start) => text.startsWith(start)) && (holds === undefined || holds.test(text)),
  );
  return found === undefined ? null : { name: found.name, advice: found.advice };
}
