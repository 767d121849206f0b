import type { ErrorCode } from '../terms/codes.js';
import { FileError, type NamedOption, UsageError } from '../terms/errors.js';
import { quoted } from '../text/harmless.js';
import { formDecode, formEncode, type Plus } from './characters/encode.js';
import { looksLikeName, shownColumn, shownColumns } from './characters/shown-names.js';

export type IdType = 'pcId' | 'thirdPartyId';

/** The file's first line, as batch/ hands it over: `batch=` and a byte order mark are off already. */
export interface Header {
  readonly cells: readonly string[];
  readonly lineNumber: number;
  readonly isUtf8: boolean;
  readonly looksWindows1252?: boolean;
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
  /** Names of the only attributes that are sent; `null`: all. These three name columns as the header does. */
  readonly only: readonly string[] | null;
  /** Names of columns that are not sent. */
  readonly skip: readonly string[] | null;
  /** `OLD=NEW`: the column OLD is sent as NEW. */
  readonly rename: readonly string[] | null;
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
  /** Cells beyond have no name. */
  readonly cellCount: number;
  /** The header as it stands in the file, `batch=` taken off: a row may repeat it. */
  readonly headerCells: readonly string[];
}

/** The id columns of bulk files, and the request's own names for them (Adobe's documentation). */
const knownIdNames: ReadonlyMap<string, IdType> = new Map([
  ['pcId', 'pcId'],
  ['mboxPC', 'pcId'],
  ['thirdPartyId', 'thirdPartyId'],
  ['mbox3rdPartyId', 'thirdPartyId'],
]);

/** Whether a column of this name holds ids. */
export function isIdName(name: string): boolean {
  return knownIdNames.has(name);
}

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
 * Reads the header's names. Throws FileError (`header-…`, `column-…`) at a header that names no sendable columns or not
 * those that the options name, and UsageError where `--id-column` and `--id-type` do not say, or contradict, what the
 * ids are.
 */
export function readColumns(header: Header, options: ColumnOptions): Columns {
  const fail: Fail = (code, message, ...addOptions) =>
    new FileError(code, `${message} (the header, line ${header.lineNumber})`, header.lineNumber, { addOptions });

  if (!header.isUtf8) {
    throw fail(
      'header-not-utf8',
      `The names of the columns hold bytes that are not UTF-8${header.looksWindows1252 === true ? ', and look like Windows-1252: add --encoding windows-1252' : ': save the file as UTF-8, or name its encoding with --encoding'}.`,
      ...(header.looksWindows1252 === true ? [{ name: 'encoding', value: 'windows-1252' }] : []),
    );
  }
  const cut = cutAtAnother(header.cells, options.delimiter);
  if (cut !== null) {
    throw fail(
      'header-delimiter',
      `The names of the columns look separated by ${cut.words}, and the file was cut at ${otherDelimiters.get(options.delimiter) ?? quoted(options.delimiter)}: ` +
        `add --delimiter ${cut.typed}.`,
      { name: 'delimiter', value: cut.value },
    );
  }

  const found = new HeaderNames(namedCells(header.cells), options, fail);
  const { fullNames, names } = found;
  const idIndex = options.idColumn === null ? 0 : found.idIndexOf(options.idColumn);
  const sent = found.sentIndexes(idIndex);
  const sentNames = found.renamed(sent);
  checkNames(sentNames, fail);
  const idName = sentNames.get(idIndex) ?? names[idIndex] ?? '';
  const idType = idTypeOf(idName, idIndex, options, fail);
  const attributes = [...sentNames]
    .filter(([index]) => index !== idIndex)
    .map(([index, name]) => ({ index, name, formKey: `profile.${formEncode(name)}=` }));
  return { idIndex, idType, attributes, cellCount: fullNames.length, headerCells: header.cells };
}

/** Without the unnamed cells at the end, which a delimiter at the end of each line makes: where a row fills one, the row has an extra cell. */
function namedCells(cells: readonly string[]): readonly string[] {
  let count = cells.length;
  while (count > 1 && cells[count - 1]?.trim() === '') count -= 1;
  return cells.slice(0, count);
}

function withoutPrefix(name: string): string {
  return name.startsWith('profile.') ? name.slice('profile.'.length) : name;
}

/** The header's names, and what options make of them. */
class HeaderNames {
  /** Decoded. */
  readonly fullNames: readonly string[];
  /** Without `profile.`. */
  readonly names: readonly string[];
  readonly #options: ColumnOptions;
  readonly #fail: Fail;

  constructor(cells: readonly string[], options: ColumnOptions, fail: Fail) {
    this.#options = options;
    this.#fail = fail;
    this.fullNames = cells.map((cell, index) => {
      const name = decodeName(cell, options);
      if (name !== null) return name;
      throw fail(
        'header-percent',
        `The name of column ${index + 1} holds a broken % sequence: encode it as UTF-8, or add --values raw if the file is not URL-encoded.`,
      );
    });
    this.names = this.fullNames.map(withoutPrefix);
  }

  idIndexOf(idColumn: string): number {
    const [index] = this.#indexesOf(idColumn.trim());
    if (index !== undefined) return index;
    throw this.#fail(
      'header-id-column-missing',
      `--id-column names ${quoted(idColumn.trim())}, and no column has that name (names are case-sensitive): ${this.#choices()}`,
    );
  }

  /** The columns that are sent, in the file's order; the id column is always one. */
  sentIndexes(idIndex: number): ReadonlySet<number> {
    const { only, skip } = this.#options;
    const wanted = only === null ? null : new Set(only.flatMap((name) => this.#known('--only', name)));
    const left = new Set((skip ?? []).flatMap((name) => this.#known('--skip', name)));
    if (left.has(idIndex)) throw this.#clash('--skip names the id column, and each row needs an id');
    const both = [...(wanted ?? [])].find((index) => left.has(index));
    if (both !== undefined) {
      throw this.#clash(`--only and --skip both name ${shownColumn(this.names[both] ?? '', both)}`);
    }
    const indexes = this.names.keys();
    return new Set(
      [...indexes].filter((index) => index === idIndex || (!left.has(index) && (wanted?.has(index) ?? true))),
    );
  }

  /** The names under which columns are sent, by index. */
  renamed(sent: ReadonlySet<number>): ReadonlyMap<number, string> {
    const sentNames = new Map([...sent].map((index) => [index, this.names[index] ?? '']));
    const newNames = new Map<string, number>();
    for (const pair of this.#options.rename ?? []) {
      const [old = '', given = ''] = splitRename(pair);
      const name = withoutPrefix(given);
      for (const index of this.#known('--rename', old)) {
        if (!sent.has(index)) throw this.#clash(`--rename names ${quoted(old)}, which is not sent`);
        sentNames.set(index, name);
        if (newNames.has(name)) throw this.#clash(`two columns are renamed to ${quoted(name)}`);
        newNames.set(name, index);
      }
    }
    for (const [name, index] of newNames) {
      const other = [...sentNames].find(([one, otherName]) => one !== index && otherName === name);
      if (other !== undefined) throw this.#clash(`--rename names ${quoted(name)}, and a column has that name already`);
    }
    return sentNames;
  }

  /** @throws FileError `column-unknown` */
  #known(option: string, name: string): readonly number[] {
    const indexes = this.#indexesOf(name.trim());
    if (indexes.length > 0) return indexes;
    throw this.#fail(
      'column-unknown',
      `${option} names ${quoted(name.trim())}, and no column has that name (names are case-sensitive): ${this.#choices()}`,
    );
  }

  #indexesOf(name: string): readonly number[] {
    const indexes = [...this.names.keys()];
    const own = indexes.filter((index) => this.names[index] === name);
    return own.length > 0 ? own : indexes.filter((index) => this.fullNames[index] === name);
  }

  #choices(): string {
    return shownColumns(this.names, 10);
  }

  #clash(message: string): FileError {
    return this.#fail('column-clash', `${message}. Change one of them.`);
  }
}

/** `OLD=NEW`; the first `=` counts. */
function splitRename(pair: string): readonly string[] {
  const at = pair.indexOf('=');
  return [pair.slice(0, at), pair.slice(at + 1)].map((name) => name.trim());
}

type Fail = (code: ErrorCode, message: string, ...addOptions: readonly NamedOption[]) => FileError;

interface OtherCut {
  /** What seems to stand between the names, in words. */
  readonly words: string;
  /** The same as a word for a shell. */
  readonly typed: string;
  readonly value: string;
}

/** `null` where nothing speaks against the file's cut. */
function cutAtAnother(cells: readonly string[], delimiter: string): OtherCut | null {
  const first = cells[0] ?? '';
  for (const [character, words] of otherDelimiters) {
    if (character === delimiter || !first.includes(character)) continue;
    const isWhole = cells.length === 1;
    const beginsWithId = knownIdNames.has(first.slice(0, first.indexOf(character)).trim());
    if (isWhole || beginsWithId) {
      const isTab = character === '\t';
      return { words, typed: isTab ? 'tab' : `'${character}'`, value: isTab ? 'tab' : character };
    }
  }
  return null;
}

function decodeName(cell: string, options: ColumnOptions): string | null {
  const trimmed = cell.trim();
  return options.values === 'raw' ? trimmed : formDecode(trimmed, options.plus ?? 'space');
}

function checkNames(names: ReadonlyMap<number, string>, fail: Fail): void {
  const columnNumbers = new Map<string, number>();
  for (const [index, name] of names) {
    const columnNumber = index + 1;
    if (name.trim() === '') {
      throw fail(
        'header-name-empty',
        `Each column needs a name, and column ${columnNumber} has none. Give it one, or export without it (pandas: index=False).`,
      );
    }
    const earlier = columnNumbers.get(name);
    if (earlier !== undefined) {
      throw fail(
        'header-name-twice',
        `Each name can stand once, and columns ${earlier} and ${columnNumber} have the same name${looksLikeName(name) ? `, "${name}". Rename one of them in the export, or send neither: --skip ${name}` : '. Does this file have a header?'}.`,
      );
    }
    if (ecidNames.has(name.replace(/[\s._-]/g, '').toLowerCase())) {
      throw fail(
        'header-ecid',
        `Target's profile update does not take Experience Cloud ids, and column ${columnNumber} is named ${quoted(name)}: ` +
          `add --skip '${name}', and name visitors by ${idNamesText}.`,
        { name: 'skip', value: name },
      );
    }
    columnNumbers.set(name, columnNumber);
  }
}

function idTypeOf(name: string, index: number, options: ColumnOptions, fail: Fail): IdType {
  const known = knownIdNames.get(name);
  if (known !== undefined) {
    if (options.idType === null || options.idType === known) return known;
    throw new UsageError(
      'id-type-contradicts',
      `The id column is named ${name}, which means ${known}, and --id-type says ${options.idType}: leave out --id-type, or rename the column.`,
    );
  }
  if (options.idColumn === null)
    throw fail('header-id-column', noIdName(name), ...nearestName(name), ...likelyId(name));
  if (options.idType !== null) return options.idType;
  throw new UsageError(
    'id-type-needed',
    `--id-column names ${shownColumn(name, index)}, which does not say what its ids are: add --id-type pcId or --id-type thirdPartyId.`,
  );
}

/** The option that makes an id column of a name written in another case. */
function nearestName(name: string): NamedOption[] {
  const nearest = [...knownIdNames.keys()].find((knownName) => knownName.toLowerCase() === name.toLowerCase());
  return nearest === undefined ? [] : [{ name: 'rename', value: `${name}=${nearest}` }];
}

/** A name as ids have: customer_id, CustomerNo. A first row without a header has digits as a rule. */
const idLike =
  /(?:^|[_.-])(?:id|no|nr|num|number|key|code|uuid|guid|ID|NO|NR|NUM|NUMBER|KEY|CODE|UUID|GUID)$|[a-z](?:Id|ID|No|Nr|Num|Number|Key|Code|Uuid)$/;

/** The options that take the first column for the ids, where its name speaks for it. */
function likelyId(name: string): NamedOption[] {
  if (nearestName(name).length > 0 || !looksLikeName(name) || /\d/.test(name) || !idLike.test(name)) return [];
  return [
    { name: 'id-column', value: name },
    { name: 'id-type', value: 'thirdPartyId' },
  ];
}

const framing = /^['`\u2018-\u201f](.*)['`\u2018-\u201f]$/u;

function noIdName(name: string): string {
  const expected = `The first column must be the visitor's id, named ${idNamesText}, and it`;
  const framed = framing.exec(name)?.[1]?.trim() ?? '';
  if (isIdName(framed)) {
    return `${expected} is ${framed} between other quotes: CSV has the quote " alone. Export with ", or without quotes.`;
  }
  if (!looksLikeName(name)) {
    return (
      `${expected} has another name, which is not shown because it may be a person's data. Does this file have a header? ` +
      "If it does, add --id-column 'NAME' --id-type thirdPartyId (or pcId). If not, put a header before the rows: thirdPartyId,NAME,NAME."
    );
  }
  const [nearest] = nearestName(name);
  const advice =
    nearest === undefined
      ? `add --id-column ${name} --id-type thirdPartyId (or pcId) if it holds the ids; or name the column that does.`
      : `names are case-sensitive, add --rename ${nearest.value}.`;
  return `${expected} is named "${name}": ${advice}`;
}
