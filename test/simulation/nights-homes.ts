import { FolderHome } from '../../src/memory/folder-home.js';
import { emptyRecords } from '../../src/memory/forget.js';
import type {
  MemoryHome,
  MemoryState,
  MemoryView,
  Outcome,
  VisitorKey,
  Written,
} from '../../src/memory/memory-home.js';
import type { VisitorStore } from '../../src/memory/store.js';
import { heldRecords, heldStore } from '../memory/support/held-store.js';
import type { MakeNightsHome } from './nights.js';
import type { SimProcess } from './sim-process.js';
import type { World } from './simulated-world.js';

/** The program's own home in a folder, over a store that takes its time. */
export const nightsInFolder: MakeNightsHome = (world, keyCheck) => {
  const held = heldRecords();
  return {
    open(process) {
      // All on one machine: a process that stands still shares the monotonic clock with the others.
      const clock = world.clocks(() => process.isAlive);
      const folder = '/state/memory';
      const openStore = async () => slowStore(world, process, heldStore(held));
      const home = FolderHome.open({
        folder,
        keyPath: '/k',
        keyCheck,
        owner: 'acme',
        clock,
        bootClock: clock,
        openStore,
      });
      return lateHome(home, 5_000);
    },
    records: () => held.visitors,
    forget() {
      const clock = world.clocks(() => true);
      const now = { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs(), timeBase: clock.bootId() ?? '' };
      void heldStore(held).transact((records) => emptyRecords(records, '/m', '/away', now));
    },
  };
};

function slowStore(world: World, process: SimProcess, store: VisitorStore): VisitorStore {
  return {
    ...store,
    transact: (work) =>
      new Promise((resolve, reject) => {
        process.at(world.whole(0, 15), () => {
          const done = store.transact(work);
          const tell = (run: () => void) => process.at(world.whole(0, 15), run);
          done.then(
            (value) => tell(() => resolve(value)),
            (error: unknown) => tell(() => reject(error)),
          );
        });
      }),
  };
}

function lateHome(home: Promise<MemoryHome>, marginMs: number): MemoryHome {
  return {
    marginMs,
    read: async (keys, look) => (await home).read(keys, look),
    transact: async (keys, work) => (await home).transact(keys, work),
    absence: () => null,
    watchAbsence: () => {},
    size: async () => (await home).size(),
    close: async () => (await home).close(),
  };
}

/**
 * A home on another machine, with a clock of its own that knows nothing of who sleeps: what PostgreSQL will be. A
 * connection is cut now and then, before or after what was asked for was done.
 */
export const nightsElsewhere: MakeNightsHome = (world) => {
  const records = new Map<string, Uint8Array>();
  let state: MemoryState = { isMade: false, allUntilMs: 0, latestUntilMs: 0 };
  const view = (keys: readonly VisitorKey[]): MemoryView => ({
    time: { ms: world.trueMs, wallMs: world.trueMs },
    state,
    record(index) {
      const found = records.get(textOf(keys[index]));
      return found === undefined ? null : new DataView(found.buffer, found.byteOffset, found.byteLength);
    },
  });
  const commit = <T>(keys: readonly VisitorKey[], work: (view: MemoryView) => Written<T>): T => {
    const written = work(view(keys));
    state = written.state ?? state;
    for (const [index, record] of written.records) records.set(textOf(keys[index]), Uint8Array.from(record));
    return written.answer;
  };
  return {
    open: (process) => {
      const later = <T>(run: () => T): Promise<T> =>
        new Promise((resolve) => process.at(world.whole(0, 30), () => resolve(run())));
      return {
        marginMs: 5_000,
        read: (keys, look) => later(() => look(view(keys))),
        transact: async <T>(
          keys: readonly VisitorKey[],
          work: (view: MemoryView) => Written<T>,
        ): Promise<Outcome<T>> => {
          const isCut = world.chance(0.05);
          const outcome = await later<Outcome<T>>(() => {
            if (isCut && world.chance(0.5)) return { kind: 'unknown', cause: null };
            const answer = commit(keys, work);
            return isCut ? { kind: 'unknown', cause: null } : { kind: 'committed', answer };
          });
          return later(() => outcome);
        },
        absence: () => null,
        watchAbsence: () => {},
        size: async () => ({ visitors: records.size, bytesOnDisk: 0 }),
        close: async () => {},
      };
    },
    records: () => records,
    forget() {
      records.clear();
      state = { isMade: false, allUntilMs: state.latestUntilMs, latestUntilMs: state.latestUntilMs };
    },
  };
};

function textOf(key: VisitorKey | undefined): string {
  return Buffer.from(key ?? []).toString('hex');
}
