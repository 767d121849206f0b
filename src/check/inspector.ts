import type { RawRow } from '../batch/open.js';
import { VisitorSet } from '../hash/visitor-set.js';
import type { Random } from '../platform/ports.js';
import type { Columns, IdType } from '../target-api/columns.js';
import { makePreparer, type Prepared, type Preparer, requestSizeBytes } from '../target-api/prepare.js';
import { Attributes } from './attributes.js';
import { Hints, idHint } from './hints.js';
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
  readonly #hints = new Hints();
  readonly #attributes: Attributes;
  readonly #visitors: VisitorSet;
  /** Whether a name has to be encoded: then a `%` in a form says nothing of its values. */
  readonly #hasEncodedNames: boolean;
  #rowCount = 0;
  #sendableCount = 0;
  #skippedCount = 0;
  #unchangedCount = 0;
  #invalidCount = 0;
  #repeatedCount = 0;
  #longestForm = 0;

  constructor(columns: Columns, options: CheckOptions, random: Random) {
    const { values, plus, method } = options;
    const clientCode = options.clientCode ?? '';
    this.#columns = columns;
    this.#options = { method, clientCode };
    this.#prepare = makePreparer(columns, { values, plus, method, clientCode });
    this.#attributes = new Attributes(columns, values, plus, this.#hints);
    this.#visitors = new VisitorSet(random);
    this.#hasEncodedNames = columns.attributes.some(({ formKey }) => formKey.includes('%'));
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
  take({ cells, isUtf8, rowNumber, lineNumber }: RawRow): Request | null {
    this.#rowCount += 1;
    const prepared = this.#prepare(cells, isUtf8);
    const hint = idHint(prepared.id);
    if (hint !== null) this.#hints.note(hint, lineNumber);
    switch (prepared.kind) {
      case 'request': {
        const { form } = prepared;
        // The form holds all values: where nothing in it is encoded, no value holds anything that a hint looks for.
        this.#attributes.take(cells, lineNumber, !this.#hasEncodedNames && !form.includes('%'));
        this.#sendableCount += 1;
        if (form.length > this.#longestForm) this.#longestForm = form.length;
        if (this.#visitors.add(prepared.id) === 'second') this.#repeatedCount += 1;
        return prepared;
      }
      case 'skipped':
        this.#skippedCount += 1;
        return null;
      case 'invalid':
        this.#attributes.take(cells, lineNumber, false);
        this.#invalidCount += 1;
        this.problems.note(prepared.reason.code, { row: rowNumber, line: lineNumber });
        return null;
    }
  }

  /** Of the rows taken as sendable, so many are unchanged. */
  wereUnchanged(count: number): void {
    this.#sendableCount -= count;
    this.#unchangedCount += count;
  }

  found(): Omit<FileCheck, 'file' | 'plan'> {
    return {
      rows: {
        total: this.#rowCount,
        sendable: this.#sendableCount,
        skipped: this.#skippedCount,
        unchanged: this.#unchangedCount,
        invalid: this.#invalidCount,
      },
      visitors: this.#visitors.size,
      repeated_visitors: this.#repeatedCount,
      largest_request_bytes: this.#longestForm === 0 ? 0 : requestSizeBytes('', this.#options) + this.#longestForm,
      problems: this.problems.list(),
      attributes: this.#attributes.list(),
      hints: this.#hints.list(),
    };
  }
}
