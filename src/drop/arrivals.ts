import type { FileStat } from '../platform/ports.js';

/** Which files are whole. Pure but for what it remembers of earlier looks. */

export interface ArrivalOptions {
  readonly marker: string | null;
  readonly settleMs: number;
}

export interface LookedAt {
  readonly name: string;
  readonly stat: FileStat;
}

/** When a look is taken. */
export interface Now {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** `dueMonotonicMs`: when it will have settled if nothing touches it; `null` where only a marker can tell. */
export type Arrival =
  | { readonly kind: 'arrived' }
  | { readonly kind: 'coming'; readonly dueMonotonicMs: number | null };

export class Arrivals {
  readonly #options: ArrivalOptions;
  #firstLookMonotonicMs: number | null = null;
  /** Since when each name was seen to stand still. */
  #still = new Map<string, { readonly print: string; readonly sinceMonotonicMs: number }>();

  constructor(options: ArrivalOptions) {
    this.#options = options;
  }

  /** One look at all inputs; `names` is all that the folder holds, markers among it. What is not there is forgotten. */
  look(files: readonly LookedAt[], names: ReadonlySet<string>, now: Now): Map<string, Arrival> {
    this.#firstLookMonotonicMs ??= now.monotonicMs;
    const before = this.#still;
    this.#still = new Map();
    const arrivals = new Map<string, Arrival>();
    for (const { name, stat } of files) {
      const print = printOf(stat);
      const earlier = before.get(name);
      const sinceMonotonicMs = earlier?.print === print ? earlier.sinceMonotonicMs : now.monotonicMs;
      this.#still.set(name, { print, sinceMonotonicMs });
      arrivals.set(name, this.#hasMarker(name, names) ?? this.#settled(stat, sinceMonotonicMs, now));
    }
    return arrivals;
  }

  /** What has stood still since the first look has settled by then; `null` before the first look. */
  firstSettledMonotonicMs(): number | null {
    return this.#firstLookMonotonicMs === null ? null : this.#firstLookMonotonicMs + this.#options.settleMs;
  }

  #hasMarker(name: string, names: ReadonlySet<string>): Arrival | null {
    const { marker } = this.#options;
    if (marker === null) return null;
    return names.has(name + marker) ? { kind: 'arrived' } : { kind: 'coming', dueMonotonicMs: null };
  }

  #settled(stat: FileStat, sinceMonotonicMs: number, now: Now): Arrival {
    const { settleMs } = this.#options;
    const oldEnoughMonotonicMs = now.monotonicMs + settleMs - (now.wallMs - stat.modifiedMs);
    const dueMonotonicMs = Math.max(sinceMonotonicMs + settleMs, oldEnoughMonotonicMs);
    return dueMonotonicMs <= now.monotonicMs ? { kind: 'arrived' } : { kind: 'coming', dueMonotonicMs };
  }
}

/** Size, time and inode: what `send` trusts too. */
export function printOf(stat: FileStat): string {
  return `${stat.sizeBytes} ${stat.modifiedNs} ${stat.identity}`;
}
