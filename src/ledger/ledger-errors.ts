import { getSystemErrorName } from 'node:util';
import { LmdbFault, lmdbMissing } from '../lmdb/faults.js';
import type { ErrorCode } from '../terms/codes.js';
import { MachineError, ProfileDripError, systemCode } from '../terms/errors.js';
import { DamagedRecord, ForeignRecord } from './ledger-records.js';

/** Every error of the ledger: status 6, before anything is sent or before anything more is. */

/** What to do about a ledger that cannot be trusted. `place`: the state directory. */
function wayOut(place: string): string {
  return `Put back the state directory as it was, or create a new one on purpose: wait until 24 hours have gone by since the last update was sent (what was used of the cap is forgotten), then remove ${place}/ledger and ${place}/ledger.guard`;
}

export function damagedLedger(stateDir: string, found: string, cause?: unknown): MachineError {
  return new MachineError(
    'ledger-damaged',
    `expected the cap's ledger in ${stateDir} to be whole, and found it damaged (${found}): how much of the cap is used cannot be known, so nothing is sent. ${wayOut(stateDir)}`,
    { cause },
  );
}

export function missingLedger(stateDir: string, since: string): MachineError {
  return new MachineError(
    'ledger-missing',
    `expected the cap's ledger in ${stateDir}, where there has been one since ${since}, and found none: how much of the cap is used cannot be known, so nothing is sent. ${wayOut(stateDir)}`,
  );
}

export function foreignLedger(stateDir: string, found: string): MachineError {
  return new MachineError(
    'ledger-version',
    `expected the cap's ledger in ${stateDir} to be one that this version of the program writes, and found ${found}. Use the version that wrote it, or another --state-dir with a --daily-cap that leaves room for what is used`,
  );
}

function movedLedger(stateDir: string): MachineError {
  return new MachineError(
    'ledger-moved',
    `the cap's ledger in ${stateDir} was moved, removed or replaced while this run was using it: another run could count by another ledger, so nothing more is sent. Put it back and run the same command again`,
  );
}

function unlockedLedger(stateDir: string): MachineError {
  return new MachineError(
    'ledger-moved',
    `the lock file ${stateDir}/ledger/lock.mdb was removed or replaced while this run was using it: two runs could count at the same time, so nothing more is sent. The file is never stale: leave it where it is, and run the same command again`,
  );
}

export function movedState(stateDir: string, to: string): MachineError {
  return new MachineError(
    'state-moved',
    `the cap's ledger in ${stateDir} was moved to the database ${to}: what is counted here would not be counted there, so nothing is sent. Use --state-url in place of --state-dir. If the copy was interrupted, this resumes it:  profile-drip state copy --from ${stateDir} --to URL`,
  );
}

export function networkLedger(stateDir: string, fileSystem: string): MachineError {
  return new MachineError(
    'ledger-network-disk',
    `expected the state directory ${stateDir} on a disk of this machine, and found it on ${fileSystem}: processes of several machines would not see each other's use of the cap. Choose a local folder with --state-dir`,
  );
}

export function heldLedger(): MachineError {
  return new MachineError(
    'ledger-held',
    "another process holds the cap's ledger and does not release it: it is probably stopped (state T in ps, or a paused container). Resume or end that process, then run the same command again",
  );
}

/** What the system's codes mean here. */
const systemFaults: Readonly<Record<string, { readonly code: ErrorCode; readonly found: string }>> = {
  EMFILE: { code: 'ledger-no-handles', found: 'too many open files: raise `ulimit -n` or lower --concurrency' },
  ENFILE: { code: 'ledger-no-handles', found: 'this machine has too many open files' },
  EFBIG: { code: 'ledger-file-size', found: 'the file may not grow further: raise `ulimit -f`' },
  ENOSPC: { code: 'ledger-disk-full', found: 'the disk is full' },
  EDQUOT: { code: 'ledger-disk-full', found: 'the disk quota is used up' },
  EACCES: { code: 'ledger-no-access', found: 'permission denied' },
  EPERM: { code: 'ledger-no-access', found: 'permission denied' },
  EROFS: { code: 'ledger-read-only', found: 'the file system is read-only' },
  ENOTDIR: { code: 'ledger-no-folder', found: 'a part of the path is not a folder' },
  EEXIST: { code: 'ledger-no-folder', found: 'something that is not a folder has its name' },
};

/** What went wrong when the ledger was read or written, as a MachineError; what is not of the ledger stays as it is. */
export function failedLedger(stateDir: string, error: unknown): unknown {
  if (error instanceof DamagedRecord) return damagedLedger(stateDir, error.message, error);
  if (error instanceof ForeignRecord) return foreignLedger(stateDir, error.message);
  if (error instanceof LmdbFault) return lmdbFault(stateDir, error);
  const said = whatWasSaid(error);
  if (said === null) return error;
  const known = systemFaults[said];
  return new MachineError(
    known?.code ?? 'ledger-failed',
    `the cap's ledger in ${stateDir} could not be read or written: ${known?.found ?? said}. What cannot be counted is not sent: check the disk and its free space, or choose another folder with --state-dir, then run the same command again`,
    { cause: error },
  );
}

function lmdbFault(stateDir: string, fault: LmdbFault): MachineError {
  switch (fault.kind) {
    case 'no-library':
      return lmdbMissing(fault);
    case 'moved':
      return movedLedger(stateDir);
    case 'lock-moved':
      return unlockedLedger(stateDir);
    case 'held':
      return heldLedger();
  }
}

/** A system's code (`ENOSPC`), or lmdb's own words; `null`: neither of the two said anything. */
function whatWasSaid(error: unknown): string | null {
  if (!(error instanceof Error) || error instanceof ProfileDripError) return null;
  const system = systemCode(error);
  if (system !== null) return system;
  // lmdb-js passes the number on: errno as it is, lmdb's own below zero.
  if (!('code' in error) || typeof error.code !== 'number') return null;
  return error.code > 0 ? getSystemErrorName(-error.code) : error.message;
}
