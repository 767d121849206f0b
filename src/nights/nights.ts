import type { SendEvent } from '../job/terms/events.js';
import type { FileEnd } from '../job/terms/file-end.js';
import type { RunSummary } from '../job/terms/summary.js';
import type { Clock } from '../platform/ports.js';
import { ProfileDripError } from '../terms/errors.js';
import type { ExitStatus } from '../terms/exit-status.js';
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
  readonly clientCode: string;
  readonly metricsFile: string | null;
  readonly keepDays: number | null;
  /** `null`: `send`, whose jobs' files are where these say. */
  readonly dropFolder: string | null;
  readonly out: string | null;
  readonly name: string | null;
  readonly sandbox: boolean;
}

/**
 * States: new → started (`begin`, when the settings are right) → finished (`finish`). --on-end is known before the settings
 * are: a call that ends because of them has something to tell.
 *
 * Invariant: nothing here ends a run or changes its status.
 */
export class Nights {
  readonly #host: NightsHost;
  readonly #onEnd: OnEnd;
  #settings: NightsSettings | null = null;
  #metrics: MetricsFile | null = null;
  #keeping: Promise<void> = Promise.resolve();

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
    if (settings.metricsFile === null) return;
    const sayFailure = (message: string) => warn('metrics-file', message, false);
    const { MetricsFile } = await import('./metrics-file.js');
    this.#metrics = await MetricsFile.open(settings.metricsFile, settings.clientCode, clock, sayFailure);
  }

  onEvent(event: SendEvent): void {
    this.#metrics?.onEvent(event);
  }

  fileEnded(end: FileEnd): void {
    this.#onEnd.fileEnded(end);
    this.#metrics?.fileEnded(end);
    this.#removeOld(end.file);
  }

  /** Resolves when all is told, written and removed. `error`: what ended the call. */
  async finish(status: ExitStatus, error: RunSummary['error'], files: readonly string[]): Promise<void> {
    this.#onEnd.callEnded(status, error, files);
    if (this.#settings !== null && this.#settings.dropFolder !== null) this.#removeOld(this.#settings.dropFolder);
    await Promise.all([this.#metrics?.finish(status), this.#onEnd.done(), this.#keeping]);
  }

  #removeOld(file: string): void {
    const settings = this.#settings;
    if (settings === null || settings.keepDays === null) return;
    const { dropFolder, keepDays: days } = settings;
    const { clock } = this.#host;
    this.#keeping = this.#keeping
      .then(async () => {
        const { removeOldArchive, removeOldJobsOf } = await import('./keep.js');
        if (dropFolder === null) await removeOldJobsOf({ clock, days }, file, settings);
        else await removeOldArchive({ clock, days }, dropFolder);
      })
      .catch((error: unknown) => {
        if (!(error instanceof ProfileDripError)) throw error;
        this.#host.warn('keep', `--keep: ${error.message}`, false);
      });
  }
}
