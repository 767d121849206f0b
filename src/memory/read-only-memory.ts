import { memoryFailed } from './memory-errors.js';
import type { MemoryHome, MemoryView } from './memory-home.js';
import { ChangedAttributes } from './record/changed-attributes.js';
import { type Freshness, freshnessClock } from './record/freshness.js';
import { type HashKeys, type RowHashes, RowPrint } from './record/row-hashes.js';
import { isUnchanged } from './record/visitor-record.js';

/** As in a run: for a few milliseconds the home belongs to one process. */
const rowsInReadMax = 512;

/**
 * A look at the memory that changes nothing: what a run with `--changed-only` would make of a file as it is now. A row
 * that repeats what an earlier row of its visitor changes counts as one to send, although the run may find it unchanged.
 */
export class Peek {
  readonly #home: MemoryHome;
  /** For messages. */
  readonly #name: string;
  readonly #print: RowPrint;
  readonly #freshnessAt: (wallMs: number) => Freshness;
  readonly #changed = new ChangedAttributes();

  constructor(home: MemoryHome, name: string, keys: HashKeys, refreshAfterDays: number) {
    this.#home = home;
    this.#name = name;
    this.#print = new RowPrint(keys);
    this.#freshnessAt = freshnessClock(refreshAfterDays);
  }

  /** One file's rows in its order, over as many calls as it takes: `true` for a row that the run would not send. */
  async areUnchanged(forms: readonly string[]): Promise<readonly boolean[]> {
    const found: boolean[] = [];
    for (let start = 0; start < forms.length; start += rowsInReadMax) {
      const rows = forms.slice(start, start + rowsInReadMax).map((form) => this.#print.read(form));
      const keys = rows.map(({ visitor }) => visitor);
      const looked = this.#home.read(keys, (view) => this.#look(view, rows));
      found.push(...(await looked.catch((error: unknown) => this.#fail(error))));
    }
    return found;
  }

  close(): Promise<void> {
    return this.#home.close();
  }

  #fail(error: unknown): never {
    throw memoryFailed(this.#name, error);
  }

  #look(view: MemoryView, rows: readonly RowHashes[]): boolean[] {
    const freshness = this.#freshnessAt(view.time.wallMs);
    return rows.map((row, index) => {
      const record = view.state.isMade ? view.record(index) : null;
      if (record === null) return false; // unknown before the file and after each of its rows
      // The key's last 8 bytes: the visitor's own hash.
      const key = Buffer.from(row.visitor.buffer, row.visitor.byteOffset, row.visitor.length);
      const low = key.readInt32LE(4);
      const high = key.readInt32LE(8);
      if (isUnchanged(record, row, freshness) && !this.#changed.touches(low, high, row.names)) return true;
      this.#changed.add(low, high, row.names);
      return false;
    });
  }
}
