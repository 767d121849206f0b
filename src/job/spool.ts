import { dirname } from 'node:path';
import type { Disk } from '../ports.js';
import { onDisk, unlessMissing } from './disk-fault.js';
import type { JobFiles } from './job-files.js';

/**
 * Standard input as a file, so that it can be resumed like one. Resolves to the path of `<name>.spool`.
 *
 * While the spool is there, `open` is not called: the job goes on from it. Otherwise the input is read to its end
 * into `<name>.spool.part`, which is made durable and only then gets the name; one that a crash left is begun anew,
 * since what it lacks cannot be read a second time. MachineError where the disk refuses; the error of the input
 * itself otherwise. Either way no part stays behind.
 */
export async function spoolInput(
  disk: Disk,
  files: Pick<JobFiles, 'spool' | 'spoolPart'>,
  open: () => AsyncIterable<Uint8Array>,
): Promise<string> {
  const deed = `keep standard input in ${files.spool}`;
  const earlier = await onDisk(deed, () => unlessMissing(disk.stat(files.spool)));
  if (earlier !== null) return files.spool;
  const part = await onDisk(deed, async () => {
    await unlessMissing(disk.remove(files.spoolPart));
    return disk.open(files.spoolPart, 'create');
  });
  try {
    for await (const bytes of open()) await onDisk(deed, () => part.append(bytes));
    await onDisk(deed, async () => {
      await part.sync();
      await part.close();
      await disk.rename(files.spoolPart, files.spool);
    });
  } catch (error) {
    await part.close().catch(() => {});
    await disk.remove(files.spoolPart).catch(() => {}); // the next run does, if this could not
    throw error;
  }
  await onDisk(deed, () => disk.syncFolder(dirname(files.spool)));
  return files.spool;
}
