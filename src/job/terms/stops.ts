import type { CapView } from '../../platform/ports.js';
import type { ErrorCode } from '../../terms/codes.js';
import { type FileError, ProfileDripError } from '../../terms/errors.js';
import { type ExitStatus, exitStatus } from '../../terms/exit-status.js';
import type { RouteName } from '../../terms/outcome.js';

/** Why a run ends before its file is done. `message` is for a person; it names no id, value or token. */
export interface Stop {
  readonly exitStatus: ExitStatus;
  /** Stable, kebab case: the summary's `error.code`. */
  readonly code: ErrorCode;
  readonly message: string;
  /**
   * `reply`: what is under way may run into its own time-out, nothing presses. `grace`: it gets --grace.
   * `none`: nothing may be written any more (another run has the job).
   */
  readonly patience: 'reply' | 'grace' | 'none';
  /** What lies behind it, for `StoppedError.cause`: the last attempt's error, or an error of the file or the machine. */
  readonly cause?: Error;
}

const signalStatuses: ReadonlyMap<unknown, ExitStatus> = new Map([
  ['SIGHUP', exitStatus.sighup],
  ['SIGINT', exitStatus.sigint],
  ['SIGTERM', exitStatus.sigterm],
]);

/** The stop that an aborted signal asks for: `reason` is a signal's name, or anything that a library's caller gave. */
export function stopForAbort(reason: unknown): Stop {
  const status = signalStatuses.get(reason);
  const message = status === undefined ? 'ended by the caller' : `ended by ${String(reason)}`;
  const stop: Stop = { exitStatus: status ?? exitStatus.sigint, code: 'interrupted', message, patience: 'grace' };
  return reason instanceof Error ? { ...stop, cause: reason } : stop;
}

/** `lastError`: what came of the last attempt. */
export function endpointStop(code: ErrorCode, message: string, lastError: string): Stop {
  return { exitStatus: exitStatus.endpoint, code, message, patience: 'reply', cause: new Error(lastError) };
}

export function capStop(view: CapView, route: RouteName): Stop {
  const when =
    view.nextFreeAtMs === null ? '' : `; units come free from ${new Date(view.nextFreeAtMs).toISOString()} on`;
  return {
    exitStatus: exitStatus.cap,
    code: 'cap-used',
    message: `the cap is used up: ${view.used} of ${view.limit} ${route === 'update' ? 'updates' : 'Delivery requests (--delivery-cap)'} in the last 24 hours${when}`,
    patience: 'reply',
  };
}

export function maxFailuresStop(rejectedCount: number): Stop {
  return {
    exitStatus: exitStatus.maxFailures,
    code: 'max-failures',
    message: `${rejectedCount} rows of this run ended invalid, refused or failed: more than --max-failures allows`,
    patience: 'reply',
  };
}

export function maxDurationStop(durationMs: number): Stop {
  return {
    exitStatus: exitStatus.maxDuration,
    code: 'max-duration',
    message: `the run has lasted ${durationMs / 1000} s (--max-duration)`,
    patience: 'grace',
  };
}

export function limitStop(limit: number): Stop {
  return {
    exitStatus: exitStatus.maxDuration,
    code: 'limit',
    message: `--limit ${limit}: no more rows are sent in this call. The same command sends up to ${limit} more`,
    patience: 'reply',
  };
}

export const lostJobStop: Stop = {
  exitStatus: exitStatus.busy,
  code: 'job-lost',
  message: 'another run has taken the job over, because this one stood still for longer than its lease',
  patience: 'none',
};

export const changedFileStop: Stop = {
  exitStatus: exitStatus.usage,
  code: 'file-changed',
  message:
    'the file is no longer what it was when this job began, and part of the job has been sent. Put the earlier content back and give the same command, or give --on-changed supersede to close the earlier job and begin with the new content, or --restart to begin again',
  patience: 'reply',
};

/** Rows were appended while the last ones went out: the run goes on with them, and nobody sees this stop. */
export const grownFileStop: Stop = {
  exitStatus: exitStatus.machine,
  code: 'file-grown',
  message: 'the file has grown since it was read to its end: the same command goes on with what was appended',
  patience: 'reply',
};

/** What cannot be read on in FILE: what stands before it has been sent. */
export function fileFaultStop(fault: FileError | null): Stop | null {
  if (fault === null) return null;
  return { exitStatus: fault.exitStatus, code: fault.code, message: fault.message, patience: 'reply', cause: fault };
}

/** A fault of this machine, or of the program. */
export function faultStop(error: unknown): Stop {
  if (error instanceof ProfileDripError) {
    const { code, message } = error;
    return { exitStatus: error.exitStatus, code, message, patience: 'grace', cause: error };
  }
  return { exitStatus: exitStatus.internal, code: 'internal', message: 'a fault of the program', patience: 'grace' };
}

/** Whether the run itself begins at once with what FILE holds now: it has grown, or new content is to take the old one's place. */
export function continuesAtOnce(stop: Stop, onChanged: 'refuse' | 'supersede'): boolean {
  return stop === grownFileStop || (stop === changedFileStop && onChanged === 'supersede');
}

/** Whether a signal, or the caller, ended the run. */
export function isInterruption({ code }: Stop): boolean {
  return code === 'interrupted';
}
