import { basename } from 'node:path';
import { realDisk } from '../../../src/platform/disk.js';
import type { Disk, DiskFile } from '../../../src/platform/ports.js';

/** One operation on the disk: `rename drop.csv.checkpoint.json.abc.tmp drop.csv.checkpoint.json`. */
export type Operation = string;

/** The real disk, which writes down what is asked of it, and refuses where a test says so. */
export interface WatchedDisk extends Disk {
  /** What changed something or made it durable, in order; reading and closing are left out. */
  readonly operations: Operation[];
  /** Called before each of them with its text and its number (from 1); what it returns is awaited, what it throws is the answer. */
  before: (operation: Operation, number: number) => Promise<void> | void;
  /** Whether nothing is in flight; what `before` holds back is not. */
  isIdle(): boolean;
}

export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: as the test wants it`), { code });
}

export function watchedDisk(): WatchedDisk {
  const operations: Operation[] = [];
  let inFlightCount = 0;
  const count = async <Value>(act: () => Promise<Value>): Promise<Value> => {
    inFlightCount += 1;
    try {
      return await act();
    } finally {
      inFlightCount -= 1;
    }
  };
  const watch = async <Value>(operation: Operation, act: () => Promise<Value>): Promise<Value> => {
    operations.push(operation);
    await disk.before(operation, operations.length);
    return count(act);
  };
  const watchedFile = (file: DiskFile, name: string): DiskFile => ({
    read: (into, positionBytes) => count(() => file.read(into, positionBytes)),
    append: (bytes) => watch(`append ${name}`, () => file.append(bytes)),
    sync: () => watch(`sync ${name}`, () => file.sync()),
    truncate: (sizeBytes) => watch(`truncate ${name} ${sizeBytes}`, () => file.truncate(sizeBytes)),
    stat: () => count(() => file.stat()),
    close: () => count(() => file.close()),
  });
  const disk: WatchedDisk = {
    operations,
    before: () => {},
    isIdle: () => inFlightCount === 0,
    async open(path, mode) {
      const name = basename(path);
      if (mode === 'read' || mode === 'read-linked')
        return watchedFile(await count(() => realDisk.open(path, mode)), name);
      return watchedFile(await watch(`open ${name} ${mode}`, () => realDisk.open(path, mode)), name);
    },
    openInput: async (path) => watchedFile(await count(() => realDisk.openInput(path)), basename(path)),
    stat: (path) => count(() => realDisk.stat(path)),
    look: (path) => count(() => realDisk.look(path)),
    rename: (from, to) => watch(`rename ${basename(String(from))} ${basename(to)}`, () => realDisk.rename(from, to)),
    link: (from, to) => watch(`link ${basename(from)} ${basename(to)}`, () => realDisk.link(from, to)),
    remove: (path) => watch(`remove ${basename(String(path))}`, () => realDisk.remove(path)),
    list: (folder) => count(() => realDisk.list(folder)),
    listBytes: (folder) => count(() => realDisk.listBytes(folder)),
    makeFolder: (path) => count(() => realDisk.makeFolder(path)),
    makeOwnFolder: (path) => count(() => realDisk.makeOwnFolder(path)),
    syncFolder: (folder) => watch('syncFolder', () => realDisk.syncFolder(folder)),
  };
  return disk;
}
