import { FileError, MachineError, systemCode } from '../terms/errors.js';
import { harmless } from '../text/harmless.js';
import type { Container } from './containers.js';

/** The errors of form: what cannot be read on in FILE. The codes are a public interface. */
export const fileCodes = {
  'file-missing': 'the file does not exist',
  'file-unreadable': 'the file cannot be opened',
  'file-not-regular': 'a folder, a device or a pipe in place of a file',
  'file-empty': 'no header line',
  'file-not-text': 'a NUL byte, or another kind of file (Excel, zip, PDF, …)',
  'file-quote-open': 'a quote that never closes',
  'file-record-bytes': 'a record over 1,000,000 bytes',
  'file-record-lines': 'a record over more than 20 lines, with encoded values',
  'file-gzip': 'a gzip that is damaged, ends early, or has something else after it',
  'file-shrank': 'the file has become shorter while it was read',
  'rows-one-cell': 'no row has more than one cell, and the header has two columns or more',
  'delimiter-unclear': 'the delimiter is unclear (--delimiter auto)',
} as const;

export type FileCode = keyof typeof fileCodes;

const onceCorrected =
  'The rows before it are not affected. Correct the file, then run the same command again to resume.';

/** File names come from outside; a path may be long, and its end is what tells files apart. */
function shown(path: string): string {
  return harmless(path, 4_096);
}

export function fileError(path: string, lineNumber: number | null, code: FileCode, text: string, cause?: unknown) {
  const where = lineNumber === null ? shown(path) : `${shown(path)}, line ${lineNumber}`;
  return new FileError(code, `${where}: ${text}`, lineNumber, cause === undefined ? undefined : { cause });
}

export function quoteOpen(path: string, lineNumber: number) {
  const text = `a quote (") opens here that is never closed. Close it, or double it ("") if it is text. ${onceCorrected}`;
  return fileError(path, lineNumber, 'file-quote-open', text);
}

/** `quoteLineNumber`: where the cell that is still open has its quote; `null` where it has none, or all cells closed. */
export function recordTooLong(
  path: string,
  lineNumber: number,
  quoteLineNumber: number | null,
  code: 'file-record-bytes' | 'file-record-lines',
) {
  const limit =
    code === 'file-record-bytes'
      ? 'is over 1,000,000 bytes long'
      : 'is over 20 lines long, and encoded values contain no line breaks';
  const quote = quoteLineNumber === null ? '' : ` (its quote on line ${quoteLineNumber} is not closed)`;
  const todo =
    code === 'file-record-bytes'
      ? 'Look for a stray quote (") or line ends that are missing.'
      : 'Look for a stray quote ("), or give --values raw if these values are not URL-encoded.';
  return fileError(path, lineNumber, code, `the record that begins here ${limit}${quote}. ${todo} ${onceCorrected}`);
}

export function nulByte(path: string, lineNumber: number) {
  const text =
    'expected text, found a NUL byte. Add --encoding utf-16 if the file is UTF-16; else save it as CSV in UTF-8 (not as a spreadsheet).';
  return fileError(path, lineNumber, 'file-not-text', `${text} ${onceCorrected}`);
}

export function notCsv(path: string, { name, advice }: Container) {
  return fileError(path, 1, 'file-not-text', `expected CSV, found ${name} (its first bytes say so). ${advice}`);
}

/** `characterWords`: what stands in the cell of the first such row. */
export function rowsOneCell(path: string, lineNumber: number, characterWords: string, delimiterWords: string) {
  const text = `no row has more than one cell, and the header has two columns or more. Cells are cut at ${delimiterWords}, and the cell on this line holds ${characterWords}: export the file with the same character between the cells in all lines, and no quotes around a whole line.`;
  return fileError(path, lineNumber, 'rows-one-cell', text);
}

export function delimiterUnclear(path: string) {
  const text =
    'cannot find the delimiter: none of comma, semicolon, tab and | splits the header and the first rows in the same way. Give it: --delimiter CHAR.';
  return fileError(path, 1, 'delimiter-unclear', text);
}

export function empty(path: string) {
  return fileError(
    path,
    null,
    'file-empty',
    'expected a header line (batch=<id column>,<attribute>,…), found nothing.',
  );
}

/** What stops the content from being read on, found where no line is known yet. */
export class ContentFault extends Error {
  readonly code: 'file-gzip' | 'file-shrank';

  constructor(code: ContentFault['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }

  /** `reached`: the line up to which the content could be read, where it was read by lines. */
  toFileError(path: string, reached: number | null): FileError {
    return fileError(path, reached, this.code, `${this.message} ${onceCorrected}`, this.cause);
  }
}

/** The error for what failed when FILE was opened or looked at. */
export function openingError(path: string, error: unknown): FileError | MachineError {
  const found = systemCode(error);
  switch (found) {
    case 'ENOENT':
    case 'ENOTDIR':
      return fileError(path, null, 'file-missing', 'the file does not exist. Check the path.', error);
    case 'EACCES':
    case 'EPERM':
    case 'ELOOP':
    case 'ENAMETOOLONG':
    case 'ERR_INVALID_ARG_VALUE': // a NUL in the path
      return fileError(
        path,
        null,
        'file-unreadable',
        `the file cannot be opened (${found}). Check its path and permissions.`,
        error,
      );
    case 'ENXIO': // a socket
    case 'ENODEV':
      return notRegular(path, 'device or socket', error);
    default:
      return readingError(path, error);
  }
}

export function notRegular(path: string, found: string, cause?: unknown) {
  const text = `expected a file, found a ${found}. To send the output of a pipe, give - as FILE.`;
  return fileError(path, null, 'file-not-regular', text, cause);
}

export function readingError(path: string, error: unknown): MachineError {
  const found = systemCode(error) ?? 'unknown error';
  return new MachineError(
    'file-read-failed',
    `${shown(path)}: cannot read the file (${found}). Check the disk, then run the same command again to resume.`,
    { cause: error },
  );
}
