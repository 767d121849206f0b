import type { Random } from '../platform/ports.js';
import { VisitorSet } from './visitor-set.js';

const partCount = 25;

/**
 * Visitors that were added within a time, as keyed hashes. One is kept for that time at least, and a twenty-fourth of it
 * longer at most: sets of a part of the time each, of which the oldest is dropped whole. So memory is bounded by how many
 * are added within the time.
 */
export class RecentVisitors {
  readonly #random: Random;
  readonly #partMs: number;
  /** The newest first. */
  #parts: { readonly number: number; readonly visitors: VisitorSet }[] = [];

  constructor(random: Random, keptMs: number) {
    this.#random = random;
    this.#partMs = keptMs / (partCount - 1);
  }

  /** `nowMs` never goes back. */
  add(id: string, nowMs: number): void {
    const number = Math.floor(nowMs / this.#partMs);
    this.#drop(number);
    const newest = this.#parts[0];
    if (newest?.number === number) newest.visitors.add(id);
    else {
      const visitors = new VisitorSet(this.#random);
      visitors.add(id);
      this.#parts.unshift({ number, visitors });
    }
  }

  has(id: string, nowMs: number): boolean {
    this.#drop(Math.floor(nowMs / this.#partMs));
    return this.#parts.some(({ visitors }) => visitors.has(id));
  }

  #drop(number: number): void {
    for (let last = this.#parts.at(-1); last !== undefined && last.number <= number - partCount; ) {
      this.#parts.pop();
      last = this.#parts.at(-1);
    }
  }
}
