import { isRejected, type RowStatus, rowStatuses } from '../../terms/outcome.js';

/** How each row of a report ended: a byte for each row up to the highest. Of the rejected ones also where their line begins. */
export class RowOutcomes {
  #statuses = new Uint8Array(1024);
  readonly #rejectedRows: number[] = [];
  readonly #startBytes: number[] = [];
  /** The same in the order of the rows; `null`: not sorted since the last `add`. */
  #sorted: { readonly rows: Float64Array; readonly starts: Float64Array } | null = null;

  add(rowNumber: number, status: RowStatus, startByte: number): void {
    if (rowNumber >= this.#statuses.length) {
      const grown = new Uint8Array(Math.max(rowNumber + 1, 2 * this.#statuses.length));
      grown.set(this.#statuses);
      this.#statuses = grown;
    }
    const isNew = this.#statuses[rowNumber] === 0;
    this.#statuses[rowNumber] = rowStatuses.indexOf(status) + 1; // 0: none
    if (!isNew || !isRejected(status)) return;
    this.#rejectedRows.push(rowNumber);
    this.#startBytes.push(startByte);
    this.#sorted = null;
  }

  get rejectedCount(): number {
    return this.#rejectedRows.length;
  }

  statusOf(rowNumber: number): RowStatus | null {
    return rowStatuses[(this.#statuses[rowNumber] ?? 0) - 1] ?? null;
  }

  isRejected(rowNumber: number): boolean {
    const status = this.statusOf(rowNumber);
    return status !== null && isRejected(status);
  }

  /** Where the line of a rejected row begins; `null` for every other row. */
  startOf(rowNumber: number): number | null {
    if (!this.isRejected(rowNumber)) return null;
    this.#sorted ??= this.#sort();
    const { rows, starts } = this.#sorted;
    let low = 0;
    let high = rows.length - 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((rows[middle] ?? 0) < rowNumber) low = middle + 1;
      else high = middle;
    }
    return rows[low] === rowNumber ? (starts[low] ?? null) : null;
  }

  #sort() {
    const order = Uint32Array.from(this.#rejectedRows, (_, index) => index);
    order.sort((one, other) => (this.#rejectedRows[one] ?? 0) - (this.#rejectedRows[other] ?? 0));
    return {
      rows: Float64Array.from(order, (index) => this.#rejectedRows[index] ?? 0),
      starts: Float64Array.from(order, (index) => this.#startBytes[index] ?? 0),
    };
  }
}
