import { MachineError, systemCode } from '../terms/errors.js';

/** Every fault of the memory: status 6, and a way out. Losing a memory is safe: it costs updates, nothing else. */

const wayOut = '--forget drops the memory: the next run then sends every row once';

export function damagedMemory(folder: string, found: string, cause?: unknown): MachineError {
  return new MachineError(
    'memory-damaged',
    `expected the memory of --changed-only in ${folder} to be whole, and found it damaged (${found}). ${wayOut}`,
    { cause },
  );
}

export function keyMissing(keyPath: string): MachineError {
  return new MachineError(
    'memory-key-missing',
    `expected the key of the memory of --changed-only at ${keyPath}, and found none that fits: without it the memory cannot be read. Put the key back, or start anew: ${wayOut}`,
  );
}

export function memoryLost(): MachineError {
  return new MachineError(
    'memory-run-lost',
    'this run stood still for so long that other runs took it to be over, so what it would remember could be wrong. Nothing is damaged: the same command goes on',
  );
}

/** What the system, lmdb or a record (visitor-record.ts) says when the memory cannot be read or written. */
export function memoryFailed(folder: string, cause: unknown): MachineError {
  if (cause instanceof MachineError) return cause;
  if (cause instanceof RangeError) return damagedMemory(folder, 'a record that this version did not write', cause);
  const said = systemCode(cause) ?? (cause instanceof Error ? cause.message : 'an unknown error');
  return new MachineError(
    'memory-failed',
    `the memory of --changed-only in ${folder} could not be read or written (${said}). Check that the disk has room and that the folder may be written to; if it goes on, ${wayOut}`,
    { cause },
  );
}
