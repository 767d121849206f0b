import type { FileStat } from '../platform/ports.js';

/** Which files are whole. Pure but for what it remembers of earlier looks. */

export interface ArrivalOptions {
  readonly marker: string | null;
  readonly settleMs: number;
}

/** `dueMonotonicMs`: when it will have settled if nothing touches it; `null` where only a marker can tell. */
export type Arrival =
  | { readonly kind: 'arrived' }
  | { readonly kind: 'coming'; readonly dueMonotonicMs: number | null };

export class Arrivals {
  readonly #options: ArrivalOptions;
  /** Since when each file was seen to stand still. */
  readonly #still = new Map<string, { readonly print: string; readonly sinceMonotonicMs: number }>();

  constructor(options: ArrivalOptions) {
    this.#options = options;
  }

  /**
   * One look at one file. Its own time does not count: clocks differ, and tools keep the times of what they copy. What
   * counts is that it was seen to stand still.
   */
  see(key: string, stat: FileStat, hasMarker: boolean, nowMonotonicMs: number): Arrival {
    const { marker, settleMs } = this.#options;
    if (marker !== null) return hasMarker ? { kind: 'arrived' } : { kind: 'coming', dueMonotonicMs: null };
    const print = printOf(stat);
    const earlier = this.#still.get(key);
    const sinceMonotonicMs = earlier?.print === print ? earlier.sinceMonotonicMs : nowMonotonicMs;
    this.#still.set(key, { print, sinceMonotonicMs });
    const dueMonotonicMs = sinceMonotonicMs + settleMs;
    return dueMonotonicMs <= nowMonotonicMs ? { kind: 'arrived' } : { kind: 'coming', dueMonotonicMs };
  }

  /** Forgets files that do not exist any more: another file with that name has to stand still again. */
  forget(key: string): void {
    this.#still.delete(key);
  }
}

/** Size, time and inode: what `send` trusts too. */
export function printOf(stat: FileStat): string {
  return `${stat.sizeBytes} ${stat.modifiedNs} ${stat.identity}`;
}
