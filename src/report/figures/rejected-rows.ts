import type { ReasonCode } from '../../terms/outcome.js';

/** Which rows to show when there are more than a page holds. */
export interface Room {
  readonly rowsMax: number;
  readonly bytesMax: number;
}

interface Shelf<Row> {
  readonly rows: { readonly row: Row; readonly sizeBytes: number }[];
  /** Something had to go: what comes later is not the first of its reason any more. */
  isCut: boolean;
}

/**
 * The first rows of each reason, the room shared fairly: a reason with few rows keeps them all, so that a thousand
 * time-outs do not crowd out the one row that Target refused.
 *
 * Invariants: neither rows nor bytes are over the room; each shelf holds the first rows of its reason without a gap.
 */
export class RejectedRows<Row extends { readonly rowNumber: number }> {
  readonly #room: Room;
  readonly #sizeOf: (row: Row) => number;
  readonly #shelves = new Map<ReasonCode | null, Shelf<Row>>();
  #keptCount = 0;
  #keptBytes = 0;
  #seenCount = 0;

  /** `sizeOf` says how many bytes a row takes on the page. */
  constructor(room: Room, sizeOf: (row: Row) => number) {
    this.#room = room;
    this.#sizeOf = sizeOf;
  }

  add(code: ReasonCode | null, row: Row): void {
    this.#seenCount += 1;
    const shelf = this.#shelves.get(code) ?? { rows: [], isCut: false };
    this.#shelves.set(code, shelf);
    if (shelf.isCut) return;
    const sizeBytes = this.#sizeOf(row);
    shelf.rows.push({ row, sizeBytes });
    this.#keptCount += 1;
    this.#keptBytes += sizeBytes;
    while (this.#keptCount > this.#room.rowsMax || this.#keptBytes > this.#room.bytesMax) this.#cutLongest();
  }

  /** Of all that were added. */
  get seenCount(): number {
    return this.#seenCount;
  }

  /** What is kept, in the order of the file. */
  kept(): Row[] {
    const kept = [...this.#shelves.values()].flatMap((shelf) => shelf.rows.map(({ row }) => row));
    return kept.sort((one, other) => one.rowNumber - other.rowNumber);
  }

  #cutLongest(): void {
    let longest: Shelf<Row> | null = null;
    for (const shelf of this.#shelves.values()) {
      if (longest === null || shelf.rows.length > longest.rows.length) longest = shelf;
    }
    const gone = longest?.rows.pop();
    if (longest === null || gone === undefined) return;
    longest.isCut = true;
    this.#keptCount -= 1;
    this.#keptBytes -= gone.sizeBytes;
  }
}
