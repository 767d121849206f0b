import type { BootClock, Clock, Disk, Random } from '../ports.js';

/** What a check touches of the machine. */
export interface CheckPorts {
  readonly clock: Clock;
  readonly bootClock: BootClock;
  readonly random: Random;
  readonly disk: Disk;
  /** Standard input, for `-`. */
  readonly input: () => AsyncIterable<Uint8Array>;
}
