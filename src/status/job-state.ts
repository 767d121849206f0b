import type { Checkpoint } from '../job/files/checkpoint.js';
import { type FoundLease, holderName } from '../job/lock/lease.js';
import { type ExitStatus, exitStatus } from '../terms/exit-status.js';

/** What a job is doing, or how it ended, from its files alone. Pure. */

/** What its last run wrote at its end, of `<name>.summary.json`. */
export interface LastEnd {
  readonly runId: string;
  /** FILE, as that run was given it. */
  readonly file: string;
  readonly endedAtMs: number;
  readonly complete: boolean;
  readonly exitStatus: ExitStatus;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** A job's files as they were found. */
export interface StoredJob {
  readonly checkpoint: Checkpoint | null;
  readonly lastEnd: LastEnd | null;
  /** The lock file, and whether it still holds; `null`: there is no lock. */
  readonly lock: { readonly found: FoundLease; readonly isHeld: boolean } | null;
}

export interface JobState {
  /** `stopped`: its run said why. `interrupted`: a signal, or it could not say (killed, power). `null`: no job has started. */
  readonly state: 'running' | 'waiting' | 'stopped' | 'interrupted' | 'done' | null;
  /** `process 4711 on web1`, while it has the job. */
  readonly holder: string | null;
  readonly sinceMs: number | null;
  /** Of a wait, where that is known. */
  readonly untilMs: number | null;
  /** A hold's cause, or the code of the error that stopped the job. */
  readonly cause: string | null;
  readonly exitStatus: ExitStatus | null;
  readonly error: LastEnd['error'];
}

const nothing = { holder: null, sinceMs: null, untilMs: null, cause: null, exitStatus: null, error: null } as const;

export function jobState({ checkpoint, lastEnd, lock }: StoredJob): JobState {
  if (lock?.isHeld === true) return heldState(lock.found);
  if (checkpoint === null) return { state: null, ...nothing };
  const end = lastEnd !== null && isOfLastRun(lastEnd, checkpoint) ? lastEnd : null;
  if (checkpoint.state !== 'open') {
    const sinceMs = end?.endedAtMs ?? checkpoint.updatedAtMs;
    const cause = checkpoint.state === 'closed' ? 'superseded' : null;
    return { ...nothing, state: 'done', sinceMs, cause, exitStatus: checkpoint.exitStatus ?? exitStatus.done };
  }
  const left = lock?.found.lease ?? null;
  // A run that was killed leaves its lock: whatever an earlier one said at its end is not how this job stands.
  if (left !== null && left.runId !== end?.runId) {
    return { ...nothing, state: 'interrupted', sinceMs: Math.max(left.renewedAtMs, checkpoint.updatedAtMs) };
  }
  if (end === null || end.complete) return { ...nothing, state: 'interrupted', sinceMs: checkpoint.updatedAtMs };
  const { endedAtMs: sinceMs, exitStatus: status, error } = end;
  const state = isOfSignal(status) ? 'interrupted' : 'stopped';
  return { ...nothing, state, sinceMs, cause: error?.code ?? null, exitStatus: status, error };
}

function heldState({ lease }: FoundLease): JobState {
  if (lease === null) return { ...nothing, state: 'running', holder: 'another run' }; // it is renewing its lease
  const holder = holderName(lease);
  const { hold } = lease;
  if (hold === null) return { ...nothing, state: 'running', holder, sinceMs: lease.sinceMs };
  return { ...nothing, state: 'waiting', holder, sinceMs: hold.sinceMs, untilMs: hold.untilMs, cause: hold.cause };
}

/** A run that could not write its checkpoint at its end (a full disk) may have written its summary. */
function isOfLastRun(end: LastEnd, checkpoint: Checkpoint): boolean {
  return end.runId === checkpoint.runId || end.endedAtMs >= checkpoint.updatedAtMs;
}

export function isOfSignal(status: ExitStatus): boolean {
  return status === exitStatus.sighup || status === exitStatus.sigint || status === exitStatus.sigterm;
}
