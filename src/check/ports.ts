import type { RawRow, RowSource } from '../batch/open.js';
import type { BootClock, Clock, Disk, LookUp, Random } from '../platform/ports.js';
import type { RawRowRequest } from '../thread/raw-row-source.js';

/** The parts of the machine that a check uses. */
export interface CheckPorts {
  readonly clock: Clock;
  readonly bootClock: BootClock;
  readonly random: Random;
  readonly disk: Disk;
  readonly lookUp: LookUp;
  /** `sizeBytes`: of FILE. */
  openRowSource(request: RawRowRequest, sizeBytes: number): RowSource<readonly RawRow[]>;
  /** Standard input, for `-`. It may end early where `signal` aborts. */
  readonly input: (signal?: AbortSignal) => AsyncIterable<Uint8Array>;
}
