import { MachineError } from '../terms/errors.js';

/** What stops a transaction beside the system's own errors (`code` ENOSPC, EMFILE, …). The stores say it in their words. */
export type LmdbFaultKind =
  /** lmdb has no binary for this system, or it was not installed. */
  | 'no-library'
  /** The data file was moved, removed or replaced. */
  | 'moved'
  /** The lock file was: processes would no longer shut each other out. */
  | 'lock-moved'
  /** One transaction of another process does not end. */
  | 'held';

export class LmdbFault extends Error {
  readonly kind: LmdbFaultKind;

  constructor(kind: LmdbFaultKind, options?: { cause?: unknown }) {
    super(kind, options);
    this.kind = kind;
  }
}

/** The same for all stores. */
export function lmdbMissing(cause: LmdbFault): MachineError {
  return new MachineError(
    'lmdb-missing',
    `expected the database library lmdb, which keeps the cap's ledger and the memory of --changed-only, and could not load its binary for ${process.platform} ${process.arch}. Install profile-drip again on this machine, with optional dependencies (npm install --include=optional). --sandbox needs no ledger`,
    { cause },
  );
}
