/** A hold that comes again and again (units of the cap come free every ten seconds) is said once in a while. */
const sameHoldMs = 300_000;

/** Which holds are worth a line: the first of a cause, and again when the last was said five minutes ago. */
export class HoldLines {
  readonly #saidAtMs = new Map<string, number>();
  #isSaid = false;

  shouldSayHold(cause: string, monotonicMs: number): boolean {
    const saidAtMs = this.#saidAtMs.get(cause);
    this.#isSaid = saidAtMs === undefined || monotonicMs - saidAtMs >= sameHoldMs;
    if (this.#isSaid) this.#saidAtMs.set(cause, monotonicMs);
    return this.#isSaid;
  }

  /** An end is said where its beginning was. */
  shouldSayReleased(): boolean {
    const isSaid = this.#isSaid;
    this.#isSaid = false;
    return isSaid;
  }
}
