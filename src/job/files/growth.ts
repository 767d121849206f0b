import type { Disk } from '../../platform/ports.js';
import { onDisk } from '../../storage/disk-errors.js';

const lf = 0x0a;
const cr = 0x0d;
const lineEnds = new Set([lf, cr]);

/**
 * Whether what stands from `byte` on continues the row before it: FILE ended there when it was read, its last line
 * without an end, and more has been appended. That row was read as it stood, and so is another one now.
 */
export async function continuesRow(disk: Disk, path: string, byte: number): Promise<boolean> {
  if (byte === 0) return false;
  return onDisk(`read ${path}`, async () => {
    const file = await disk.openInput(path);
    try {
      const around = new Uint8Array(2);
      const count = await file.read(around, byte - 1);
      return count === 2 && !around.some((one) => lineEnds.has(one));
    } finally {
      await file.close();
    }
  });
}

/** Whether a line of a plain FILE begins at `byte`, or FILE ends there: a row can begin nowhere else. */
export async function isRowStart(disk: Disk, path: string, byte: number): Promise<boolean> {
  if (byte === 0) return true;
  return onDisk(`read ${path}`, async () => {
    const file = await disk.openInput(path);
    try {
      const around = new Uint8Array(2);
      const count = await file.read(around, byte - 1);
      const [before, at] = around;
      if (count < 2) return count === 1;
      return before === lf || (before === cr && at !== lf);
    } finally {
      await file.close();
    }
  });
}
