import type { BootClock, Clock, Disk } from '../../platform/ports.js';
import type { ProcessProbe } from '../../platform/process-probe.js';
import { onDisk } from '../../storage/disk-errors.js';
import { findLease, judgeLease } from './lease.js';

/** The machine from which a lock is looked at. */
export interface LockViewer {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly bootClock: BootClock;
  readonly processProbe: ProcessProbe;
}

/** Who works on a job at this moment. */
export interface Holder {
  readonly pid: number;
  /** `null`: not a host name that can be shown. */
  readonly host: string | null;
  readonly sinceMs: number;
}

/**
 * The run that holds the lock file at `path`, for those who only look: nothing is written. `null`: no run is at work,
 * or its lease cannot be read. A lease whose age cannot be told counts as held. MachineError where the disk fails.
 */
export async function findHolder(viewer: LockViewer, path: string): Promise<Holder | null> {
  const { disk, clock, bootClock, processProbe } = viewer;
  const found = await onDisk(`read ${path}`, () => findLease(disk, path));
  if (found === null || found.lease === null) return null;
  const from = {
    bootId: bootClock.bootId(),
    uptimeMs: bootClock.uptimeMs(),
    pidNamespace: processProbe.self().pidNamespace,
    fileSystemMs: clock.wallMs(),
  };
  if (judgeLease(found, from, processProbe.look) === 'free') return null;
  const { holder, sinceMs } = found.lease;
  return { pid: holder.pid, host: /^[\w.-]{1,253}$/.test(holder.host) ? holder.host : null, sinceMs };
}
