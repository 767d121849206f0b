import type { Destination } from '../endpoint/endpoint.js';
import type { Disk } from '../platform/ports.js';
import type { JobFiles } from './files/job-files.js';
import type { Lock } from './lock/lock.js';
import type { RowQuota } from './loop/row-quota.js';
import type { Machine } from './terms/machine.js';
import type { SendHooks, SendOptions } from './terms/options.js';

/** What stands fixed for a job while a run works on it. */
export interface JobContext {
  /** As given: a path, or `-`. */
  readonly file: string;
  /** FILE, or where standard input was spooled. */
  readonly path: string;
  readonly files: JobFiles;
  readonly options: SendOptions;
  readonly hooks: SendHooks;
  readonly machine: Machine;
  readonly destination: Destination;
  /** From which FILE is opened: a spool is a job file, and trusted as little as the others. */
  readonly inputDisk: Disk;
  readonly runId: string;
  readonly runStartedAtMs: number;
  readonly lock: Lock;
  /** Of the whole call. */
  readonly quota: RowQuota;
}
