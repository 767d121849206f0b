import type { Clock } from '../platform/ports.js';
import { ChangedAttributes } from './changed-attributes.js';
import { type Freshness, freshnessClock } from './freshness.js';
import { keyMissing, memoryFailed } from './memory-errors.js';
import type { Submission } from './memory-types.js';
import type { Place } from './paths-and-key.js';
import { type HashKeys, RowPrint } from './row-hashes.js';
import { parseRegistry } from './run-registry.js';
import type { Records, VisitorStore } from './store.js';
import { isUnchanged } from './visitor-record.js';

/** As in a run: for a few milliseconds the store belongs to one process. */
const rowsInTransactionMax = 512;

/** A look at the memory that changes nothing: what a run with `--changed-only` would make of a file just now. */
export class Peek {
  readonly #store: VisitorStore;
  readonly #place: Place;
  readonly #keys: HashKeys;
  readonly #clock: Clock;
  readonly #print: RowPrint;
  readonly #visitorWords: DataView;
  readonly #freshnessAt: (wallMs: number) => Freshness;
  readonly #changed = new ChangedAttributes();

  constructor(store: VisitorStore, place: Place, keys: HashKeys, refreshAfterDays: number, clock: Clock) {
    this.#store = store;
    this.#place = place;
    this.#keys = keys;
    this.#clock = clock;
    this.#print = new RowPrint(keys);
    this.#visitorWords = new DataView(this.#print.visitor.buffer);
    this.#freshnessAt = freshnessClock(refreshAfterDays);
  }

  /** One file's rows in its order, over as many calls as it takes: `true` for a row that the run would not send. */
  async areUnchanged(rows: readonly Submission[]): Promise<readonly boolean[]> {
    const found: boolean[] = [];
    for (let start = 0; start < rows.length; start += rowsInTransactionMax) {
      const slice = rows.slice(start, start + rowsInTransactionMax);
      const looked = this.#store.transact((records) => this.#look(slice, records));
      found.push(...(await looked.catch((error: unknown) => this.#fail(error))));
    }
    return found;
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #fail(error: unknown): never {
    throw memoryFailed(this.#place.folder, error);
  }

  #look(rows: readonly Submission[], records: Records): boolean[] {
    const registry = parseRegistry(records.getRegistry() ?? '');
    if (registry !== null && registry.keyCheck !== this.#keys.check) throw keyMissing(this.#place.keyPath);
    const freshness = this.#freshnessAt(this.#clock.wallMs());
    return rows.map(({ form }) => {
      const print = this.#print;
      print.read(form);
      const record = records.get(print.visitor);
      if (record === null) return false; // unknown before the file and after each of its rows
      const low = this.#visitorWords.getInt32(0, true);
      const high = this.#visitorWords.getInt32(4, true);
      const { names, attributeCount } = print;
      if (isUnchanged(record, print, freshness) && !this.#changed.touches(low, high, names, attributeCount))
        return true;
      this.#changed.add(low, high, names, attributeCount);
      return false;
    });
  }
}
