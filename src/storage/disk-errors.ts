import type { ErrorCode } from '../terms/codes.js';
import { MachineError, ProfileDripError, systemCode } from '../terms/errors.js';

/** What the system's code for a failed disk operation means to a person. */
const faults: Readonly<Record<string, { readonly code: ErrorCode; readonly found: string; readonly advice: string }>> =
  {
    ENOSPC: { code: 'disk-full', found: 'no space left on the disk', advice: 'Free some space' },
    EDQUOT: { code: 'disk-full', found: 'the disk quota is used up', advice: 'Free some space' },
    EROFS: {
      code: 'disk-read-only',
      found: 'the file system is read-only',
      advice: 'Make it writable, or choose another folder with --out',
    },
    EACCES: {
      code: 'disk-no-access',
      found: 'permission denied',
      advice: 'Give this user write access, or choose another folder with --out',
    },
    EPERM: {
      code: 'disk-no-access',
      found: 'permission denied',
      advice: 'Give this user write access, or choose another folder with --out',
    },
    ENOENT: { code: 'disk-gone', found: 'the file or its folder does not exist any more', advice: 'Put it back' },
    ENOTDIR: {
      code: 'disk-gone',
      found: 'a part of the path is not a folder',
      advice: 'Choose another folder with --out',
    },
    EISDIR: {
      code: 'disk-no-file',
      found: 'a folder has that name',
      advice: 'Move it away, or choose another --out or --name',
    },
    ENAMETOOLONG: {
      code: 'disk-name-length',
      found: 'the name is too long for the file system',
      advice: 'Give a shorter --name',
    },
    ENODEV: { code: 'disk-gone', found: 'the disk is gone', advice: 'Attach it again' },
    ENXIO: { code: 'disk-gone', found: 'the disk is gone', advice: 'Attach it again' },
    ESTALE: { code: 'disk-gone', found: 'the network file system lost the file', advice: 'Mount it again' },
    EMFILE: {
      code: 'too-many-files',
      found: 'too many open files',
      advice: 'Raise `ulimit -n` or lower --concurrency',
    },
    ENFILE: {
      code: 'too-many-files',
      found: 'too many open files on this machine',
      advice: 'Raise fs.file-max or lower --concurrency',
    },
    ENOMEM: { code: 'no-memory', found: 'no memory left', advice: 'Lower --concurrency, or give this machine more' },
    EFBIG: {
      code: 'disk-file-size',
      found: 'the file reached the limit on the size of files',
      advice: 'Raise the limit (`ulimit -f unlimited`)',
    },
  };

const unknownFault: (typeof faults)[string] = {
  code: 'disk-failed',
  found: 'the disk reports an error',
  advice: 'Check the disk',
};

/**
 * What a failed disk operation is reported as; errors that say already what they mean stay as they are.
 * `deed` completes "cannot …": "write the results to /data/drop.csv.results.csv".
 */
export function diskFault(error: unknown, deed: string): ProfileDripError {
  if (error instanceof ProfileDripError) return error;
  const system = systemCode(error);
  if (system === null) throw error; // not an error of the disk: an internal error
  const { code, found, advice } = faults[system] ?? unknownFault;
  const isReading = /^(?:read|look at) /.test(deed);
  const todo = isReading ? advice.replace('write access', 'read access') : advice;
  const message = `cannot ${deed}: ${found} (${system}). ${todo}, then run the same command again.`;
  return new MachineError(code, message, { cause: error });
}

/** Runs `act`; what the system refuses comes out as a MachineError that speaks of `deed`. */
export async function onDisk<Value>(deed: string, act: () => Promise<Value>): Promise<Value> {
  try {
    return await act();
  } catch (error) {
    throw diskFault(error, deed);
  }
}

/** `null` where there is no such file. */
export async function unlessMissing<Value>(act: Promise<Value>): Promise<Value | null> {
  try {
    return await act;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}
