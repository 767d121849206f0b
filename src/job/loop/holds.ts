import type PQueue from 'p-queue';
import type { Cancel, Clock } from '../../platform/ports.js';
import type { Hold, HoldCause } from '../terms/events.js';
import type { Stop } from '../terms/stops.js';
import type { LoopHooks } from './loop-parts.js';

/** A hold whose end moves by less is the same hold. */
const holdNewsMs = 1000;

/**
 * The waits of a run: until when nothing goes out, and what is looked at before anything does again.
 *
 * States: free; held (the queue is paused, `hold` says why); looking (at the file, the lock or the token: nothing
 * starts until all looks have answered). A wait leads from held to looking, and from there the loop decides anew.
 */
export class Holds {
  readonly #clock: Clock;
  readonly #queue: PQueue;
  readonly #hooks: Pick<LoopHooks, 'onHold' | 'onRelease' | 'lookAtFile' | 'onFault'>;
  readonly #loop: { readonly pump: () => void; readonly stop: (stop: Stop) => void };
  #hold: Hold | null = null;
  #cancelWake: Cancel | null = null;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #lookCount = 0;

  constructor(
    clock: Clock,
    queue: PQueue,
    hooks: Pick<LoopHooks, 'onHold' | 'onRelease' | 'lookAtFile' | 'onFault'>,
    loop: { readonly pump: () => void; readonly stop: (stop: Stop) => void },
  ) {
    this.#clock = clock;
    this.#queue = queue;
    this.#hooks = hooks;
    this.#loop = loop;
  }

  get hold(): Hold | null {
    return this.#hold;
  }

  get isLooking(): boolean {
    return this.#lookCount > 0;
  }

  /** Nothing goes out until `untilMs` (monotonic; `null`: until told); then FILE is looked at again. */
  waitFor(cause: HoldCause, untilMs: number | null, sinceMs: number): void {
    const toWall = this.#clock.wallMs() - this.#clock.monotonicMs();
    const untilWallMs = untilMs === null ? null : untilMs + toWall;
    const isNews =
      this.#hold?.cause !== cause || Math.abs((this.#hold.untilWallMs ?? 0) - (untilWallMs ?? 0)) > holdNewsMs;
    if (isNews) {
      this.#queue.pause();
      const sinceWallMs = this.#hold?.cause === cause ? this.#hold.sinceWallMs : sinceMs + toWall;
      this.#hold = { cause, sinceWallMs, untilWallMs };
      this.#hooks.onHold(this.#hold);
    }
    if (untilMs !== null) this.wakeAt(untilMs, () => this.lookAtFile());
  }

  /** Rows go out again. */
  release(): void {
    if (this.#hold === null) return;
    this.#queue.start();
    const { cause, sinceWallMs } = this.#hold;
    this.#hold = null;
    this.#hooks.onRelease(cause, sinceWallMs);
  }

  /** Nothing starts until `look` has answered: with a stop, or with leave to go on. `null`, for whoever wanted to start. */
  look(look: () => Promise<Stop | null>): null {
    this.#lookCount += 1;
    look().then(
      (stop) => {
        this.#lookCount -= 1;
        if (stop !== null) this.#loop.stop(stop);
        this.#queue.start();
        this.#loop.pump();
      },
      (error: unknown) => this.#hooks.onFault(error),
    );
    return null;
  }

  lookAtFile(): null {
    return this.look(this.#hooks.lookAtFile);
  }

  /** One alarm at a time: the last one set. */
  wakeAt(atMs: number, run: () => void): void {
    if (this.#cancelWake !== null && this.#wakeAtMs === atMs) return;
    this.#cancelWake?.();
    this.#wakeAtMs = atMs;
    this.#cancelWake = this.#clock.schedule(Math.max(0, atMs - this.#clock.monotonicMs()), () => {
      this.#cancelWake = null;
      run();
    });
  }

  /** The run stops: nothing is waited for any more. */
  end(): void {
    this.#cancelWake?.();
    this.release();
  }
}
