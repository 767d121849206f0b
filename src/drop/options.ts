import type { FileEnd as JobFileEnd } from '../job/terms/file-end.js';
import type { SendHooks, SendOptions } from '../job/terms/options.js';

/**
 * What `drop` does beside what `send` does with each file. Its job files have their own place: `out`, `name`, `restart`,
 * `allowOutdated` and `limit` are not taken.
 */
export interface DropOptions extends Omit<SendOptions, 'out' | 'name' | 'restart' | 'allowOutdated' | 'limit'> {
  /** Globs of names that are taken: `*`, `?`, `[a-z]`, `{csv,txt}`. */
  readonly match: readonly string[];
  /** A file has arrived when `<file><marker>` is there; `null`: when it was seen to stand still for `settleMs`. */
  readonly marker: string | null;
  readonly settleMs: number;
  /** Stays and takes what arrives; `false`: one pass. */
  readonly watch: boolean;
}

/** Tells of changes in a folder until it is closed. */
export interface Watcher {
  close(): void;
}

/** The result of one file. */
export interface FileEnd extends Omit<JobFileEnd, 'file' | 'isInFailed'> {
  /** As it was in the drop folder. */
  readonly name: string;
  /** `stays`: it was stopped, and nothing after it may start. */
  readonly fate: 'archived' | 'failed' | 'gone' | 'stays';
  /** Where the file is now. */
  readonly path: string;
}

export interface DropHooks extends SendHooks {
  /** Called as each file ends. */
  readonly onFileEnd?: (end: FileEnd & JobFileEnd) => void;
  /** Called when what earlier runs began has been finished: files of theirs may have been put away since. */
  readonly onMoved?: () => Promise<void>;
  /** Who tells of new files, for a caller that puts them there itself; otherwise the system's notices do. */
  readonly watch?: (onChange: (name: string | null) => void) => Watcher;
}
