import type { BootClock, Clock } from '../../src/platform/ports.js';
import type { World } from './simulated-world.js';

/** A process of the program: it may be killed, and it may stand still (SIGSTOP, or its machine sleeps). */
export class SimProcess {
  isAlive = true;
  readonly #world: World;
  /** What came for it while it stands still. */
  #backlog: (() => void)[] | null = null;
  /** What its monotonic clock did not count. */
  #asleepMs = 0;

  constructor(world: World) {
    this.#world = world;
  }

  get isStill(): boolean {
    return this.#backlog !== null;
  }

  /** Whatever comes to the process from outside comes through here. */
  enter(run: () => void): void {
    if (!this.isAlive) return;
    if (this.#backlog === null) run();
    else this.#backlog.push(run);
  }

  /** In `delayMs`, or when it continues. */
  at(delayMs: number, run: () => void): void {
    this.#world.at(delayMs, () => this.enter(run));
  }

  /** `countsTime`: its monotonic clock moves forward meanwhile. */
  standStill(forMs: number, countsTime: boolean): void {
    if (this.isStill) return;
    this.#backlog = [];
    this.#world.at(forMs, () => {
      if (!countsTime) this.#asleepMs += forMs;
      const backlog = this.#backlog ?? [];
      this.#backlog = null;
      for (const run of backlog) this.enter(run);
    });
  }

  clocks(): Clock & BootClock {
    const clocks = this.#world.clocks(() => true);
    return {
      ...clocks,
      monotonicMs: () => clocks.monotonicMs() - this.#asleepMs,
      schedule: (delayMs, run) => clocks.schedule(delayMs, () => this.enter(run)),
    };
  }
}
