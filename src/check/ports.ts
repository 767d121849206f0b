import type { RawRow, RowSource } from '../batch/open.js';
import type { RawRowRequest } from '../batch/raw-row-source.js';
import type { BootClock, Clock, Disk, Random } from '../ports.js';

/** What a check touches of the machine. */
export interface CheckPorts {
  readonly clock: Clock;
  readonly bootClock: BootClock;
  readonly random: Random;
  readonly disk: Disk;
  /** `sizeBytes`: of FILE. */
  openRowSource(request: RawRowRequest, sizeBytes: number): RowSource<readonly RawRow[]>;
  /** Standard input, for `-`. */
  readonly input: () => AsyncIterable<Uint8Array>;
}
