const firstCapacityBytes = 4096;
/** UTF-8 takes at most so many bytes for one UTF-16 unit. */
const bytesPerUnitMax = 3;
/** Up to here integers are quick. */
const smallMax = 0x7fff_ffff;

/**
 * Text that is put together as UTF-8, piece by piece. Lines come by the ten thousand a second: as strings each would be
 * a dozen pieces of garbage, and the rest of what V8 has to collect would be looked at the more often.
 */
export class TextBytes {
  #bytes = Buffer.allocUnsafe(firstCapacityBytes);
  /** Takes over from `#bytes` when that is taken. */
  #spare = Buffer.allocUnsafe(firstCapacityBytes);
  #length = 0;

  /** How many bytes have been put together. */
  get length(): number {
    return this.#length;
  }

  /** Half a surrogate pair becomes U+FFFD. */
  text(text: string): this {
    this.#reserve(text.length * bytesPerUnitMax);
    const bytes = this.#bytes;
    const start = this.#length;
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index);
      if (unit > 0x7f) {
        this.#length = start + index + bytes.write(text.slice(index), start + index);
        return this;
      }
      bytes[start + index] = unit;
    }
    this.#length = start + text.length;
    return this;
  }

  /** In decimal digits. `whole`: 0 or more. */
  number(whole: number): this {
    if (whole > smallMax) return this.text(String(whole));
    let digitCount = 1;
    for (let power = 10; power <= whole; power *= 10) digitCount += 1;
    this.#reserve(digitCount);
    this.#length += digitCount;
    let rest = whole;
    for (let at = this.#length - 1; digitCount > 0; digitCount -= 1) {
      const tenth = (rest / 10) | 0;
      this.#bytes[at] = 0x30 + rest - tenth * 10;
      rest = tenth;
      at -= 1;
    }
    return this;
  }

  /** What has been put together, in memory that is used anew after the next `take`; then it is empty. */
  take(): Buffer {
    const taken = this.#bytes;
    const length = this.#length;
    this.#bytes = this.#spare;
    this.#spare = taken;
    this.#length = 0;
    return taken.subarray(0, length);
  }

  /** Drops what has been put together. */
  clear(): void {
    this.#length = 0;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
