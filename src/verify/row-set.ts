/** Row numbers, a bit for each row up to the highest. */
export class RowSet {
  #bits = new Uint8Array(1024);

  add(rowNumber: number): void {
    const at = rowNumber >>> 3;
    if (at >= this.#bits.length) {
      const grown = new Uint8Array(Math.max(at + 1, 2 * this.#bits.length));
      grown.set(this.#bits);
      this.#bits = grown;
    }
    this.#bits[at] = (this.#bits[at] ?? 0) | (1 << (rowNumber & 7));
  }

  has(rowNumber: number): boolean {
    return ((this.#bits[rowNumber >>> 3] ?? 0) & (1 << (rowNumber & 7))) !== 0;
  }
}
