import type { Disk } from '../../platform/ports.js';
import { onDisk } from '../../storage/disk-errors.js';

const lineEnds = new Set([0x0a, 0x0d]);

/**
 * Whether what stands from `byte` on continues the row before it: FILE ended there when it was read, its last line
 * without an end, and more has been appended. That row was read as it stood, and so is another one now.
 */
export async function continuesRow(disk: Disk, path: string, byte: number): Promise<boolean> {
  if (byte === 0) return false;
  return onDisk(`read ${path}`, async () => {
    const file = await disk.open(path, 'read');
    try {
      const around = new Uint8Array(2);
      const count = await file.read(around, byte - 1);
      return count === 2 && !around.some((one) => lineEnds.has(one));
    } finally {
      await file.close();
    }
  });
}
