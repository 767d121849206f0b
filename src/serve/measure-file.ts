import { createHash } from 'node:crypto';
import type { Disk } from '../platform/ports.js';
import { onDisk } from '../storage/disk-errors.js';
import type { BatchRecord } from './batch-records.js';
import { RowCounter } from './wire/batch-body.js';

const chunkBytes = 1_048_576;

/** What a batch's record says of its file, from the file itself. */
export async function measureFile(
  disk: Disk,
  path: string,
): Promise<Pick<BatchRecord, 'sha256' | 'sizeBytes' | 'rowCount'>> {
  return onDisk(`read ${path}`, async () => {
    const hash = createHash('sha256');
    const rows = new RowCounter();
    const chunk = Buffer.alloc(chunkBytes);
    const file = await disk.open(path, 'read');
    try {
      for (let sizeBytes = 0; ; ) {
        const readBytes = await file.read(chunk, sizeBytes);
        if (readBytes === 0) return { sha256: hash.digest('hex'), sizeBytes, rowCount: rows.rowCount };
        hash.update(chunk.subarray(0, readBytes));
        rows.add(chunk.subarray(0, readBytes));
        sizeBytes += readBytes;
      }
    } finally {
      await file.close();
    }
  });
}
