/** Holds that can come and be over again many times a minute are said once in a while: after how long again. */
const sayAgainMs: Readonly<Record<string, number>> = {
  cap: 300_000, // units come free every ten seconds
  throttled: 30_000,
};

/**
 * Which holds are worth a line: the first of a cause and each later one, but for those that come again and again. The
 * end of a hold is said where any line of it was.
 */
export class HoldLines {
  readonly #saidAtMs = new Map<string, number>();
  #isSaid = false;

  shouldSayHold(cause: string, monotonicMs: number): boolean {
    const saidAtMs = this.#saidAtMs.get(cause) ?? Number.NEGATIVE_INFINITY;
    if (monotonicMs - saidAtMs < (sayAgainMs[cause] ?? 0)) return false;
    this.#saidAtMs.set(cause, monotonicMs);
    this.#isSaid = true;
    return true;
  }

  /** An end is said where its beginning was. */
  shouldSayReleased(): boolean {
    const isSaid = this.#isSaid;
    this.#isSaid = false;
    return isSaid;
  }
}
