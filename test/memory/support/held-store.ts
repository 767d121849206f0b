import type { Records, VisitorStore } from '../../../src/memory/store.js';

/** What lies "on disk": it outlives the runs that use it. */
export interface HeldRecords {
  readonly visitors: Map<string, Uint8Array>;
  registry: string | null;
  /** Set: the next transactions reject with it, having written nothing. */
  failure: Error | null;
}

export function heldRecords(): HeldRecords {
  return { visitors: new Map(), registry: null, failure: null };
}

/**
 * A store in memory with lmdb's promises: transactions one at a time, in the order in which they were asked for,
 * resolving later. `isCut` says that the process has been killed: what has not started never does, and nothing resolves.
 */
export function heldStore(held: HeldRecords, isCut: () => boolean = () => false): VisitorStore {
  return {
    async transact(work) {
      await null;
      if (isCut()) return await new Promise<never>(() => {});
      if (held.failure !== null) throw held.failure;
      const result = work(recordsOf(held));
      await null;
      if (isCut()) return await new Promise<never>(() => {});
      return result;
    },
    isInPlace: () => true,
    close: async () => {},
  };
}

function recordsOf(held: HeldRecords): Records {
  const keyOf = (visitor: Uint8Array) => Buffer.from(visitor).toString('hex');
  return {
    get(visitor) {
      const found = held.visitors.get(keyOf(visitor));
      return found === undefined ? null : new DataView(found.buffer, found.byteOffset, found.byteLength);
    },
    list: (after, count) =>
      [...held.visitors]
        .filter(([key]) => after === null || key > keyOf(after))
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .slice(0, count)
        .map(([key, record]) => ({ key: Buffer.from(key, 'hex'), record })),
    put(visitor, record) {
      held.visitors.set(keyOf(visitor), Uint8Array.from(record));
    },
    getRegistry: () => held.registry,
    putRegistry(text) {
      held.registry = text;
    },
    size: () => ({ visitors: held.visitors.size, bytesOnDisk: 0 }),
    clear() {
      held.visitors.clear();
      held.registry = null;
    },
    moveAway: () => false,
  };
}
