import { LmdbFault, lmdbMissing } from '../lmdb/faults.js';
import { MachineError, systemCode } from '../terms/errors.js';

/** Every error of the memory: status 6, and a way out. Losing a memory is safe: it costs updates, nothing else. */

const wayOut = '--forget discards the memory: the next run then sends every row once';

export function damagedMemory(folder: string, found: string, cause?: unknown): MachineError {
  return new MachineError(
    'memory-damaged',
    `expected the memory of --changed-only in ${folder} to be whole, and found it damaged (${found}). ${wayOut}`,
    { cause },
  );
}

export function otherVersion(folder: string): MachineError {
  return new MachineError(
    'memory-version',
    `the memory of --changed-only in ${folder} was written by another version of profile-drip, and this one cannot read it. Use that version, or start again: ${wayOut}`,
  );
}

export function keyMissing(keyPath: string): MachineError {
  return new MachineError(
    'memory-key-missing',
    `expected the key of the memory of --changed-only at ${keyPath}, and found none that fits: without it the memory cannot be read. Put the key back, or start again: ${wayOut}`,
  );
}

export function restoredMemory(place: string, found: string): MachineError {
  return new MachineError(
    'state-restored',
    `${place}: the memory of --changed-only is not the one that was used (${found}): it may be an older copy, so nothing is sent. To use it:  profile-drip state accept --used N --state-url …  (the next run then sends every row once)`,
  );
}

export function movedMemory(folder: string, to: string): MachineError {
  return new MachineError(
    'state-moved',
    `the memory of --changed-only in ${folder} was moved to the database ${to}: what is sent is remembered there. Use --state-url in place of --state-dir. If the copy was interrupted, this resumes it:  profile-drip state copy --from DIR --to URL`,
  );
}

/** What the system, lmdb or a record (visitor-record.ts) says when the memory cannot be read or written. */
export function memoryFailed(name: string, cause: unknown): MachineError {
  if (cause instanceof MachineError) return cause;
  if (cause instanceof LmdbFault) return lmdbFault(name, cause);
  if (cause instanceof RangeError) return damagedMemory(name, cause.message, cause);
  if (systemCode(cause) === 'EMFILE') {
    return new MachineError(
      'memory-no-handles',
      `the memory of --changed-only in ${name} could not be read or written: too many open files (EMFILE). Raise \`ulimit -n\` or lower --concurrency, then run the same command again`,
      { cause },
    );
  }
  const said = systemCode(cause) ?? (cause instanceof Error ? cause.message : 'an unknown error');
  return new MachineError(
    'memory-failed',
    `the memory of --changed-only in ${name} could not be read or written (${said}). Check that the disk has room and that you have write access to the folder; if the error stays, ${wayOut}`,
    { cause },
  );
}

function lmdbFault(folder: string, fault: LmdbFault): MachineError {
  switch (fault.kind) {
    case 'no-library':
      return lmdbMissing(fault);
    case 'held':
      return new MachineError(
        'memory-held',
        `another process holds the memory of --changed-only in ${folder} and does not release it: it is probably stopped (state T in ps, or a paused container). Resume or end that process, then run the same command again`,
      );
    case 'moved':
    case 'lock-moved':
      return new MachineError(
        'memory-moved',
        `the memory of --changed-only in ${folder}, or its lock file lock.mdb, was moved, removed or replaced while this run was using it, so what it would remember could be wrong. The files are never stale: leave them where they are, and run the same command again`,
      );
  }
}
