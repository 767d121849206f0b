/**
 * A map that keeps what was touched last, up to a limit: what was not touched for longest leaves first.
 *
 * Invariant: the weights of all entries come to `weightMax` at most, unless there is only one.
 */
export class BoundedMap<Key, Value> {
  readonly #entries = new Map<Key, { readonly value: Value; readonly weight: number }>();
  readonly #weightMax: number;
  #weight = 0;

  constructor(weightMax: number) {
    this.#weightMax = weightMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Also touches it. */
  set(key: Key, value: Value, weight = 1): void {
    this.#remove(key);
    this.#entries.set(key, { value, weight });
    this.#weight += weight;
    while (this.#weight > this.#weightMax && this.#entries.size > 1) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#remove(oldest);
    }
  }

  keys(): Key[] {
    return [...this.#entries.keys()];
  }

  values(): Value[] {
    return Array.from(this.#entries.values(), ({ value }) => value);
  }

  #remove(key: Key): void {
    this.#weight -= this.#entries.get(key)?.weight ?? 0;
    this.#entries.delete(key);
  }
}
