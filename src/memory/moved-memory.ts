import { dirname, join } from 'node:path';
import { checkLmdbFile } from '../lmdb/file-check.js';
import { systemBootClock, systemClock } from '../platform/clock.js';
import { realDisk } from '../platform/disk.js';
import { formatMeta, type HomeMeta, parseMeta } from './home-meta.js';
import { homeAnchor } from './home-time.js';
import { openLmdbStore } from './lmdb-store.js';
import { keyMissing, movedMemory } from './memory-errors.js';
import type { MemoryView, VisitorKey, Written } from './memory-home.js';
import { dataPathIn, readSecret } from './paths-and-key.js';
import type { AttributeState } from './record/attribute-state.js';
import { type AttributeEntry, decodeRecord, encodeRecord } from './record/visitor-record.js';
import type { VisitorStore } from './store.js';

/** A record on its way to another home. */
export interface MovedRecord {
  readonly key: VisitorKey;
  readonly entries: readonly AttributeEntry[];
}

/**
 * A folder's memory that moves to another home. Invariant: it is marked first, with all processes that use it; from then
 * on nothing in it changes, so it can be read in pieces, by several calls, and is always the same.
 */
export class MovedMemory {
  readonly #folder: string;
  readonly #store: VisitorStore;
  #meta: HomeMeta;

  private constructor(folder: string, store: VisitorStore, meta: HomeMeta) {
    this.#folder = folder;
    this.#store = store;
    this.#meta = meta;
  }

  /** Marks it. `null`: there is no memory, or one that nobody ever used. @throws MachineError */
  static async open(folder: string, to: string): Promise<MovedMemory | null> {
    if ((await checkLmdbFile(realDisk, dataPathIn(folder))).kind !== 'sound') return null;
    const store = await openLmdbStore(folder);
    try {
      const meta = await store.transact((records) => {
        const text = records.getRegistry();
        if (text === null) return null;
        const found = parseMeta(folder, text);
        if (found.moved !== null && found.moved.to !== to) throw movedMemory(folder, found.moved.to);
        const marked = { ...found, moved: found.moved ?? { to, isDone: false } };
        if (found.moved === null) records.putRegistry(formatMeta(marked));
        return marked;
      });
      if (meta !== null) return new MovedMemory(folder, store, meta);
    } catch (error) {
      await store.close();
      throw error;
    }
    await store.close();
    return null;
  }

  get owner(): string {
    return this.#meta.owner;
  }

  get isDone(): boolean {
    return this.#meta.moved?.isDone === true;
  }

  /** It remembers visitors: some run has used --changed-only. */
  get isMade(): boolean {
    return this.#meta.state.isMade && this.#meta.keyCheck !== null;
  }

  /** Some run has sent under a mark of it. */
  get wasUsed(): boolean {
    return this.#meta.state.latestUntilMs > 0;
  }

  /** Attempts under its marks may still arrive. */
  get isOpen(): boolean {
    return this.#meta.state.latestUntilMs > this.#nowMs();
  }

  /** Of its hashes. @throws MachineError */
  async secret(): Promise<Uint8Array> {
    const keyPath = join(dirname(this.#folder), 'memory.key');
    const secret = await readSecret(realDisk, { keyPath });
    if (secret === null) throw keyMissing(keyPath);
    return secret;
  }

  /** In the order of their keys, behind `after`. */
  async records(after: VisitorKey | null, count: number): Promise<MovedRecord[]> {
    const found = await this.#store.transact((records) => records.list(after, count));
    return found.map(({ key, record }) => {
      const view = new DataView(record.buffer, record.byteOffset, record.length);
      return { key, entries: decodeRecord(key, view) };
    });
  }

  /**
   * What writes records of it, and what holds for all visitors, in a home with that margin. Its times become those of the
   * other home: what is open here stays open there for as long, and for the margin.
   */
  writtenIn(marginMs: number, piece: readonly MovedRecord[]): (view: MemoryView) => Written<undefined> {
    return ({ time }) => {
      const hereMs = this.#nowMs();
      const there = (untilMs: number) => (untilMs <= hereMs ? 0 : time.ms + untilMs - hereMs + marginMs);
      const moved = (state: AttributeState): AttributeState =>
        state.kind === 'known'
          ? { ...state, openUntilMs: there(state.openUntilMs) }
          : { ...state, untilMs: there(state.untilMs), othersUntilMs: there(state.othersUntilMs) };
      const { allUntilMs, latestUntilMs } = this.#meta.state;
      const all = piece.map(({ key, entries }, index): [number, Uint8Array] => {
        const movedEntries = entries.map(({ name, state }) => ({ name, state: moved(state) }));
        return [index, encodeRecord(key, movedEntries)];
      });
      // Never 0: the database's runs have to know that somebody marked here.
      const state = { isMade: true, allUntilMs: there(allUntilMs), latestUntilMs: Math.max(1, there(latestUntilMs)) };
      return { answer: undefined, state, records: new Map(all) };
    };
  }

  async visitorCount(): Promise<number> {
    return this.#store.transact((records) => records.size().visitors);
  }

  async markDone(): Promise<void> {
    const { moved } = this.#meta;
    if (moved === null) return;
    this.#meta = { ...this.#meta, moved: { ...moved, isDone: true } };
    await this.#store.transact((records) => {
      records.putRegistry(formatMeta(this.#meta));
    });
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #nowMs(): number {
    const timeBase = systemBootClock.bootId() ?? '';
    const now = { monotonicMs: systemClock.monotonicMs(), wallMs: systemClock.wallMs(), timeBase };
    return homeAnchor(this.#meta.anchor, now).homeMs;
  }
}
