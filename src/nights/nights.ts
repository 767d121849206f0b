import type { SendEvent } from '../job/terms/events.js';
import type { FileEnd } from '../job/terms/file-end.js';
import type { RunSummary } from '../job/terms/summary.js';
import type { Cancel, Clock } from '../platform/ports.js';
import { ProfileDripError } from '../terms/errors.js';
import type { ExitStatus } from '../terms/exit-status.js';
import type { Keeping } from './keep.js';
import type { MetricsFile } from './metrics-file.js';
import { OnEnd } from './on-end.js';
import { commandRunner } from './run-command.js';

/** Loaded with the program, so it loads what it needs when that is asked for. What surrounds the jobs of a call: a command that hears of each, metrics, and the removal of what is old. */

export interface NightsHost {
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `isUrgent`: also with --quiet. */
  readonly warn: (code: 'on-end' | 'metrics-file' | 'keep', message: string, isUrgent: boolean) => void;
  /** What the command of --on-end printed. */
  readonly sayOutput: (text: string) => void;
}

export interface NightsSettings {
  readonly metricsFile: string | null;
  readonly keepDays: number | null;
  /** The call stays until a signal ends it. */
  readonly stays: boolean;
  /** Where the job files of `send` are. */
  readonly out: string | null;
  readonly name: string | null;
  readonly sandbox: boolean;
}

/** Where jobs of one client code come from. */
export interface Place {
  readonly clientCode: string;
  /** `null`: `send`, whose jobs' files are where the settings say. */
  readonly dropFolder: string | null;
}

/** A call that stays for weeks looks for what is old even if no file comes. */
const removeEveryMs = 3_600_000;

/**
 * States: new → started (`begin`, when the settings are right) → finished (`finish`). --on-end is known before the settings
 * are: a call that ends because of them has something to tell.
 *
 * Invariants: nothing here ends a run or changes its status; one removal runs at a time.
 */
export class Nights {
  readonly #host: NightsHost;
  readonly #onEnd: OnEnd;
  readonly #places: Place[] = [];
  #settings: NightsSettings | null = null;
  #metrics: MetricsFile | null = null;
  #keeping: Promise<void> = Promise.resolve();
  #cancelRemoval: Cancel = () => {};

  constructor(host: NightsHost) {
    this.#host = host;
    const run = commandRunner(host.clock, host.environment, host.sayOutput);
    this.#onEnd = new OnEnd(run, (message) => host.warn('on-end', message, true));
  }

  /** `null`: nobody is to be told. */
  tells(command: string | null): void {
    this.#onEnd.command = command;
  }

  async begin(settings: NightsSettings): Promise<void> {
    const { clock, warn } = this.#host;
    this.#settings = settings;
    const { metricsFile: path, stays } = settings;
    if (stays && settings.keepDays !== null) this.#removeFromTimeToTime();
    if (path === null) return;
    const sayFailure = (message: string) => warn('metrics-file', message, false);
    const { MetricsFile } = await import('./metrics-file.js');
    this.#metrics = await MetricsFile.open({ path, clock, stays, sayFailure });
  }

  /** Jobs of this place are told of from now on. */
  add(place: Place): void {
    this.#places.push(place);
    this.#metrics?.add(place.clientCode);
    if (this.#settings?.stays === true) this.#removeOldArchiveOf(place);
  }

  onEvent(event: SendEvent, { clientCode }: Place): void {
    this.#metrics?.onEvent(event, clientCode);
  }

  fileEnded(end: FileEnd, place: Place): void {
    this.#onEnd.fileEnded(end);
    this.#metrics?.fileEnded(end, place.clientCode);
    if (place.dropFolder === null) this.#removeOldJobsOf(end.file);
    else this.#removeOldArchiveOf(place);
  }

  /** Resolves when all is told, written and removed. `error`: what ended the call. */
  async finish(status: ExitStatus, error: RunSummary['error'], files: readonly string[]): Promise<void> {
    this.#cancelRemoval();
    this.#onEnd.callEnded(status, error, files);
    for (const place of this.#places) this.#removeOldArchiveOf(place);
    await Promise.all([this.#metrics?.finish(status), this.#onEnd.done(), this.#keeping]);
  }

  #removeFromTimeToTime(): void {
    this.#cancelRemoval = this.#host.clock.schedule(removeEveryMs, () => {
      for (const place of this.#places) this.#removeOldArchiveOf(place);
      this.#removeFromTimeToTime();
    });
  }

  #removeOldJobsOf(file: string): void {
    this.#remove(async (keep, keeping, settings) => keep.removeOldJobsOf(keeping, file, settings));
  }

  #removeOldArchiveOf({ dropFolder }: Place): void {
    if (dropFolder !== null) this.#remove(async (keep, keeping) => keep.removeOldArchive(keeping, dropFolder));
  }

  #remove(
    run: (keep: typeof import('./keep.js'), keeping: Keeping, settings: NightsSettings) => Promise<number>,
  ): void {
    const settings = this.#settings;
    if (settings === null || settings.keepDays === null) return;
    const keeping: Keeping = { clock: this.#host.clock, days: settings.keepDays };
    this.#keeping = this.#keeping
      .then(async () => void (await run(await import('./keep.js'), keeping, settings)))
      .catch((error: unknown) => {
        if (!(error instanceof ProfileDripError)) throw error;
        this.#host.warn('keep', `--keep: ${error.message}`, false);
      });
  }
}
