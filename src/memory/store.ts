import type { MemorySize } from './memory-home.js';

/** Where the records are kept: what the memory asks of lmdb (lmdb-store.ts), small enough for a test to stand in. */
export interface VisitorStore {
  /**
   * Runs `work` with the store to itself, among all processes. Resolves when what it wrote is durable; rejects with
   * what `work` threw (of what it wrote before, any part may stay), or with the system's error.
   */
  transact<T>(work: (records: Records) => T): Promise<T>;
  /** Whether the store still stands where it was opened: `forget` moves it away. */
  isInPlace(): boolean;
  /** Resolves when the transactions in flight are done. Once for each opening. */
  close(): Promise<void>;
}

/** Valid during the transaction only. */
export interface Records {
  /** The record of a visitor (its 12-byte key), `null` if there is none; its bytes are valid until the next `get`. */
  get(visitor: Uint8Array): DataView | null;
  /** Visitors in the order of their keys, behind `after` (`null`: from the first one), `count` at most. */
  list(after: Uint8Array | null, count: number): { readonly key: Uint8Array; readonly record: Uint8Array }[];
  /** `record` may be used again when this returns. */
  put(visitor: Uint8Array, record: Uint8Array): void;
  getRegistry(): string | null;
  putRegistry(text: string): void;
  size(): MemorySize;
  /** Removes everything, the registry too. */
  clear(): void;
  /** Moves the whole store elsewhere, where the system lets it be moved while it is open. */
  moveAway(to: string): boolean;
}
