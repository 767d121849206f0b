import { type ExitStatus, exitStatus } from '../terms/exit-status.js';

/** What a queue does after a stop, which ends no gateway. Pure but for how long it has rested. */
export type Rest =
  | { readonly kind: 'pause'; readonly pauseMs: number; readonly isStuck: boolean }
  /** A retry would undo what the stop is for: a person has to take the batch's file away, or start serve again. */
  | { readonly kind: 'until-moved' };

const firstPauseMs = 5000;
const pauseMsMax = 300_000;

export class Rests {
  static readonly longestMs = pauseMsMax;
  #pauseMs = firstPauseMs;

  /** `capFreeInMs`: when the next unit of the cap comes free; `null`: not known. `hasProgress`: rows ended before the stop. */
  after(status: ExitStatus, capFreeInMs: number | null, hasProgress: boolean): Rest {
    if (hasProgress) this.#pauseMs = firstPauseMs;
    if (status === exitStatus.maxFailures || status === exitStatus.internal) return { kind: 'until-moved' };
    if (status === exitStatus.usage) return { kind: 'pause', pauseMs: pauseMsMax, isStuck: true };
    if (status === exitStatus.cap && capFreeInMs !== null) {
      return { kind: 'pause', pauseMs: Math.min(Math.max(capFreeInMs, 1000), pauseMsMax), isStuck: false };
    }
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(pauseMs * 2, pauseMsMax);
    return { kind: 'pause', pauseMs, isStuck: false };
  }
}
