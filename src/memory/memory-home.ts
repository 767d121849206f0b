/**
 * Where the memory of one client code and origin is kept: what the memory asks of a folder (folder-home.ts), and of any
 * other home. Marks and verdicts stand above it, once for all homes.
 */
export interface MemoryHome {
  /** How much longer than its marker needs a mark is to last: the home's time may be off by as much. */
  readonly marginMs: number;
  /** Looks at the records of `keys` as they are. May be answered from an older state of a few moments ago. Changes nothing. */
  read<T>(keys: readonly VisitorKey[], look: (view: MemoryView) => T): Promise<T>;
  /**
   * Runs `work` with the records of `keys` and the state to itself, among all processes, and writes what it comes to,
   * all or nothing. `work` is pure and synchronous, and may run several times. Where it throws, nothing is written.
   */
  transact<T>(keys: readonly VisitorKey[], work: (view: MemoryView) => Written<T>): Promise<Outcome<T>>;
  /** While somebody waits because the home cannot be reached: since when, and why. `null`: it is not away. */
  absence(): MemoryAbsence | null;
  /** From now on `told` is called when an absence begins or ends, in place of `onAway` of who opened the home; `null`: not any more. */
  watchAbsence(told: (() => void) | null): void;
  size(): Promise<MemorySize>;
  /** Resolves when what was asked for is done. */
  close(): Promise<void>;
}

/** A visitor's key: 12 bytes. */
export type VisitorKey = Uint8Array;

/** Valid until the work or look returns. */
export interface MemoryView {
  readonly time: HomeTime;
  readonly state: MemoryState;
  /** The record of the key with this index, `null` where there is none; its bytes are valid until the next call. */
  record(index: number): DataView | null;
}

/** The home's time, at one instant for all of a transaction. Clients' clocks are never stored. */
export interface HomeTime {
  /** Never goes back, and never runs ahead of real time: at most it falls behind. */
  readonly ms: number;
  /** Unix time, for people and for `--refresh-after`. */
  readonly wallMs: number;
}

/** What holds for all visitors alike. */
export interface MemoryState {
  /** Some run has used --changed-only; before that, and after --forget, nothing is remembered. */
  readonly isMade: boolean;
  /** Until then, in the home's time, attempts may arrive for a visitor without a record. */
  readonly allUntilMs: number;
  /** No mark that was ever given lasts longer, in the home's time. */
  readonly latestUntilMs: number;
}

export interface Written<T> {
  readonly answer: T;
  /** `null`: it stays. */
  readonly state: MemoryState | null;
  /** By the keys' indexes; what is not in it stays. */
  readonly records: ReadonlyMap<number, Uint8Array>;
}

export type Outcome<T> =
  | { readonly kind: 'committed'; readonly answer: T }
  | { readonly kind: 'not-committed'; readonly cause: unknown }
  /** The connection broke as it was to be committed: it is, or it is not. */
  | { readonly kind: 'unknown'; readonly cause: unknown };

export interface MemoryAbsence {
  readonly sinceMonotonicMs: number;
  /** The home's own error. */
  readonly message: string;
}

export interface MemorySize {
  readonly visitors: number;
  readonly bytesOnDisk: number;
}
