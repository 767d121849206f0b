import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Position, RawRow } from '../../src/batch/open.js';
import { raw, readChunks, start } from './support/batch-helpers.js';

const character = fc.constantFrom(...('aZ09 ,;"\'\t\r\n%+=é€😀日本ب\uFFFD\uFEFF'.match(/./gsu) ?? []));
const cell = fc.oneof(fc.string({ unit: character, maxLength: 12 }), fc.string({ unit: 'binary', maxLength: 8 }));
const lineEnd = fc.constantFrom('\n', '\r\n', '\r');

const record = fc.record({
  cells: fc
    .array(
      cell.map((text) => text.replaceAll('\0', '')),
      { minLength: 1, maxLength: 5 },
    )
    .map(([first = '', ...others]) => [first.replace(/^\ufeff+/, ''), ...others]), // at a row's start it is not text
  isQuoted: fc.boolean(),
  lineEnd,
  blankLines: fc.array(lineEnd, { maxLength: 2 }),
});

interface Written {
  readonly text: string;
  readonly rows: readonly { readonly cells: string[]; readonly startIndex: number; readonly endIndex: number }[];
}

/** A CR and the LF of a next line would read as one CR LF: the next line ends with CR then. */
function join(text: string, next: string): string {
  return text + (text.endsWith('\r') && next.startsWith('\n') ? next.replace('\n', '\r') : next);
}

const written = fc
  .record({
    records: fc.array(record, { maxLength: 12 }),
    delimiter: fc.constantFrom(',', ';', '\t'),
    isEnded: fc.boolean(),
  })
  .map(({ records, delimiter, isEnded }) => {
    let text = '';
    const rows = records.map(({ cells, isQuoted, lineEnd, blankLines }, index) => {
      for (const blankLine of blankLines) text = join(text, blankLine);
      const startIndex = text.length;
      text += stringify([cells], {
        delimiter,
        quoted: isQuoted,
        quoted_empty: cells.length === 1, // unquoted, it would be a blank line
        quoted_match: /[\r\n]/,
        eof: false,
      });
      if (isEnded || index < records.length - 1) text += lineEnd;
      return { cells, startIndex, endIndex: text.length };
    });
    return { delimiter, text, rows };
  });

/** Where the chunks are cut, as shares of the content. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 });

function cut(content: Buffer, shares: readonly number[]): Buffer[] {
  const places = [0, ...shares.map((share) => Math.floor(share * content.length)), content.length].sort(
    (a, b) => a - b,
  );
  return places.map((place, index) => content.subarray(place, places[index + 1])).filter((chunk) => chunk.length > 0);
}

function expectedRows({ text, rows }: Written) {
  return rows.map(({ cells, startIndex, endIndex }, index) => ({
    rowNumber: index + 1,
    lineNumber: (text.slice(0, startIndex).match(/\r\n|\r|\n/g)?.length ?? 0) + 1,
    startByte: Buffer.byteLength(text.slice(0, startIndex)),
    endByte: Buffer.byteLength(text.slice(0, endIndex)),
    cells,
    isUtf8: true,
    bytes: Buffer.from(text.slice(startIndex, endIndex)),
  }));
}

describe('any table that csv-stringify writes', () => {
  it('comes back with its cells, lines and bytes, cut into chunks anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(written, cuts, async (table, shares) => {
        const options = { ...raw, delimiter: table.delimiter };
        const { rows, error } = await readChunks(cut(Buffer.from(table.text), shares), options);
        expect(error).toBeNull();
        expect(rows.map(({ classes: _classes, ...row }) => row)).toEqual(expectedRows(table));
      }),
      { numRuns: 150 },
    );
  });

  it('resumes at any of its rows as if it had been read from the start', async () => {
    const placeOf = (row: RawRow): Position => ({
      rowNumber: row.rowNumber,
      lineNumber: row.lineNumber,
      byte: row.startByte,
    });
    await fc.assert(
      fc.asyncProperty(written, cuts, async (table, shares) => {
        const content = Buffer.from(table.text);
        const options = { ...raw, delimiter: table.delimiter };
        const { rows } = await readChunks([content], options, start);
        for (const [index, row] of rows.entries()) {
          const from = placeOf(row);
          const resumed = await readChunks(cut(content.subarray(from.byte), shares), options, from);
          expect(resumed).toEqual({ rows: rows.slice(index), error: null });
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('any bytes', () => {
  it('give the same rows and the same error however they are cut', async () => {
    const soup = fc
      .array(fc.constantFrom('"', ',', '\n', '\r', 'a', '""', '\0', 'é', '\xff', '",', '\n"'), { maxLength: 60 })
      .map((parts) => Buffer.concat(parts.map((part) => Buffer.from(part, part === '\xff' ? 'latin1' : 'utf8'))));
    await fc.assert(
      fc.asyncProperty(soup, cuts, async (content, shares) => {
        const whole = await readChunks([content]);
        const parts = await readChunks(cut(content, shares));
        expect(parts.rows).toEqual(whole.rows);
        expect(String(parts.error)).toEqual(String(whole.error));
      }),
      { numRuns: 300 },
    );
  });
});
