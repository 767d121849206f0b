import type { Clock } from '../../platform/ports.js';
import type { MergeForms } from '../../target-api/merge-forms.js';
import { earlierRows, updateForm } from './coalesce.js';
import { hasRoomFor, openRow, readyRowCountLow, readyRowCountMax } from './intake.js';
import { ReadyRows } from './ready-rows.js';
import { type OpenRow, Window } from './row-window.js';

type Place = Pick<OpenRow, 'rowNumber' | 'lineNumber' | 'startByte'>;

/** An update that a run would send. Row and line are its last row's. */
export interface RehearsedUpdate {
  readonly rowNumber: number;
  readonly lineNumber: number;
  readonly id: string;
  readonly form: string;
  readonly rowCount: number;
}

/**
 * Which updates a run with --coalesce would make of a file's rows: the run's own line, its read-ahead and its groups,
 * without sending. Rows start where reading waits for room, as in a run. Requests that take long keep rows open, and so
 * do retries and waits: then a line is shorter, or longer, and the count is a little off.
 */
export class Rehearsal {
  readonly #window = new Window();
  readonly #ready: ReadyRows;

  constructor(clock: Clock, merge: MergeForms) {
    this.#ready = new ReadyRows(clock, merge, () => {});
  }

  /** Takes a row that is to be sent, in the file's order; says which updates go out before there is room for it. */
  take(place: Place, { id, form }: Pick<OpenRow, 'id' | 'form'>): RehearsedUpdate[] {
    const { rowNumber } = place;
    const updates: RehearsedUpdate[] = [];
    const isFull = this.#ready.size >= readyRowCountMax || !hasRoomFor(this.#window, rowNumber);
    while (isFull && (this.#ready.size > readyRowCountLow || !hasRoomFor(this.#window, rowNumber))) {
      updates.push(...this.#next());
    }
    const row = openRow(place, id, form, null, undefined, -1);
    if (this.#window.add(row)) this.#ready.put(row);
    return updates;
  }

  /** A row that is not to be sent. */
  pass(place: Place): void {
    this.#window.addEnded(openRow(place, '', '', null, undefined, 0));
  }

  /** No more rows come: the updates that are left. */
  finish(): RehearsedUpdate[] {
    const updates: RehearsedUpdate[] = [];
    while (this.#ready.size > 0) updates.push(...this.#next());
    return updates;
  }

  #next(): RehearsedUpdate[] {
    const row = this.#ready.peek('next');
    if (row === null) return [];
    this.#ready.take('next');
    const { rowNumber, lineNumber, id } = row;
    const update = { rowNumber, lineNumber, id, form: updateForm(row), rowCount: 1 + earlierRows(row).length };
    this.#end(row);
    return [update];
  }

  #end(row: OpenRow): void {
    for (const earlier of earlierRows(row)) this.#window.end(earlier, 0);
    const next = this.#window.end(row, 0);
    if (next !== null) this.#ready.put(next);
  }
}
