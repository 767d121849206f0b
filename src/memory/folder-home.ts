import type { BootClock, Clock } from '../platform/ports.js';
import { formatMeta, type HomeMeta, parseMeta } from './home-meta.js';
import { type HomeAnchor, homeAnchor, type MachineInstant } from './home-time.js';
import { damagedMemory, keyMissing, movedMemory } from './memory-errors.js';
import type {
  HomeTime,
  MemoryHome,
  MemorySize,
  MemoryState,
  MemoryView,
  Outcome,
  VisitorKey,
  Written,
} from './memory-home.js';
import type { Records, VisitorStore } from './store.js';

/** The anchor of the home's time is written again when it is so old, and something else is written. */
const anchorMs = 10_000;

export interface FolderHomeOptions {
  /** For messages. */
  readonly folder: string;
  readonly keyPath: string;
  /** Of the secret that rows are hashed with. */
  readonly keyCheck: string;
  /** Whose memory it is. */
  readonly owner: string;
  readonly clock: Clock;
  readonly bootClock: BootClock;
  /** Opens the store, and creates it if it is missing. */
  readonly openStore: () => Promise<VisitorStore>;
}

/**
 * A memory in a folder, for one machine.
 *
 * Invariants: in every transaction version, key and owner are compared before a record is read; what a transaction
 * writes is written only when all of its work is done. A store that was moved away (`--forget`) is left for the one that
 * stands in its place: it is moved only when none of its marks is open.
 */
export class FolderHome implements MemoryHome {
  readonly marginMs = 5_000;
  readonly #options: FolderHomeOptions;
  readonly #timeBase: string;
  #store: VisitorStore;

  private constructor(store: VisitorStore, options: FolderHomeOptions) {
    this.#store = store;
    this.#options = options;
    const { clock, bootClock } = options;
    // Where the system does not name its boots, this process's readings compare with each other alone.
    this.#timeBase = bootClock.bootId() ?? `process ${clock.wallMs()} ${clock.monotonicMs()}`;
  }

  static async open(options: FolderHomeOptions): Promise<FolderHome> {
    return new FolderHome(await options.openStore(), options);
  }

  read<T>(keys: readonly VisitorKey[], look: (view: MemoryView) => T): Promise<T> {
    return this.#inPlace((records) => look(viewOf(this.#readMeta(records), records, keys)));
  }

  async transact<T>(keys: readonly VisitorKey[], work: (view: MemoryView) => Written<T>): Promise<Outcome<T>> {
    try {
      const answer = await this.#inPlace((records) => {
        const meta = this.#readMeta(records);
        const written = work(viewOf(meta, records, keys));
        this.#write(records, keys, meta, written);
        return written.answer;
      });
      return { kind: 'committed', answer };
    } catch (cause) {
      return { kind: 'not-committed', cause };
    }
  }

  /** Of this machine: it is never away. */
  absence(): null {
    return null;
  }

  watchAbsence(): void {}

  size(): Promise<MemorySize> {
    return this.#inPlace((records) => records.size());
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** In the store that stands where this one belongs. */
  async #inPlace<T>(work: (records: Records) => T): Promise<T> {
    for (;;) {
      const store = this.#store;
      const done = await store.transact((records) => (store.isInPlace() ? { value: work(records) } : null));
      if (done !== null) return done.value;
      this.#store = await this.#options.openStore();
      await store.close();
    }
  }

  /** As of now. @throws MachineError for a memory that is not to be used. */
  #readMeta(records: Records): OpenMeta {
    const { folder, keyPath, keyCheck, owner } = this.#options;
    const text = records.getRegistry();
    if (text === null && records.size().visitors > 0) throw damagedMemory(folder, 'records without their head');
    const found = text === null ? null : parseMeta(folder, text);
    if (found !== null && found.owner !== owner) {
      throw damagedMemory(folder, 'it belongs to another client code or endpoint');
    }
    if (found !== null && found.keyCheck !== null && found.keyCheck !== keyCheck) throw keyMissing(keyPath);
    if (found !== null && found.moved !== null) throw movedMemory(folder, found.moved.to);
    const anchor = homeAnchor(found?.anchor ?? null, this.#now());
    return { found, state: found?.state ?? nothingRemembered, anchor, time: timeOf(anchor, this.#options.clock) };
  }

  #write<T>(records: Records, keys: readonly VisitorKey[], meta: OpenMeta, written: Written<T>): void {
    const { found, anchor } = meta;
    const { owner, keyCheck } = this.#options;
    if (written.state === null && written.records.size === 0) return;
    const isOld =
      found === null ||
      found.anchor.timeBase !== anchor.timeBase ||
      anchor.homeMs - found.anchor.homeMs >= anchorMs ||
      found.keyCheck === null;
    if (isOld || written.state !== null) {
      records.putRegistry(formatMeta({ owner, keyCheck, state: written.state ?? meta.state, anchor, moved: null }));
    }
    // In their order in the store: each page is touched once.
    const changed = [...written.records].map(([index, record]) => ({ key: keyAt(keys, index), record }));
    for (const { key, record } of changed.sort((one, other) => Buffer.compare(one.key, other.key))) {
      records.put(key, record);
    }
  }

  #now(): MachineInstant {
    const { clock } = this.#options;
    return { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs(), timeBase: this.#timeBase };
  }
}

interface OpenMeta {
  /** `null`: the home begins. */
  readonly found: HomeMeta | null;
  readonly state: MemoryState;
  readonly anchor: HomeAnchor;
  readonly time: HomeTime;
}

const nothingRemembered: MemoryState = { isMade: false, allUntilMs: 0, latestUntilMs: 0 };

function viewOf({ state, time }: OpenMeta, records: Records, keys: readonly VisitorKey[]): MemoryView {
  return { state, time, record: (index) => records.get(keyAt(keys, index)) };
}

function timeOf({ homeMs }: HomeAnchor, clock: Clock): HomeTime {
  return { ms: homeMs, wallMs: clock.wallMs() };
}

function keyAt(keys: readonly VisitorKey[], index: number): VisitorKey {
  const key = keys[index];
  if (key === undefined) throw new RangeError('a record without its key');
  return key;
}
