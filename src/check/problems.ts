import type { Problem } from './result.js';

const examplesMax = 5;

/** Rows that would not be sent, by reason, the first few of each kept as examples. */
export class Problems {
  readonly #found = new Map<string, { count: number; readonly examples: { row: number; line: number }[] }>();

  note(code: string, place: { readonly row: number; readonly line: number } | null): void {
    let found = this.#found.get(code);
    if (found === undefined) {
      found = { count: 0, examples: [] };
      this.#found.set(code, found);
    }
    found.count += 1;
    if (place !== null && found.examples.length < examplesMax) found.examples.push(place);
  }

  /** The most frequent first. */
  list(): Problem[] {
    return [...this.#found]
      .map(([code, { count, examples }]) => ({ code, count, examples }))
      .sort((one, other) => other.count - one.count);
  }
}
