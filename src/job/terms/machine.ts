import type { RowSource } from '../../batch/open.js';
import type { Destination } from '../../endpoint/endpoint.js';
import type { LedgerHome } from '../../ledger/ledger-home.js';
import type { Memory } from '../../memory/memory.js';
import type { BootClock, CapView, Clock, Disk, LookUp, Random, Transport } from '../../platform/ports.js';
import type { ProcessProbe } from '../../platform/process-probe.js';
import type { ReadRows, RowRequest } from '../rows/row-source.js';
import type { SendOptions } from './options.js';

/** All of the machine that a run touches: the real one in real-machine.ts, another in the simulator. */
export interface Machine {
  readonly clock: Clock;
  readonly bootClock: BootClock;
  readonly random: Random;
  readonly disk: Disk;
  readonly processProbe: ProcessProbe;
  /** Standard input, for `-`; reading it ends when `signal` aborts. */
  readonly input: (signal?: AbortSignal) => AsyncIterable<Uint8Array>;
  readTextFile(path: string): Promise<string>;
  /** `sizeBytes`: of FILE. */
  openRowSource(request: RowRequest, sizeBytes: number): RowSource<ReadRows>;
  readonly lookUp: LookUp;
  openTransport(destination: Destination, options: SendOptions): Promise<Transport>;
  openLedger(options: SendOptions): Promise<LedgerHome>;
  /** The cap's use as it stands, for a run that sends nothing: makes no ledger where there is none. */
  lookAtCap(options: SendOptions, isLoopback: boolean): Promise<CapView>;
  /** `null`: a trial, of which nothing is remembered. A plain run keeps a memory true. */
  openMemory(request: MemoryRequest & { readonly runId: string }): Promise<Memory | null>;
  /** --forget: none is no error. */
  forgetMemory(request: MemoryRequest): Promise<void>;
  newRunId(): string;
}

export interface MemoryRequest {
  readonly options: SendOptions;
  readonly origin: string;
  readonly isLoopback: boolean;
  /** Asks for the end: nobody waits any longer for a memory that is away. */
  readonly signal: AbortSignal | null;
  /** Called with the error when such a wait begins. */
  readonly onAway: (message: string) => void;
}
