import { join } from 'node:path';
import { onDisk, unlessMissing } from '../storage/disk-errors.js';
import { replaceFile } from '../storage/replace-file.js';
import { localTime } from '../text/local-time.js';
import { type Archiving, errorTextPath } from './archive.js';
import { numbered, pathBeside, safeName } from './names.js';
import type { Input, NameFault } from './next-input.js';

/**
 * A file that cannot have a job, because its job files could not be named: it goes to `failed/` under a name that
 * every system takes, with a text that says why. The text is there first: a crash in between leaves the file where it
 * was, and the next run repeats the move under the same name.
 *
 * Resolves to its new path; `null`: it is gone.
 */
export async function putAside(archiving: Archiving, input: Input, fault: NameFault): Promise<string | null> {
  const { disk, place, marker, runId } = archiving;
  const name = await freeName(archiving, safeName(bytesOf(input)));
  const target = join(place.failed, name);
  return onDisk(`move a file from ${place.root} to ${place.failed}`, async () => {
    if ((await unlessMissing(disk.stat(input.path))) === null) return null;
    await replaceFile(disk, errorTextPath({ folder: place.failed, name }), errorText(archiving, name, fault), runId);
    if (marker !== null) await unlessMissing(disk.remove(pathBeside(input.path, marker)));
    await disk.rename(input.path, target);
    for (const folder of [place.failed, place.root]) await disk.syncFolder(folder);
    return target;
  });
}

function bytesOf({ name, path }: Input): Uint8Array {
  if (typeof path === 'string') return Buffer.from(name);
  const bytes = Buffer.from(path);
  return bytes.subarray(bytes.lastIndexOf('/') + 1);
}

/** A text alone comes from a move that was not finished: its name is free. */
async function freeName({ disk, place }: Archiving, name: string): Promise<string> {
  return onDisk(`look at ${place.failed}`, async () => {
    for (let number = 1; ; number += 1) {
      const own = numbered(name, number);
      if ((await unlessMissing(disk.stat(join(place.failed, own)))) === null) return own;
    }
  });
}

function errorText({ clock }: Archiving, name: string, { code, message }: NameFault): string {
  return `${name} was put here by profile-drip drop at ${localTime(clock.wallMs())}. Nothing of it was sent.

Why: ${message}
Code: ${code}

What to do: put the file into the drop folder again, under a name that fits.
`;
}
