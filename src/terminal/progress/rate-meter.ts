/** Rows a second over the last stretch of time without a hold. A wait does not count as slow, and what was before it still counts. */

interface Stretch {
  readonly ms: number;
  readonly rowCount: number;
}

export class RateMeter {
  readonly #windowMs: number;
  #stretches: Stretch[] = [];
  #last: { readonly monotonicMs: number; readonly rowCount: number; readonly isHeld: boolean } | null = null;

  /** `windowMs`: how much time without a hold is looked at. */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Where the run stands now; a stretch counts as held if it begins or ends so. */
  add(monotonicMs: number, rowCount: number, isHeld: boolean): void {
    const last = this.#last;
    this.#last = { monotonicMs, rowCount, isHeld };
    if (last === null || last.isHeld || isHeld || monotonicMs <= last.monotonicMs) return;
    this.#stretches.push({ ms: monotonicMs - last.monotonicMs, rowCount: rowCount - last.rowCount });
    let totalMs = this.#stretches.reduce((sum, { ms }) => sum + ms, 0);
    for (
      let first = this.#stretches[0];
      first !== undefined && totalMs - first.ms >= this.#windowMs;
      first = this.#stretches[0]
    ) {
      this.#stretches.shift();
      totalMs -= first.ms;
    }
  }

  /** `null` before there is a stretch to judge by. */
  rowsPerSecond(): number | null {
    const totalMs = this.#stretches.reduce((sum, { ms }) => sum + ms, 0);
    const rowCount = this.#stretches.reduce((sum, stretch) => sum + stretch.rowCount, 0);
    return totalMs === 0 ? null : (rowCount / totalMs) * 1000;
  }
}
