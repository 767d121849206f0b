import type { Cancel, Clock } from '../platform/ports.js';

/**
 * One timer, which fires at the earliest time that it was given since it fired last. Where that has become too early,
 * it fires for nothing once: this costs less than setting it anew each time.
 */
export class WakeTimer {
  readonly #clock: Clock;
  readonly #run: () => void;
  #cancel: Cancel | null = null;
  #atMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, run: () => void) {
    this.#clock = clock;
    this.#run = run;
  }

  wakeAt(atMs: number, nowMs: number): void {
    if (atMs >= this.#atMs) return;
    this.#cancel?.();
    this.#atMs = atMs;
    this.#cancel = this.#clock.schedule(Math.max(0, Math.ceil(atMs - nowMs)), () => {
      this.#atMs = Number.POSITIVE_INFINITY;
      this.#run();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#atMs = Number.POSITIVE_INFINITY;
  }
}
