import { FileError, UsageError } from '../terms/errors.js';
import { quoted } from '../text/harmless.js';
import { formDecode, formEncode, type Plus } from './encode.js';

export type IdType = 'pcId' | 'thirdPartyId';

/** The file's first line, as batch/ hands it over: `batch=` and a byte order mark are off already. */
export interface Header {
  readonly cells: readonly string[];
  readonly lineNumber: number;
  readonly isUtf8: boolean;
}

export interface ColumnOptions {
  /** `raw` decodes nothing, names included. */
  readonly values: 'encoded' | 'raw';
  /** `null` reads `+` in a name as in a value: a space. */
  readonly plus: Plus | null;
  /** The character at which the file was cut, for messages. */
  readonly delimiter: string;
  /** The id column's name, decoded; `null`: the first column. */
  readonly idColumn: string | null;
  /** Needed where the id column's name does not say it. */
  readonly idType: IdType | null;
}

export interface Attribute {
  /** Index of its cell. */
  readonly index: number;
  /** Decoded, without `profile.`. */
  readonly name: string;
  /** `profile.<encoded name>=` */
  readonly formKey: string;
}

/** What each cell of a row is. */
export interface Columns {
  readonly idIndex: number;
  readonly idType: IdType;
  /** In the file's order. */
  readonly attributes: readonly Attribute[];
  readonly cellCount: number;
}

/** The id columns of bulk files, and the request's own names for them (Adobe's documentation). */
const knownIdNames: ReadonlyMap<string, IdType> = new Map([
  ['pcId', 'pcId'],
  ['mboxPC', 'pcId'],
  ['thirdPartyId', 'thirdPartyId'],
  ['mbox3rdPartyId', 'thirdPartyId'],
]);

/**
 * Names under which exports carry Experience Cloud ids, lower-case and without separators. Target's profile update
 * does not support them (Adobe's documentation). `mid` is not here: it is a plausible name of an attribute too.
 */
const ecidNames: ReadonlySet<string> = new Set([
  'ecid',
  'mcid',
  'mboxmcgvid',
  'marketingcloudid',
  'marketingcloudvisitorid',
  'experiencecloudid',
  'experiencecloudvisitorid',
]);

/** Characters that other exports put between cells. */
const otherDelimiters: ReadonlyMap<string, string> = new Map([
  [',', 'a comma'],
  [';', 'a semicolon'],
  ['\t', 'a tab'],
  ['|', 'a vertical bar'],
]);

const idNamesText = 'pcId or thirdPartyId (mboxPC and mbox3rdPartyId are taken as the same)';

/**
 * Reads the header's names. Throws FileError (`header-…`) at a header that names no sendable columns, and UsageError
 * where `--id-column` and `--id-type` do not say, or contradict, what the ids are.
 */
export function readColumns(header: Header, options: ColumnOptions): Columns {
  const fail = (code: string, message: string) =>
    new FileError(code, `${message} (the header, line ${header.lineNumber})`, header.lineNumber);

  if (!header.isUtf8) {
    throw fail('header-not-utf8', 'The names of the columns hold bytes that are not UTF-8: save the file as UTF-8.');
  }
  const cut = cutAtAnother(header.cells, options.delimiter);
  if (cut !== null) {
    throw fail(
      'header-delimiter',
      `The names of the columns look separated by ${cut}, and the file was cut at ${otherDelimiters.get(options.delimiter) ?? quoted(options.delimiter)}: ` +
        `say with --delimiter what is between the cells.`,
    );
  }

  const fullNames = header.cells.map((cell, index) => {
    const name = decodeName(cell, options);
    if (name !== null) return name;
    throw fail(
      'header-percent',
      `The name of column ${index + 1}, ${quoted(cell)}, holds a broken % sequence: encode it as UTF-8, or say --values raw if the file is not URL-encoded.`,
    );
  });
  const names = fullNames.map((name) => (name.startsWith('profile.') ? name.slice('profile.'.length) : name));
  checkNames(names, fail);

  const idIndex = options.idColumn === null ? 0 : idIndexOf(options.idColumn, fullNames, names, fail);
  const idType = idTypeOf(names[idIndex] ?? '', options, fail);
  const attributes = names
    .map((name, index) => ({ index, name, formKey: `profile.${formEncode(name)}=` }))
    .filter(({ index }) => index !== idIndex);
  return { idIndex, idType, attributes, cellCount: names.length };
}

type Fail = (code: string, message: string) => FileError;

/** What seems to stand between the names, in words; `null` where nothing speaks against the file's cut. */
function cutAtAnother(cells: readonly string[], delimiter: string): string | null {
  const first = cells[0] ?? '';
  for (const [character, words] of otherDelimiters) {
    if (character === delimiter || !first.includes(character)) continue;
    const isWhole = cells.length === 1;
    const beginsWithId = knownIdNames.has(first.slice(0, first.indexOf(character)).trim());
    if (isWhole || beginsWithId) return words;
  }
  return null;
}

function decodeName(cell: string, options: ColumnOptions): string | null {
  const trimmed = cell.trim();
  return options.values === 'raw' ? trimmed : formDecode(trimmed, options.plus ?? 'space');
}

function checkNames(names: readonly string[], fail: Fail): void {
  const columnNumbers = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    const columnNumber = index + 1;
    if (name.trim() === '') {
      throw fail('header-name-empty', `Each column needs a name, and column ${columnNumber} has none.`);
    }
    const earlier = columnNumbers.get(name);
    if (earlier !== undefined) {
      throw fail(
        'header-name-twice',
        `Each name can stand once, and columns ${earlier} and ${columnNumber} are both named ${quoted(name)}.`,
      );
    }
    if (ecidNames.has(name.replace(/[\s._-]/g, '').toLowerCase())) {
      throw fail(
        'header-ecid',
        `Target's profile update does not take Experience Cloud ids, and column ${columnNumber} is named ${quoted(name)}: ` +
          `leave it out, and name visitors by ${idNamesText}.`,
      );
    }
    columnNumbers.set(name, columnNumber);
  }
}

function idIndexOf(idColumn: string, fullNames: readonly string[], names: readonly string[], fail: Fail): number {
  const wanted = idColumn.trim();
  const index = names.indexOf(wanted);
  const found = index >= 0 ? index : fullNames.indexOf(wanted);
  if (found >= 0) return found;
  const shown = names.slice(0, 10).map(quoted).join(', ');
  throw fail(
    'header-id-column-missing',
    `--id-column names ${quoted(wanted)}, and no column is named so: the names are ${shown}${names.length > 10 ? ', …' : ''}. Names are case-sensitive.`,
  );
}

function idTypeOf(name: string, options: ColumnOptions, fail: Fail): IdType {
  const known = knownIdNames.get(name);
  if (known !== undefined) {
    if (options.idType === null || options.idType === known) return known;
    throw new UsageError(
      'id-type-contradicts',
      `The id column is named ${name}, which means ${known}, and --id-type says ${options.idType}: leave out --id-type, or rename the column.`,
    );
  }
  if (options.idColumn === null) {
    const nearest = [...knownIdNames.keys()].find((knownName) => knownName.toLowerCase() === name.toLowerCase());
    throw fail(
      'header-id-column',
      `The first column must be the visitor's id, named ${idNamesText}, and it is named ${quoted(name)}: ` +
        (nearest === undefined
          ? 'rename it, or say with --id-column and --id-type which column holds the ids and of which type they are.'
          : `names are case-sensitive, write ${nearest}.`),
    );
  }
  if (options.idType !== null) return options.idType;
  throw new UsageError(
    'id-type-needed',
    `--id-column names ${quoted(name)}, which does not say what its ids are: add --id-type pcId or --id-type thirdPartyId.`,
  );
}
