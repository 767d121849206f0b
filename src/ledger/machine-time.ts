import type { BootClock, Clock } from '../platform/ports.js';
import type { MachineTime } from './ledger-time.js';

/**
 * Reads all of the machine's clocks. Where the system does not name its boots, the reader's own monotonic clock is a
 * base of its own, named by when it was first looked at: this process can compare its readings with each other.
 */
export class MachineClocks {
  readonly #clock: Clock;
  readonly #bootClock: BootClock;
  readonly #timeBase: string;

  constructor(clock: Clock, bootClock: BootClock) {
    this.#clock = clock;
    this.#bootClock = bootClock;
    this.#timeBase = bootClock.bootId() ?? `process ${clock.wallMs()} ${clock.monotonicMs()}`;
  }

  read(): MachineTime {
    return {
      wallMs: this.#clock.wallMs(),
      monotonicMs: this.#clock.monotonicMs(),
      uptimeMs: this.#bootClock.uptimeMs(),
      timeBase: this.#timeBase,
    };
  }
}
