import { HomeAway } from '../../ledger/ledger-home.js';
import { sleep } from '../../platform/clock.js';
import type { Clock, Random } from '../../platform/ports.js';
import { MachineError } from '../../terms/errors.js';
import type { MemoryAbsence } from '../memory-home.js';

export interface PatienceOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** How long the database may be away. 0: an error at once. */
  readonly giveUpMs: number;
  /** The run is to end: no wait continues. */
  readonly signal: AbortSignal | null;
  /** Called once for each time that it is away, as long as nobody watches. */
  readonly onAway: (away: HomeAway) => void;
}

const firstPauseMs = 250;
const pauseMsMax = 5_000;
/** How often a signal is looked for. */
const lookMs = 250;

/**
 * Waits while the database is away: nothing that asks the memory gets an answer meanwhile, so no row leaves. One span for
 * all that is asked, from the first error on until something succeeds.
 */
export class Patience {
  readonly #options: PatienceOptions;
  #told: (() => void) | null = null;
  #absence: MemoryAbsence | null = null;

  constructor(options: PatienceOptions) {
    this.#options = options;
  }

  watchAbsence(told: (() => void) | null): void {
    this.#told = told;
  }

  absence(): MemoryAbsence | null {
    return this.#absence;
  }

  /** Rejects with MachineError where it was away for too long. Whatever `work` does, it may do again. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMsMax, 2 * pauseMs)) {
      try {
        const done = await work();
        this.#end();
        return done;
      } catch (error) {
        if (!(error instanceof HomeAway)) {
          this.#end();
          throw error;
        }
        await this.#wait(error, pauseMs);
      }
    }
  }

  #end(): void {
    if (this.#absence === null) return;
    this.#absence = null;
    this.#told?.();
  }

  async #wait(away: HomeAway, pauseMs: number): Promise<void> {
    const { clock, random, giveUpMs, signal, onAway } = this.#options;
    const nowMs = clock.monotonicMs();
    const isNew = this.#absence === null;
    const sinceMonotonicMs = this.#absence?.sinceMonotonicMs ?? nowMs;
    this.#absence = { sinceMonotonicMs, message: away.message };
    const leftMs = sinceMonotonicMs + giveUpMs - nowMs;
    const isEnded = () => signal?.aborted === true;
    if (leftMs <= 0 || isEnded()) {
      this.#end(); // who asks next hears of the failure
      throw gaveUp(away, nowMs - sinceMonotonicMs);
    }
    if (isNew && this.#told === null) onAway(away);
    else if (isNew) this.#told?.();
    let waitMs = Math.min(leftMs, pauseMs * (0.5 + random.next()));
    for (; waitMs > 0 && !isEnded(); waitMs -= lookMs) await sleep(clock, Math.min(lookMs, waitMs));
  }
}

function gaveUp(away: HomeAway, goneMs: number): MachineError {
  const message = `the memory of --changed-only cannot be used: ${away.message}. It was waited for ${Math.round(goneMs / 1000)} s (--give-up). Run the same command again`;
  return new MachineError(away.code, message, { cause: away });
}
