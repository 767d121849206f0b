import type { Disk } from '../../platform/ports.js';
import type { ProcessIdentity, ProcessState } from '../../platform/process-probe.js';
import { unlessMissing } from '../../storage/disk-errors.js';
import { FieldFault, Fields, readText } from '../../storage/read-json.js';
import { localTime } from '../../text/local-time.js';

/** A lease that has not been renewed for longer than this is anybody's. */
export const leaseLifeMs = 30_000;
/** A file system's clock that reads further back than a lock's own time does not tell its age. */
const clockDoubtMs = 5000;

/** Why the holder sends nothing at the moment, for whoever asks how the job is. */
export interface LeaseHold {
  readonly cause: string;
  readonly sinceMs: number;
  /** `null`: not known. */
  readonly untilMs: number | null;
}

/** What stands in a lock file: who has the job, and when that was last said. */
export interface Lease {
  readonly runId: string;
  readonly holder: ProcessIdentity;
  /** Names the boot in which `uptimeMs` counts; `null` where the system does not say. */
  readonly bootId: string | null;
  readonly sinceMs: number;
  readonly renewedAtMs: number;
  /** Of the machine, at the renewal. */
  readonly uptimeMs: number;
  /** `null`: it is at work. */
  readonly hold: LeaseHold | null;
}

/** A lock file as it was found. */
export interface FoundLease {
  readonly text: string;
  /** `null`: torn, or being renewed in this very moment. */
  readonly lease: Lease | null;
  readonly identity: string;
  readonly modifiedMs: number;
}

export function formatLease(lease: Lease): string {
  const { holder } = lease;
  const written = {
    schema: 1,
    run_id: lease.runId,
    host: holder.host,
    pid: holder.pid,
    since: new Date(lease.sinceMs).toISOString(),
    renewed_at: new Date(lease.renewedAtMs).toISOString(),
    uptime_ms: Math.floor(lease.uptimeMs),
    boot_id: lease.bootId,
    pid_namespace: holder.pidNamespace,
    process_started: holder.startedAt,
    hold: lease.hold && {
      cause: lease.hold.cause,
      since: new Date(lease.hold.sinceMs).toISOString(),
      until: lease.hold.untilMs === null ? null : new Date(lease.hold.untilMs).toISOString(),
    },
  };
  return `${JSON.stringify(written, null, 2)}\n`;
}

export function parseLease(text: string): Lease | null {
  try {
    const fields = Fields.parse(text);
    fields.oneOf('schema', [1]);
    return {
      runId: fields.text('run_id'),
      holder: {
        host: fields.text('host'),
        pid: fields.whole('pid'),
        pidNamespace: fields.textOrNull('pid_namespace'),
        startedAt: fields.textOrNull('process_started'),
      },
      bootId: fields.textOrNull('boot_id'),
      sinceMs: fields.timeMs('since'),
      renewedAtMs: fields.timeMs('renewed_at'),
      uptimeMs: fields.whole('uptime_ms'),
      hold: parseHold(fields.objectOrNull('hold')),
    };
  } catch (error) {
    if (error instanceof FieldFault) return null;
    throw error;
  }
}

function parseHold(fields: Fields | null): LeaseHold | null {
  if (fields === null) return null;
  const isUnknown = fields.textOrNull('until') === null;
  return {
    cause: fields.text('cause', /^[a-z-]{1,40}$/),
    sinceMs: fields.timeMs('since'),
    untilMs: isUnknown ? null : fields.timeMs('until'),
  };
}

/** The lock file at `path`; `null`: there is none. */
export async function findLease(disk: Disk, path: string): Promise<FoundLease | null> {
  const file = await unlessMissing(disk.open(path, 'read-linked'));
  if (file === null) return null;
  try {
    // By the open file, not by its name: a network file system then asks the server, and no other file gets in between.
    const { identity, modifiedMs } = await file.stat();
    const text = await readText(file);
    return { text, lease: parseLease(text), identity, modifiedMs };
  } finally {
    await file.close();
  }
}

/** The moment and the place from which a lease is judged. */
export interface Viewpoint {
  readonly bootId: string | null;
  readonly uptimeMs: number;
  readonly pidNamespace: string | null;
  /** The time of a file that was written just now beside the lock: the clock that the lock's own time is of. */
  readonly fileSystemMs: number;
}

/**
 * Whether a lease still binds. `free`: its holder is provably dead, or it has not been renewed for 30 seconds.
 * `unclear`: clocks stepped so that its age is not known; a run that wants it watches whether it is renewed.
 *
 * Uptime is believed between processes of one boot and one PID namespace (a container may be shown an uptime of its
 * own); it does not step. Elsewhere the file system's clock is asked on both sides, so that hosts whose clocks differ
 * agree; where that clock itself was stepped forward, a live holder finds its lease lost before its next attempt.
 */
export function judgeLease(
  found: FoundLease,
  from: Viewpoint,
  look: (pid: number) => ProcessState,
): 'held' | 'free' | 'unclear' {
  const { lease } = found;
  const isNeighbour =
    lease !== null &&
    lease.bootId !== null &&
    lease.bootId === from.bootId &&
    lease.holder.pidNamespace !== null &&
    lease.holder.pidNamespace === from.pidNamespace;
  if (isNeighbour) {
    if (isDead(lease.holder, look(lease.holder.pid))) return 'free';
    return from.uptimeMs - lease.uptimeMs > leaseLifeMs ? 'free' : 'held';
  }
  const ageMs = from.fileSystemMs - found.modifiedMs;
  if (ageMs < -clockDoubtMs) return 'unclear';
  return ageMs > leaseLifeMs ? 'free' : 'held';
}

function isDead(holder: ProcessIdentity, state: ProcessState): boolean {
  if (state.kind === 'gone') return true;
  return holder.startedAt !== null && state.startedAt !== null && holder.startedAt !== state.startedAt;
}

/** For a message: `process 4711 on web1, since 2026-11-23 16:17:04 +01:00`. */
export function describeHolder(found: FoundLease | null): string {
  const lease = found?.lease ?? null;
  return lease === null ? 'another run' : `${holderName(lease)}, since ${localTime(lease.sinceMs)}`;
}

/** `process 4711 on web1`. */
export function holderName({ holder }: Lease): string {
  const host = /^[\w.-]{1,253}$/.test(holder.host) ? holder.host : 'an unnamed host';
  return `process ${holder.pid} on ${host}`;
}
