import type { Pacer, Permit, Take } from '../../pacing/pacer.js';
import type { Instant } from '../../platform/instant.js';
import type { Route } from '../../target-api/routes/route.js';
import { earlierRows, updateForm } from './coalesce.js';
import type { ReadyRows } from './ready-rows.js';
import type { OpenRow } from './row-window.js';
import type { OrderedRow, UpdateOrder } from './update-order.js';

/** A route, and the pacer that counts its attempts. */
export interface Lane {
  readonly route: Route;
  readonly pacer: Pacer;
}

export type Chosen =
  | { readonly kind: 'go'; readonly permit: Permit; readonly lane: Lane }
  /** Another row is next: `peek` says which. */
  | { readonly kind: 'again' }
  /** A checkpoint is to be written first. */
  | { readonly kind: 'save' }
  | Exclude<Take, { kind: 'go' }>;

/**
 * On which route the next attempt goes, and with which row.
 *
 * Every attempt goes by the main lane, unless there is an overflow (--on-cap delivery) and the main lane's ledger has
 * answered that no unit is left. Then rows that have to stay on the main lane are set aside, and the others go by the
 * overflow. As units come free, the rows that were set aside are the first.
 *
 * Invariants: the overflow is asked only in the step in which the main pacer answered `cap-used`: never in a hold, while
 * units are fetched, or while the ledger is away. The row that `peek` gave is the row that `acquire` is about: conditions of
 * departure were asked of it. A visitor's next row becomes ready only when the one before has ended, so what is known of
 * the visitor's attempts is complete.
 */
export class Lanes {
  readonly #main: Lane;
  readonly #overflow: Lane | null;
  readonly #order: UpdateOrder;
  readonly #ready: ReadyRows;
  readonly #mayMoreCome: () => boolean;
  /** As the main pacer answered last. */
  #isUsedUp = false;

  /** `mayMoreCome`: rows are being read, and the loop is told when they come. */
  constructor(main: Lane, overflow: Lane | null, order: UpdateOrder, ready: ReadyRows, mayMoreCome: () => boolean) {
    this.#main = main;
    this.#overflow = overflow;
    this.#order = order;
    this.#ready = ready;
    this.#mayMoreCome = mayMoreCome;
  }

  /** Called when `acquire` is worth asking again. */
  set onReady(call: (() => void) | null) {
    this.#main.pacer.onReady = call;
    if (this.#overflow !== null) this.#overflow.pacer.onReady = call;
  }

  /** The row that an attempt would be made of now. `far`: from the other end. */
  peek(end: 'next' | 'far'): OpenRow | null {
    const aside = this.#ready.peekAside();
    const isAsideFirst = end === 'next' && !this.#isUsedUp;
    return isAsideFirst ? (aside ?? this.#ready.peek(end)) : (this.#ready.peek(end) ?? aside);
  }

  /** Takes out the row that `peek` gives. */
  take(end: 'next' | 'far'): OpenRow {
    const row = this.peek(end);
    if (row === null) throw new Error('a ready row was seen and is not there');
    this.#remove(row, end);
    return row;
  }

  putFirst(row: OpenRow): void {
    this.#ready.putFirst(row);
  }

  /** A permit for `row`, which `peek` gave. On `go` it is no longer ready. */
  acquire(row: OpenRow, end: 'next' | 'far', now: Instant): Chosen {
    const take = this.#main.pacer.take(now);
    if (take.kind === 'go') {
      this.#setUsedUp(false);
      if (this.#main.route.name === 'update' && !this.#order.mayTake(row.rowNumber, now)) {
        this.#main.pacer.giveBack(take.permit);
        return { kind: 'save' };
      }
      return this.#go(row, end, take.permit, this.#main);
    }
    if (take.kind !== 'cap-used' || this.#overflow === null) return take;
    const isAside = row === this.#ready.peekAside();
    this.#setUsedUp(true);
    if (isAside && this.#ready.size > 0) return { kind: 'again' };
    // Rows that come may go by the overflow: that is no hold yet.
    if (isAside) return this.#mayMoreCome() ? { kind: 'fetching' } : take;
    return this.#takeOverflow(row, end, now, this.#overflow, take);
  }

  #takeOverflow(
    row: OpenRow,
    end: 'next' | 'far',
    now: Instant,
    overflow: Lane,
    usedUp: Extract<Take, { kind: 'cap-used' }>,
  ): Chosen {
    if (this.#order.staysOnUpdate(oldestOf(row), now) || !overflow.route.carries(updateForm(row))) {
      this.#ready.setAside(end);
      return { kind: 'again' };
    }
    const take = overflow.pacer.take(now);
    if (take.kind === 'go') return this.#go(row, end, take.permit, overflow);
    if (take.kind !== 'cap-used') return take;
    const freeAtMonotonicMs = Math.min(take.freeAtMonotonicMs, usedUp.freeAtMonotonicMs);
    return { kind: 'cap-used', freeAtMonotonicMs };
  }

  #go(row: OpenRow, end: 'next' | 'far', permit: Permit, lane: Lane): Chosen {
    this.#remove(row, end);
    if (lane.route.name === 'update') this.#order.took(row);
    return { kind: 'go', permit, lane };
  }

  #remove(row: OpenRow, end: 'next' | 'far'): void {
    if (row === this.#ready.peekAside()) this.#ready.takeAside();
    else this.#ready.take(end);
  }

  #setUsedUp(isUsedUp: boolean): void {
    this.#isUsedUp = isUsedUp;
    this.#order.isUsedUp = isUsedUp;
  }
}

/** A task is as old as its first row: an earlier run may have attempted that one alone. */
function oldestOf(row: OpenRow): OrderedRow {
  const [oldest] = earlierRows(row);
  return oldest === undefined ? row : { rowNumber: oldest.rowNumber, id: row.id, mark: row.mark };
}
