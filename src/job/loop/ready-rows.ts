import type { Cancel, Clock } from '../../platform/ports.js';
import { Fifo } from './fifo.js';
import type { OpenRow } from './row-window.js';

/**
 * The rows whose turn it is: those that are ready, those of them that are set aside because they wait for units of one
 * route (lanes.ts), and those that rest between two attempts and will be ready again.
 *
 * Invariants: a row is in one of the three, once; rows are set aside in their order; after `end` no row becomes ready by time.
 */
export class ReadyRows {
  readonly #clock: Clock;
  readonly #onRested: () => void;
  readonly #rows = new Fifo<OpenRow>();
  readonly #aside = new Fifo<OpenRow>();
  readonly #rests = new Set<Cancel>();

  /** `onRested`: a row is ready again. */
  constructor(clock: Clock, onRested: () => void) {
    this.#clock = clock;
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
    return (end === 'far' ? this.#rows.peekLast() : this.#rows.peek()) ?? null;
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
    return this.#aside.peek() ?? null;
  }

  takeAside(): void {
    this.#aside.take();
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
