import type { BootClock, Clock, Random } from '../../src/platform/ports.js';

/**
 * Time and chance of a simulated machine: what is scheduled runs in the order of its time, and time leaps from one to
 * the next. Processes (lives) come and go; what a dead one had scheduled never runs.
 *
 * `trueMs` is real time, which only the server and the checks know. The machine's wall clock may be stepped, its
 * monotonic clock stands still while it sleeps, and both uptime and monotonic time begin at zero with a boot.
 */
export class World {
  readonly random: Random;
  #trueMs = 0;
  #wallOffsetMs = Date.UTC(2026, 0, 1);
  #bootTrueMs = 0;
  #asleepMs = 0;
  #bootNumber = 1;
  #sequence = 0;
  #events: { readonly atMs: number; readonly sequence: number; readonly run: () => void }[] = [];

  constructor(random: Random) {
    this.random = random;
  }

  get trueMs(): number {
    return this.#trueMs;
  }

  /** True time less what the machine slept since it was booted: what a process can have made use of. */
  get awakeMs(): number {
    return this.#trueMs - this.#asleepMs;
  }

  wallMs(): number {
    return Math.floor(this.#trueMs + this.#wallOffsetMs);
  }

  /** Runs in true time, whatever becomes of any process. */
  at(delayMs: number, run: () => void): void {
    const event = { atMs: this.#trueMs + delayMs, sequence: this.#sequence++, run };
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#events[middle]?.atMs ?? 0) > event.atMs) high = middle;
      else low = middle + 1;
    }
    this.#events.splice(low, 0, event);
  }

  /** Clocks for one life; `isAlive` is asked before anything of it runs. */
  clocks(isAlive: () => boolean): Clock & BootClock {
    return {
      wallMs: () => this.wallMs(),
      monotonicMs: () => this.#trueMs - this.#bootTrueMs - this.#asleepMs,
      uptimeMs: () => Math.floor((this.#trueMs - this.#bootTrueMs) / 10) * 10,
      bootId: () => `boot-${this.#bootNumber}`,
      schedule: (delayMs, run) => {
        let isCancelled = false;
        // In whole milliseconds, as the machine's own timers are.
        this.at(Math.ceil(delayMs), () => {
          if (!isCancelled && isAlive()) run();
        });
        return () => {
          isCancelled = true;
        };
      },
    };
  }

  stepWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  /** True time passes, monotonic time does not; timers come late by as much, as they do on a machine that slept. */
  sleepMachine(forMs: number): void {
    this.#trueMs += forMs;
    this.#asleepMs += forMs;
    this.#events = this.#events.map((event) => ({ ...event, atMs: Math.max(event.atMs, this.#trueMs) }));
  }

  reboot(): void {
    this.#bootTrueMs = this.#trueMs;
    this.#asleepMs = 0;
    this.#bootNumber += 1;
  }

  /** Runs on until `isDone`, or until nothing is left to happen. `eventCountMax` says when it is taken to go in a circle. */
  async run(isDone: () => boolean, eventCountMax: number): Promise<'done' | 'idle' | 'endless'> {
    for (let eventCount = 0; eventCount < eventCountMax; eventCount += 1) {
      await rest();
      if (isDone()) return 'done';
      const event = this.#events.shift();
      if (event === undefined) return 'idle';
      this.#trueMs = Math.max(this.#trueMs, event.atMs);
      event.run();
    }
    return 'endless';
  }

  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.random.next() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.random.next() < probability;
  }
}

/** Until no promise has anything left to do. */
function rest(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
