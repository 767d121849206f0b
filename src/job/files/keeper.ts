import type { Cancel, Clock } from '../../platform/ports.js';
import type { Journal } from '../results/journal.js';
import type { Checkpoint } from './checkpoint.js';

/** How often a checkpoint is written while rows end: what a power loss can cost at most, with one fsync more. */
export const checkpointIntervalMs = 1000;

/**
 * Writes checkpoints in their rhythm. The order is the promise: the state is taken first, then the report is made
 * durable up to and beyond it, and only then does the checkpoint say so. A checkpoint is never ahead of the report.
 */
export class Keeper {
  readonly #clock: Clock;
  readonly #journal: Journal;
  readonly #take: () => Checkpoint;
  readonly #write: (checkpoint: Checkpoint) => Promise<void>;
  readonly #onFault: (error: unknown) => void;
  #cancel: Cancel | null = null;
  #isStopped = false;
  #saving: Promise<void> = Promise.resolve();

  constructor(
    clock: Clock,
    journal: Journal,
    take: () => Checkpoint,
    write: (checkpoint: Checkpoint) => Promise<void>,
    onFault: (error: unknown) => void,
  ) {
    this.#clock = clock;
    this.#journal = journal;
    this.#take = take;
    this.#write = write;
    this.#onFault = onFault;
  }

  /** Something has changed that the next checkpoint should hold. While nothing changes, nothing is written. */
  touch(): void {
    if (this.#cancel !== null || this.#isStopped) return;
    this.#cancel = this.#clock.schedule(checkpointIntervalMs, () => {
      this.#cancel = null;
      this.save().catch((error: unknown) => this.#onFault(error));
    });
  }

  /** Ends the rhythm and waits for a checkpoint that is being written. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
    this.#cancel = null;
    await this.#saving.catch(() => {}); // the caller that asked for that one got the error
  }

  /** Resolves when the state of now is durable. */
  save(): Promise<void> {
    this.#saving = this.#saving.catch(() => {}).then(() => this.#saveNow());
    return this.#saving;
  }

  async #saveNow(): Promise<void> {
    const checkpoint = this.#take();
    await this.#journal.sync();
    await this.#write(checkpoint);
  }
}
