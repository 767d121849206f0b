import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { MachineError, ProfileDripError } from '../terms/errors.js';

/** Standard input as a file for as long as `work` takes, in a folder of its own that nobody else can read. */
export async function withInputAsFile<T>(
  open: (signal?: AbortSignal) => AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const folder = await onDisk(mkdtemp(join(tmpdir(), 'profile-drip-check-')));
  try {
    const path = join(folder, 'input');
    const end = signal === undefined ? {} : { signal };
    // Interrupted, what has come is looked at no further than the caller wants.
    await pipeline(open(signal), createWriteStream(path, { mode: 0o600 }), end).catch((error: unknown) => {
      if (signal?.aborted === true) return;
      throw error instanceof ProfileDripError ? error : inputFault(error);
    });
    return await work(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function onDisk<T>(doing: Promise<T>): Promise<T> {
  return doing.catch((error: unknown) => {
    throw inputFault(error);
  });
}

function inputFault(cause: unknown): MachineError {
  const message = `standard input could not be kept in ${tmpdir()} while it is checked. Free some space there, or name another folder in TMPDIR`;
  return new MachineError('input-not-kept', message, { cause });
}
