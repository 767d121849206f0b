import type { RawRow } from '../batch/open.js';
import { VisitorSet } from '../hash/visitor-set.js';
import { advisedOptions } from '../hints/advice.js';
import { HintTally } from '../hints/hint-tally.js';
import { Marker } from '../hints/marker.js';
import type { Random } from '../platform/ports.js';
import type { Columns, IdType } from '../target-api/columns.js';
import { makePreparer, type Prepared, type Preparer, requestSizeBytes } from '../target-api/prepare.js';
import { Attributes } from './attributes.js';
import type { CheckOptions } from './options.js';
import { Problems } from './problems.js';
import type { FileCheck } from './result.js';

/** What goes out for a row, unless it is unchanged. */
export type Request = Extract<Prepared, { kind: 'request' }>;

/** Everything that one pass over a file's rows finds out. */
export class Inspector {
  readonly problems = new Problems();
  readonly #columns: Columns;
  readonly #options: Pick<CheckOptions, 'method'> & { readonly clientCode: string };
  readonly #prepare: Preparer;
  readonly #values: 'encoded' | 'raw';
  readonly #marker: Marker;
  readonly #hints: HintTally;
  readonly #attributes: Attributes;
  readonly #visitors: VisitorSet;
  #rowCount = 0;
  #sendableCount = 0;
  #skippedCount = 0;
  #unchangedCount = 0;
  #invalidCount = 0;
  #coalescedCount = 0;
  #repeatedCount = 0;
  #longestForm = 0;

  constructor(columns: Columns, headerLine: number, options: CheckOptions, random: Random) {
    const { values, plus, method, route, trim, nullWords } = options;
    const clientCode = options.clientCode ?? '';
    this.#columns = columns;
    this.#values = values;
    this.#options = { method, clientCode };
    this.#prepare = makePreparer(columns, { values, plus, method, clientCode, route, trim, nullWords });
    this.#marker = new Marker(columns, options);
    this.#hints = new HintTally(columns, headerLine);
    this.#attributes = new Attributes(columns, options);
    this.#visitors = new VisitorSet(random);
  }

  get idType(): IdType {
    return this.#columns.idType;
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  get invalidCount(): number {
    return this.#invalidCount;
  }

  /** The row's request, if there is one to send: it counts as sendable until `wereUnchanged` says otherwise. */
  take(row: RawRow): Request | null {
    const { cells, isUtf8, rowNumber, lineNumber } = row;
    this.#rowCount += 1;
    const prepared = this.#prepare(cells, isUtf8);
    const marks = this.#marker.look(row, prepared.id);
    this.#hints.take({ rowNumber, lineNumber, marks, details: this.#marker.details });
    switch (prepared.kind) {
      case 'request': {
        const { form } = prepared;
        this.#attributes.take(cells);
        this.#sendableCount += 1;
        if (form.length > this.#longestForm) this.#longestForm = form.length;
        if (this.#visitors.add(prepared.id) === 'second') this.#repeatedCount += 1;
        return prepared;
      }
      case 'skipped':
        this.#skippedCount += 1;
        return null;
      case 'invalid':
        this.#attributes.take(cells);
        this.#invalidCount += 1;
        this.problems.note(prepared.reason.code, { row: rowNumber, line: lineNumber });
        return null;
    }
  }

  /** `count` of the rows that were taken as sendable are unchanged. */
  wereUnchanged(count: number): void {
    this.#sendableCount -= count;
    this.#unchangedCount += count;
  }

  /** Rows that were taken as sendable go out as one update. */
  goTogether({ form, rowCount }: { readonly form: string; readonly rowCount: number }): void {
    this.#coalescedCount += rowCount - 1;
    if (form.length > this.#longestForm) this.#longestForm = form.length;
  }

  /** `isWhole`: all rows of the file were taken. */
  found(isWhole: boolean): Omit<FileCheck, 'file' | 'plan'> {
    const hints = isWhole
      ? this.#hints.atEnd(this.#rowCount, this.#rowCount - this.#skippedCount)
      : this.#hints.state().hints;
    return {
      rows: {
        total: this.#rowCount,
        sendable: this.#sendableCount,
        skipped: this.#skippedCount,
        unchanged: this.#unchangedCount,
        invalid: this.#invalidCount,
        coalesced: this.#coalescedCount,
      },
      visitors: this.#visitors.size,
      repeated_visitors: this.#repeatedCount,
      largest_request_bytes: this.#longestForm === 0 ? 0 : requestSizeBytes('', this.#options) + this.#longestForm,
      problems: this.problems.list(),
      attributes: this.#attributes.list(),
      hints,
      add_options: advisedOptions(hints, this.#hints.evidence, this.#columns, this.#values),
    };
  }
}
