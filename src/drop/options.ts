import type { SendHooks, SendOptions } from '../job/terms/options.js';
import type { JobSummary } from '../job/terms/summary.js';

/** What `drop` does beside what `send` does with each file. Its job files have their own place: `out`, `name`, `restart` and `allowOutdated` are not taken. */
export interface DropOptions extends Omit<SendOptions, 'out' | 'name' | 'restart' | 'allowOutdated'> {
  /** Globs of names that are taken: `*`, `?`, `[a-z]`, `{csv,txt}`. */
  readonly match: readonly string[];
  /** A file has arrived when `<file><marker>` is there; `null`: when it was seen to stand still for `settleMs`. */
  readonly marker: string | null;
  readonly settleMs: number;
  /** Stays and takes what arrives; `false`: one pass. */
  readonly watch: boolean;
}

export interface DropHooks extends SendHooks {
  /** Called as each file ends, with its jobs as they stand in the summary. */
  readonly onFileEnd?: (jobs: readonly JobSummary[]) => void;
}
