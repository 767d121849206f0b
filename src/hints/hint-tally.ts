import type { Columns } from '../target-api/columns.js';
import { isIdName } from '../target-api/columns.js';
import { encodedEvidence, type Hint, type HintCode, markOf, nullWords, rowHintCodes } from './codes.js';

/** A row's place and what the marker found in it. */
export interface MarkedRow {
  readonly rowNumber: number;
  readonly lineNumber: number;
  readonly marks: number;
  readonly details: number;
}

/** What is known of rows that were read before, so that another run can carry it on. */
export interface HintState {
  readonly hints: readonly Hint[];
  readonly idLengths: readonly { readonly shape: number; readonly count: number; readonly line: number }[];
}

export const noHints: HintState = { hints: [], idLengths: [] };

interface Found {
  count: number;
  readonly line: number;
}

/** Lengths from there on are those with zeros before them, and of rounded ids (cells.ts). */
const zeroShape = 32;
const roundedShape = 64;
const shapeCount = 80;
/** Ids of 16 digits that end in a zero are one in ten: three in a row are one in a thousand. */
const roundedCountMin = 3;
const wordsMask = 2 ** nullWords.length - 1;

/** What speaks for options that the file needs, beside the hints themselves. */
export interface HintEvidence {
  /** Words for nothing that were found, the most telling first. */
  readonly nullWords: readonly string[];
  readonly hasEncodedValues: boolean;
}

/**
 * Counts hints row by row; `earlier` are those of rows that another run has read. What is said of the last row is known
 * when all are read: until then a total in it counts as an odd row like others.
 */
export class HintTally {
  readonly #columns: Columns;
  readonly #headerLine: number;
  readonly #found = new Map<HintCode, Found>();
  readonly #digits = Array.from({ length: shapeCount }, (): Found | null => null);
  #words = 0;
  #hasEncoded = false;
  #last: MarkedRow | null = null;

  constructor(columns: Columns, headerLine: number, earlier: HintState = noHints) {
    this.#columns = columns;
    this.#headerLine = headerLine;
    for (const { code, count, example_line: line } of earlier.hints) this.#found.set(code, { count, line });
    for (const { shape, count, line } of earlier.idLengths) {
      if (shape < shapeCount) this.#digits[shape] = { count, line };
    }
  }

  /** Called for each row, in the file's order; answers with the codes that no earlier row has shown. */
  take(row: MarkedRow): readonly HintCode[] {
    this.#last = row;
    const shape = row.details >>> nullWords.length;
    if (shape !== 0) {
      const known = this.#digits[shape];
      if (known == null) this.#digits[shape] = { count: 1, line: row.lineNumber };
      else known.count += 1;
    }
    if (row.marks === 0) return none;
    if ((row.marks & encodedEvidence) !== 0) this.#hasEncoded = true;
    return row.marks === encodedEvidence ? none : this.#takeMarks(row);
  }

  #takeMarks({ marks, details, rowNumber, lineNumber }: MarkedRow): readonly HintCode[] {
    this.#words |= details & wordsMask;
    const fresh: HintCode[] = [];
    for (const code of rowHintCodes) {
      if ((marks & markOf[code]) === 0 || code === 'last-line-open') continue;
      const told = code === 'odd-row' && rowNumber === 1 ? 'odd-first-row' : code;
      if (this.#note(told, lineNumber)) fresh.push(told);
    }
    return fresh;
  }

  #note(code: HintCode, line: number): boolean {
    const known = this.#found.get(code);
    if (known === undefined) this.#found.set(code, { count: 1, line });
    else known.count += 1;
    return known === undefined;
  }

  get evidence(): HintEvidence {
    const words = nullWords.filter((_word, at) => (this.#words & (1 << at)) !== 0);
    return { nullWords: words, hasEncodedValues: this.#hasEncoded };
  }

  /** As far as rows were taken. */
  state(): HintState {
    const idLengths = this.#digits.flatMap((found, shape) => (found === null ? [] : [{ shape, ...found }]));
    return { hints: this.#list(this.#found), idLengths };
  }

  /** When all rows are taken: `rowCount` rows; `valueCount` of them have a value to send or are invalid. */
  atEnd(rowCount: number, valueCount: number): Hint[] {
    const found = new Map(this.#found);
    const note = (code: HintCode, line: number, count = 1) => found.set(code, { count, line });
    const last = this.#last;
    if (last !== null && (last.marks & markOf['odd-row']) !== 0 && last.rowNumber > 1) {
      const others = found.get('odd-row');
      if (others !== undefined && others.count > 1)
        found.set('odd-row', { count: others.count - 1, line: others.line });
      else found.delete('odd-row');
      note('odd-last-row', last.lineNumber);
    }
    if (last !== null && (last.marks & markOf['last-line-open']) !== 0 && rowCount > 1) {
      note('last-line-open', last.lineNumber);
    }
    const short = this.#shortDigits();
    if (short !== null) note('id-zeros', short.line, short.count);
    const rounded = this.#roundedDigits();
    if (rounded !== null) note('id-rounded', rounded.line, rounded.count);
    const second = this.#columns.attributes.find(({ name }) => isIdName(name));
    if (second !== undefined) note('two-id-columns', this.#headerLine);
    if (hasUpperCaseNames(this.#columns)) note('upper-case-names', this.#headerLine);
    if (rowCount === 0) note('no-rows', this.#headerLine);
    else if (valueCount === 0) note('nothing-to-send', this.#headerLine);
    return this.#list(found);
  }

  /** Ids of digits that are shorter than the longest with zeros before them. */
  #shortDigits(): Found | null {
    const padded = this.#digits.slice(0, roundedShape);
    const longest = padded.findLastIndex((found, shape) => shape > zeroShape && found !== null) - zeroShape;
    return togetherOf(padded.slice(1, Math.max(1, longest)));
  }

  /** Ids of over 15 digits, if all of them end in zeros. */
  #roundedDigits(): Found | null {
    const rounded = togetherOf(this.#digits.slice(roundedShape));
    const isExact = this.#digits.slice(16, zeroShape).some((found) => found !== null);
    return rounded === null || isExact || rounded.count < roundedCountMin ? null : rounded;
  }

  #list(found: ReadonlyMap<HintCode, Found>): Hint[] {
    return [...found].map(([code, { count, line }]) => ({ code, count, example_line: line }));
  }
}

const upperCase = /^[A-Z][A-Z\d_$#]*$/;

/** The id column's too: so the program that wrote them does it, whatever their names are. */
function hasUpperCaseNames({ attributes, idIndex, headerCells }: Columns): boolean {
  return (
    attributes.length > 0 &&
    upperCase.test(headerCells[idIndex]?.trim() ?? '') &&
    attributes.every(({ name }) => upperCase.test(name))
  );
}

function togetherOf(shapes: readonly (Found | null)[]): Found | null {
  const found = shapes.filter((one) => one !== null);
  if (found.length === 0) return null;
  return {
    count: found.reduce((sum, { count }) => sum + count, 0),
    line: Math.min(...found.map(({ line }) => line)),
  };
}

const none: readonly HintCode[] = [];
