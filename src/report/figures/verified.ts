import { basename } from 'node:path';
import type { JobFiles } from '../../job/files/job-files.js';
import type { Disk } from '../../platform/ports.js';
import { onDisk, unlessMissing } from '../../storage/disk-errors.js';
import { noCounts, type Verdict } from '../../verify/terms.js';
import { readVerifyLines } from '../../verify/verify-log.js';

/** The verdicts of the job's last verify; `null`: there are none. */
export async function readVerified(disk: Disk, files: JobFiles) {
  return onDisk(`read ${files.verify}`, async () => {
    const file = await unlessMissing(disk.open(files.verify, 'read'));
    if (file === null) return null;
    try {
      const counts = noCounts();
      await readVerifyLines(file, ({ verdict }) => {
        counts[verdict] += 1;
      });
      if (verdictCount(counts) === 0) return null;
      const hasNotFound = (await unlessMissing(disk.look(files.notFound))) !== null;
      return { counts, file: basename(files.verify), notFound: hasNotFound ? basename(files.notFound) : null };
    } finally {
      await file.close();
    }
  });
}

export function verdictCount(counts: Readonly<Record<Verdict, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
