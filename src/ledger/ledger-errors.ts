import { getSystemErrorName } from 'node:util';
import { MachineError, ProfileDripError, systemCode } from '../terms/errors.js';

/** Every fault of the ledger: status 6, before anything is sent or before anything more is. */

/** What to do about a ledger that cannot be trusted. `place`: the state directory. */
function wayOut(place: string): string {
  return `Put back the state directory as it was, or start anew on purpose: wait until 24 hours have gone by since the last update was sent (what was used of the cap is forgotten), then remove ${place}/ledger and ${place}/ledger.guard`;
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

export function movedLedger(stateDir: string): MachineError {
  return new MachineError(
    'ledger-moved',
    `the cap's ledger in ${stateDir} was moved, removed or replaced while this run was using it: another run could count by another ledger, so nothing more is sent. Put it back and run the same command again`,
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
    "another process has held the cap's ledger for over a minute and does not let go of it: it is probably stopped (state T in ps). Let it go on or end it, then run the same command again",
  );
}

/** What the system's codes mean here. */
const systemFaults: Readonly<Record<string, { readonly code: string; readonly found: string }>> = {
  ENOSPC: { code: 'ledger-disk-full', found: 'the disk is full' },
  EDQUOT: { code: 'ledger-disk-full', found: 'the disk quota is used up' },
  EACCES: { code: 'ledger-no-access', found: 'this user may not read and write it' },
  EPERM: { code: 'ledger-no-access', found: 'this user may not read and write it' },
  EROFS: { code: 'ledger-read-only', found: 'the file system is read-only' },
  ENOTDIR: { code: 'ledger-no-folder', found: 'a part of the path is no folder' },
  EEXIST: { code: 'ledger-no-folder', found: 'something that is no folder has its name' },
};

/** What the system or lmdb said when the ledger could not be read or written; everything else stays as it is. */
export function failedLedger(stateDir: string, error: unknown): unknown {
  const said = whatWasSaid(error);
  if (said === null) return error;
  const known = systemFaults[said];
  return new MachineError(
    known?.code ?? 'ledger-failed',
    `the cap's ledger in ${stateDir} could not be read or written: ${known?.found ?? said}. What cannot be counted is not sent: see to the disk and its room, or choose another folder with --state-dir, then run the same command again`,
    { cause: error },
  );
}

/** A system's code (`ENOSPC`), or lmdb's own words; `null`: neither of the two said anything. */
function whatWasSaid(error: unknown): string | null {
  if (!(error instanceof Error) || error instanceof ProfileDripError) return null;
  const system = systemCode(error);
  if (system !== null) return system;
  // lmdb-js hands on the number: errno as it is, lmdb's own below zero.
  if (!('code' in error) || typeof error.code !== 'number') return null;
  return error.code > 0 ? getSystemErrorName(-error.code) : error.message;
}
