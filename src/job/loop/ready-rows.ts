import type { Cancel, Clock } from '../../platform/ports.js';
import type { MergeForms } from '../../target-api/merge-forms.js';
import { gather } from './coalesce.js';
import { Fifo } from './fifo.js';
import type { OpenRow } from './row-window.js';

/**
 * The rows whose turn it is: those that are ready, those of them that are set aside because they wait for units of one
 * route (lanes.ts), and those that rest between two attempts and will be ready again. With --coalesce a row takes those
 * along that wait behind it, when it is looked at: the last moment before it starts.
 *
 * Invariants: a row is in one of the three, once; rows are set aside in their order; of the rows of a task only the one
 * that stands for it is here; after `end` no row becomes ready by time.
 */
export class ReadyRows {
  readonly #clock: Clock;
  readonly #onRested: () => void;
  readonly #merge: MergeForms | null;
  readonly #rows = new Fifo<OpenRow>();
  readonly #aside = new Fifo<OpenRow>();
  readonly #rests = new Set<Cancel>();

  /** `merge`: with --coalesce. `onRested`: a row is ready again. */
  constructor(clock: Clock, merge: MergeForms | null, onRested: () => void) {
    this.#clock = clock;
    this.#merge = merge;
    this.#onRested = onRested;
  }

  /** Ready ones, without those that are set aside. */
  get size(): number {
    return this.#rows.size;
  }

  get asideCount(): number {
    return this.#aside.size;
  }

  get restingCount(): number {
    return this.#rests.size;
  }

  put(row: OpenRow): void {
    this.#rows.put(row);
  }

  putFirst(row: OpenRow): void {
    this.#rows.putFirst(row);
  }

  /** `far`: from the other end, because neighbours are often alike. */
  peek(end: 'next' | 'far'): OpenRow | null {
    const row = (end === 'far' ? this.#rows.peekLast() : this.#rows.peek()) ?? null;
    const standing = this.#gathered(row);
    if (standing === null || standing === row) return row;
    if (end === 'far') this.#rows.replaceLast(standing);
    else this.#rows.replace(standing);
    return standing;
  }

  take(end: 'next' | 'far'): OpenRow {
    const row = end === 'far' ? this.#rows.takeLast() : this.#rows.take();
    if (row === undefined) throw new Error('the queue of ready rows was seen filled and is empty');
    return row;
  }

  /** Sets the row at that end aside. */
  setAside(end: 'next' | 'far'): void {
    this.#aside.put(this.take(end));
  }

  peekAside(): OpenRow | null {
    const row = this.#aside.peek() ?? null;
    const standing = this.#gathered(row);
    if (standing !== null && standing !== row) this.#aside.replace(standing);
    return standing;
  }

  takeAside(): void {
    this.#aside.take();
  }

  #gathered(row: OpenRow | null): OpenRow | null {
    return this.#merge === null || row === null ? row : gather(row, this.#merge);
  }

  rest(row: OpenRow, restMs: number): void {
    const cancel = this.#clock.schedule(restMs, () => {
      this.#rests.delete(cancel);
      this.#rows.putFirst(row);
      this.#onRested();
    });
    this.#rests.add(cancel);
  }

  /** The run stops: what rests stays where it is. */
  end(): void {
    for (const cancel of this.#rests) cancel();
    this.#rests.clear();
  }
}
