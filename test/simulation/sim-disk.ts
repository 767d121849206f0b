import { dirname } from 'node:path';
import type { Disk, DiskFile, FileStat, OpenMode } from '../../src/platform/ports.js';
import type { World } from './simulated-world.js';

/**
 * A disk in memory that tells what was written from what is durable.
 *
 * The fault model: a process that is killed leaves all that it wrote (an operation in flight may be done, half done or
 * not done). A power loss leaves of each file what was fsynced, and of what was appended since, any part from its
 * beginning, or zeros of its size; of the changes to a folder since its fsync, any number from the first on.
 */
export class SimDisk {
  readonly #world: World;
  #inodeNumber = 1;
  #now = new Map<string, Inode>();
  /** Changes of names since the folder's last fsync, in order; the durable names are without them. */
  #durable = new Map<string, Inode>();
  #pending: { readonly folder: string; readonly apply: (names: Map<string, Inode>) => void }[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  put(path: string, content: Buffer): void {
    const inode = this.#newInode();
    inode.content = content;
    inode.durable = content;
    this.#now.set(path, inode);
    this.#durable.set(path, inode);
  }

  content(path: string): Buffer | null {
    return this.#now.get(path)?.content ?? null;
  }

  get paths(): string[] {
    return [...this.#now.keys()];
  }

  losePower(): void {
    const survivorCount = this.#world.whole(0, this.#pending.length);
    for (const { apply } of this.#pending.slice(0, survivorCount)) apply(this.#durable);
    this.#pending = [];
    for (const inode of new Set(this.#durable.values())) inode.content = this.#whatSurvives(inode);
    for (const inode of new Set(this.#durable.values())) inode.durable = inode.content;
    this.#now = new Map(this.#durable);
  }

  #whatSurvives({ content, durable }: Inode): Buffer {
    if (content.length <= durable.length) return durable;
    const keptBytes = this.#world.whole(durable.length, content.length);
    const kept = content.subarray(0, keptBytes);
    if (!this.#world.chance(0.3)) return kept;
    return Buffer.concat([durable, Buffer.alloc(keptBytes - durable.length)]);
  }

  /**
   * The disk as one process sees it: once it is dead, nothing it began comes to an end. `enter` lets it continue: at once,
   * unless it stands still.
   */
  face(isAlive: () => boolean, enter: (run: () => void) => void = (run) => run()): Disk {
    const act = <Value>(run: () => Value): Promise<Value> =>
      new Promise((resolve, reject) => {
        const act = () =>
          enter(() => {
            if (!isAlive()) return;
            try {
              resolve(run());
            } catch (error) {
              reject(error);
            }
          });
        if (this.#world.chance(0.1)) this.#world.at(this.#world.whole(0, 20), act);
        else act();
      });
    return {
      open: (path, mode) => act(() => this.#open(path, mode, act, isAlive)),
      openInput: (path) => act(() => this.#open(path, 'read', act, isAlive)),
      look: (path) => act(() => this.#statOf(this.#find(path))),
      stat: (path) =>
        act(() =>
          path === simFolder
            ? { kind: 'folder', sizeBytes: 0, modifiedMs: 0, modifiedNs: '0', identity: '1:0', mode: 0o700 }
            : this.#statOf(this.#find(String(path))),
        ),
      rename: (from, to) => act(() => this.#rename(String(from), to)),
      link: (from, to) =>
        act(() => {
          if (this.#now.has(to)) throw systemError('EEXIST');
          const inode = this.#find(from);
          this.#change(to, (names) => names.set(to, inode));
        }),
      remove: (path) =>
        act(() => {
          this.#find(String(path));
          this.#change(String(path), (names) => names.delete(String(path)));
        }),
      list: (folder) =>
        act(() => this.paths.filter((path) => dirname(path) === folder).map((path) => path.slice(folder.length + 1))),
      listBytes: () => Promise.reject(new Error('no run reads names as bytes')),
      makeFolder: () => act(() => {}),
      makeOwnFolder: () => act(() => {}),
      syncFolder: (folder) => act(() => this.#syncFolder(folder)),
    };
  }

  #newInode(): Inode {
    const wallMs = this.#world.wallMs();
    return { number: this.#inodeNumber++, content: Buffer.alloc(0), durable: Buffer.alloc(0), modifiedMs: wallMs };
  }

  #find(path: string): Inode {
    const inode = this.#now.get(path);
    if (inode === undefined) throw systemError('ENOENT');
    return inode;
  }

  #change(path: string, apply: (names: Map<string, Inode>) => void): void {
    apply(this.#now);
    this.#pending.push({ folder: dirname(path), apply });
  }

  #rename(from: string, to: string): void {
    const inode = this.#find(from);
    this.#change(to, (names) => {
      names.delete(from);
      names.set(to, inode);
    });
  }

  #syncFolder(folder: string): void {
    for (const { apply } of this.#pending.filter((one) => one.folder === folder)) apply(this.#durable);
    this.#pending = this.#pending.filter((one) => one.folder !== folder);
  }

  #open(
    path: string,
    mode: OpenMode,
    act: <Value>(run: () => Value) => Promise<Value>,
    isAlive: () => boolean,
  ): DiskFile {
    if (mode === 'create' && this.#now.has(path)) throw systemError('EEXIST');
    if ((mode === 'append' || mode === 'create') && !this.#now.has(path)) {
      const made = this.#newInode();
      this.#change(path, (names) => names.set(path, made));
    }
    const inode = this.#find(path);
    const touch = () => {
      inode.modifiedMs = this.#world.wallMs();
    };
    return {
      read: (into, positionBytes) =>
        act(() => {
          const part = inode.content.subarray(positionBytes, positionBytes + into.length);
          into.set(part);
          return part.length;
        }),
      append: (bytes) => {
        const copy = Buffer.from(bytes);
        // A part of it may be there before a death, and the rest not.
        const firstBytes = this.#world.chance(0.2) ? this.#world.whole(0, copy.length) : 0;
        if (firstBytes > 0 && isAlive()) inode.content = Buffer.concat([inode.content, copy.subarray(0, firstBytes)]);
        return act(() => {
          inode.content = Buffer.concat([inode.content, copy.subarray(firstBytes)]);
          touch();
        });
      },
      sync: () =>
        act(() => {
          inode.durable = inode.content;
        }),
      truncate: (sizeBytes) =>
        act(() => {
          inode.content = inode.content.subarray(0, sizeBytes);
          if (inode.durable.length > sizeBytes) inode.durable = inode.content;
          touch();
        }),
      stat: () => act(() => this.#statOf(inode)),
      close: () => act(() => {}),
    };
  }

  #statOf(inode: Inode): FileStat {
    return {
      kind: 'file',
      sizeBytes: inode.content.length,
      modifiedMs: inode.modifiedMs,
      modifiedNs: `${inode.modifiedMs}000000`,
      identity: `1:${inode.number}`,
      mode: 0o600,
    };
  }
}

/** The one folder that there is. */
export const simFolder = '/drop';

interface Inode {
  readonly number: number;
  content: Buffer;
  durable: Buffer;
  modifiedMs: number;
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}
