/**
 * The exit statuses of the program: a public interface (the manual, `errors`).
 * The library reports them in its summary and its errors, and only cli.ts hands one to the process.
 */
export const exitStatus = {
  /** Every row submitted, skipped or unchanged, or within --tolerate. */
  done: 0,
  /** The file is done, but some rows are invalid, refused or failed. */
  rowsRejected: 1,
  /** The command line or the file has an error. */
  usage: 2,
  /** Stopped because of the endpoint, the network or the token. */
  endpoint: 3,
  /** Stopped: the cap is used up, or the server asks for a long wait and --on-cap is stop. */
  cap: 4,
  /** Stopped: --max-failures. */
  maxFailures: 5,
  /** Stopped because of this machine (disk, state directory, ledger). */
  machine: 6,
  /** Stopped: --max-duration. */
  maxDuration: 7,
  /** An internal error: a bug in profile-drip. */
  internal: 70,
  /** Another run has the job. */
  busy: 75,
  /** Ended by SIGHUP. */
  sighup: 129,
  /** Ended by SIGINT, or by a `signal` whose reason is not a signal's name. */
  sigint: 130,
  /** Ended by SIGTERM. */
  sigterm: 143,
} as const;

/** One of `exitStatus`. */
export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

/** With several FILEs the worst decides; the contract gives the order, and a signal's status stands above all. */
const worstFirst: readonly ExitStatus[] = [129, 130, 143, 70, 6, 3, 2, 5, 4, 7, 75, 1, 0];

/** The status of a call over several files. An empty list is `0`: nothing to do is not an error. */
export function worstStatus(statuses: readonly ExitStatus[]): ExitStatus {
  return worstFirst.find((status) => statuses.includes(status)) ?? exitStatus.done;
}

/** Whether a status ends the whole call, so that later FILEs do not get their turn. */
export function endsTheCall(status: ExitStatus): boolean {
  return status !== exitStatus.done && status !== exitStatus.rowsRejected && status !== exitStatus.usage;
}

/** Whether the same command resumes where this run ended. */
export function isResumable(status: ExitStatus): boolean {
  return endsTheCall(status) && status !== exitStatus.internal;
}

/** Whether a signal ended it. */
export function isSignalStatus(status: ExitStatus): boolean {
  return status === exitStatus.sighup || status === exitStatus.sigint || status === exitStatus.sigterm;
}
