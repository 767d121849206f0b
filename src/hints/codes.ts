/**
 * What is allowed in a file, and may all the same be a mistake: the codes are a public interface (`check --json`, the
 * summary, notices of `send`). Each says what was found and what to do, without a cell's text.
 */
export const hintMeanings = {
  'plus-in-values': 'values with a +, taken for a space: add --plus space, or --plus literal if it is a plus',
  'not-encoded':
    'values with spaces, & or letters beyond ASCII: they look as if they were not URL-encoded: add --values raw',
  'looks-encoded': 'values with sequences like %20: they look URL-encoded already: leave out --values raw',
  'long-values':
    'values over 256 characters, the limit that Adobe documents for parameters in a page, not for this API',
  'id-ecid': 'ids of 38 digits: they look like Experience Cloud ids, which the API does not take',
  'id-email': 'ids that look like e-mail addresses: personal data, where ids are expected',
  'id-scientific': 'ids like 4.9E+11: a spreadsheet has rounded them. Export the ids as text',
  'id-decimal': 'ids like 1001.0: they went through a number. Export the ids as text',
  'id-rounded':
    'ids of 16 digits and more that all end in zeros: a spreadsheet has rounded them. Export the ids as text',
  'id-spreadsheet': `ids like ="001", '001, "1,001", 3-Feb, #NAME? or ####: a spreadsheet's text, not ids. Export the values, not what is shown`,
  'id-zeros':
    'ids of digits that are shorter than those with zeros before them: a number has lost zeros. Export the ids as text',
  'id-space': 'ids with blanks or invisible characters at their ends or in them: add --trim for those at the ends',
  'id-quoted': 'ids in quotes that are a part of the id: write " alone, directly before and after a cell',
  'id-null': 'ids that are a word for nothing (NULL, \\N, nan): all their rows end in one visitor; add --null WORD',
  'padded-values': 'values with blanks or invisible characters at their ends: add --trim',
  'spreadsheet-values': `values like ="001" or ####: a spreadsheet's text, not values. Export the values, not what is shown`,
  'null-values':
    'values that are a word for nothing (NULL, \\N, nan, #REF!): they overwrite real values; add --null WORD',
  'stray-quotes': `values with quotes around them that are a part of the value: write " alone, directly before and after a cell`,
  'backslash-escapes': `cells with a backslash before a quote, or at their end: CSV has no backslash escapes, cells may be cut elsewhere than meant. Export with quotes doubled ("")`,
  'backslash-sequences':
    'cells with \\t, \\n or \\\\ in a file cut at tabs: MySQL and PostgreSQL write tabs and line ends so, and they are sent as they are. Export as CSV',
  'json-cells': 'cells that begin JSON and do not end it: unquoted JSON was cut at its commas. Quote each such cell',
  'double-encoded': 'values with sequences like %2520: they look URL-encoded twice',
  'lost-characters': 'text that was read in a wrong encoding before (Ã¶ for ö, or the mark of a lost character)',
  'windows-1252': 'rows that are not UTF-8 and look like Windows-1252: add --encoding windows-1252',
  'two-id-columns':
    'a second column of ids, sent as an attribute: add --skip and its name, or name the right one with --id-column',
  'upper-case-names':
    'all names of columns are in upper case, as Oracle and Snowflake write them: CITY and city are two attributes in Target. Add --rename CITY=city for each that has another case there',
  'odd-first-row': 'the first row looks like a line of types or dashes, not like a visitor',
  'odd-row': 'rows that look like a total, a count of rows or a line of dashes, not like visitors',
  'odd-last-row': 'the last row looks like a total, a trailer or a count of rows, not like a visitor',
  'last-line-open': 'the last line has no end, and all others have one: was the file cut while it was copied?',
  'no-rows': 'no row follows the header',
  'nothing-to-send': 'no row has a value to send',
} as const;

/** What a hint speaks of; `hintMeanings` has each in words. */
export type HintCode = keyof typeof hintMeanings;

export const hintCodes: readonly HintCode[] = codesOf(hintMeanings);

function codesOf<Code extends string>(meanings: Readonly<Record<Code, string>>): Code[] {
  // The keys of a literal, which no type of Object.keys can say.
  return Object.keys(meanings) as Code[];
}

/** A public interface, so in its own names. */
export interface Hint {
  /** Stable; `hintMeanings` has it in words. */
  readonly code: HintCode;
  /** Rows; for what is said of the file as a whole, 1. */
  readonly count: number;
  /** The line where it was first found, from 1. */
  readonly example_line: number;
}

/** Those that one row can show, each a bit of its marks. */
export const rowHintCodes = [
  'plus-in-values',
  'not-encoded',
  'looks-encoded',
  'long-values',
  'id-ecid',
  'id-email',
  'id-scientific',
  'id-decimal',
  'id-spreadsheet',
  'id-space',
  'id-quoted',
  'id-null',
  'padded-values',
  'null-values',
  'spreadsheet-values',
  'stray-quotes',
  'backslash-escapes',
  'backslash-sequences',
  'json-cells',
  'double-encoded',
  'lost-characters',
  'windows-1252',
  'odd-row',
  'last-line-open',
] as const satisfies readonly HintCode[];

export type RowHintCode = (typeof rowHintCodes)[number];

/** Each code's bit in a row's marks. */
export const markOf: Readonly<Record<RowHintCode, number>> = bits(rowHintCodes);

function bits<Code extends string>(codes: readonly Code[]): Readonly<Record<Code, number>> {
  const entries = codes.map((code, at): [string, number] => [code, 2 ** at]);
  // One entry for each code, which no type can follow through a list of entries.
  return Object.fromEntries(entries) as Record<Code, number>;
}

/** Not a hint: a value with a sequence like %20, which speaks for --values encoded. */
export const encodedEvidence = 2 ** rowHintCodes.length;

/** Words that exports write for nothing. */
export const nullWords = [
  'NULL',
  'null',
  'Null',
  '\\N',
  'nan',
  'NaN',
  'NAN',
  'None',
  '#N/A',
  'N/A',
  '(null)',
  '<null>',
  '[NULL]',
  'undefined',
  '#REF!',
  '#DIV/0!',
  '#VALUE!',
  '#NAME?',
  '#NUM!',
  '#NULL!',
] as const;
