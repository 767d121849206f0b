import { HomeAway } from '../../ledger/ledger-home.js';
import { sleep } from '../../platform/clock.js';
import type { Clock, Random } from '../../platform/ports.js';
import { MachineError } from '../../terms/errors.js';

export interface PatienceOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** How long the database may be away. 0: an error at once. */
  readonly giveUpMs: number;
  /** The run is to end: no wait continues. */
  readonly signal: AbortSignal | null;
  /** Called once for each time that it is away. */
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
  #awaySinceMs: number | null = null;

  constructor(options: PatienceOptions) {
    this.#options = options;
  }

  /** Rejects with MachineError where it was away for too long. Whatever `work` does, it may do again. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMsMax, 2 * pauseMs)) {
      try {
        const done = await work();
        this.#awaySinceMs = null;
        return done;
      } catch (error) {
        if (!(error instanceof HomeAway)) throw error;
        await this.#wait(error, pauseMs);
      }
    }
  }

  async #wait(away: HomeAway, pauseMs: number): Promise<void> {
    const { clock, random, giveUpMs, signal, onAway } = this.#options;
    const nowMs = clock.monotonicMs();
    const isNew = this.#awaySinceMs === null;
    this.#awaySinceMs ??= nowMs;
    const leftMs = this.#awaySinceMs + giveUpMs - nowMs;
    const isEnded = () => signal?.aborted === true;
    if (leftMs <= 0 || isEnded()) throw gaveUp(away, nowMs - this.#awaySinceMs);
    if (isNew) onAway(away);
    let waitMs = Math.min(leftMs, pauseMs * (0.5 + random.next()));
    for (; waitMs > 0 && !isEnded(); waitMs -= lookMs) await sleep(clock, Math.min(lookMs, waitMs));
  }
}

function gaveUp(away: HomeAway, goneMs: number): MachineError {
  const message = `the memory of --changed-only cannot be used: ${away.message}. It was waited for ${Math.round(goneMs / 1000)} s (--give-up). Run the same command again`;
  return new MachineError(away.code, message, { cause: away });
}
