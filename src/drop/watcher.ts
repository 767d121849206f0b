import { watch } from 'node:fs';
import { textOf } from './names.js';
import type { Watcher } from './options.js';

/**
 * Tells of changes in a folder, by the system's own notices: one watch, however many files there are.
 *
 * `onChange`: the name that changed; `null` where it is not told, or is not UTF-8. `onError`: notices may not come any
 * more (too many watches, a network disk): look from time to time as well.
 */
export function watchFolder(
  folder: string,
  onChange: (name: string | null) => void,
  onError: (error: unknown) => void,
): Watcher {
  try {
    const watcher = watch(folder, { encoding: 'buffer' });
    watcher.on('change', (_event, name) => {
      const text = name instanceof Uint8Array ? textOf(name) : null;
      if (text === null || !text.startsWith('.')) onChange(text);
    });
    watcher.on('error', onError);
    return { close: () => watcher.close() };
  } catch (error) {
    onError(error);
    return { close() {} };
  }
}
