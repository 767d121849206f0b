import { basename } from 'node:path';

/** Tells of changes in a folder, by the system's own notices. Loaded when it is wanted: a single pass has no use for it. */
export interface Watcher {
  close(): Promise<void>;
}

/** `onError`: notices may not come any more (too many watches, a network disk): look from time to time as well. */
export async function watchFolder(
  folder: string,
  onChange: () => void,
  onError: (error: unknown) => void,
): Promise<Watcher> {
  const { watch } = await import('chokidar');
  const isOwn = (path: string) => path !== folder && basename(path).startsWith('.');
  const watcher = watch(folder, { depth: 0, ignoreInitial: true, ignored: isOwn });
  watcher.on('all', onChange).on('error', onError);
  return { close: () => watcher.close() };
}
