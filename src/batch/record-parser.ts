import { CsvError, type Options, Parser } from 'csv-parse';

function parserOptions(delimiter: string): Options {
  return {
    delimiter,
    bom: false, // the offsets are ours, so marks are taken off before
    record_delimiter: ['\r\n', '\n', '\r'], // left to find it, csv-parse takes the first line's and fails on others
    // A quote inside an unquoted cell is text. So is a quoted cell with text after its closing quote (`"a"b`), its
    // quotes included, but for doubled ones, which are read as one.
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
  };
}

/**
 * csv-parse, fed a chunk at a time and giving each record with the byte at which it ends.
 *
 * Of the ways to learn that byte (`info`, `on_record`, `raw`), all halve its speed, for they copy its whole state for
 * each record. `parser.info.bytes` is documented and costs nothing, if it is read in the step in which a record is
 * pushed: so the parser's own `push` is the hook, and nothing goes through a stream's buffer.
 */
export class RecordParser extends Parser {
  readonly #onRecord: (cells: string[], endByte: number) => void;

  /** `onRecord` gets offsets in what was fed; it is called inside `feed` and `finish`. */
  constructor(delimiter: string, onRecord: (cells: string[], endByte: number) => void) {
    super(parserOptions(delimiter));
    this.#onRecord = onRecord;
    this.on('error', () => {}); // it reaches the callers of `feed` and `finish`; unheard, it would end the process
  }

  override push(record: string[] | null): boolean {
    if (record === null) return false;
    this.#onRecord(record, this.info.bytes);
    // A record of another length than the first costs csv-parse an Error with its stack, relaxed or not, which makes
    // a file with short rows ten times slower. It takes the length that it expects from the record that it counts as
    // the first: so each is. Were that to change, short rows would be slower again, and nothing else.
    const counts: { records: number } = this.info;
    counts.records = 0;
    return true;
  }

  /** Where the cell that is not complete yet begins, or the delimiter before it: csv-parse counts up to the last one. */
  get openCellByte(): number {
    return this.info.bytes;
  }

  /** Resolves when all records that are complete in what was fed have been given, but for those in the last few bytes, which wait for what follows. */
  feed(chunk: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** No more is fed: gives the last records. `quote-open`: there is one that is not complete, and it was not given. */
  finish(): Promise<'complete' | 'quote-open'> {
    return new Promise((resolve, reject) => {
      this.end((error?: Error | null) => {
        if (!error) resolve('complete');
        else if (error instanceof CsvError && error.code === 'CSV_QUOTE_NOT_CLOSED') resolve('quote-open');
        else reject(error);
      });
    });
  }
}

/** The cells of one record; `null` where a quote stays open in it. */
export async function cellsOfRecord(record: Buffer, delimiter: string): Promise<string[] | null> {
  const records: string[][] = [];
  const parser = new RecordParser(delimiter, (cells) => records.push(cells));
  await parser.feed(record);
  return (await parser.finish()) === 'complete' ? (records[0] ?? ['']) : null;
}
