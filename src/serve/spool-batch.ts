import { createHash } from 'node:crypto';
import type { Disk } from '../platform/ports.js';
import { unlessMissing } from '../storage/disk-errors.js';
import { BatchBody, RowCounter } from './wire/batch-body.js';

/** A body on disk, not yet a batch. */
export interface SpooledBatch {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly rowCount: number;
}

export class TooManyRows extends Error {}

/** Adobe's documentation: fewer rows than this in a file. */
const rowsMax = 500_000;
/** What is written at once: clients send in small pieces. */
const writeBytes = 262_144;

/**
 * Writes a body to `path`, durably, however large it is: what is held in memory is one piece. On any fault the file is
 * removed. @throws BatchBodyError, TooManyRows, the body's own error, the disk's.
 */
export async function spoolBatch(
  disk: Disk,
  path: string,
  body: AsyncIterable<Buffer>,
  needsName: boolean,
): Promise<SpooledBatch> {
  const file = await disk.open(path, 'create');
  try {
    const content = new BatchBody(needsName);
    const rows = new RowCounter();
    const hash = createHash('sha256');
    let sizeBytes = 0;
    let pieces: Buffer[] = [];
    let pieceBytes = 0;
    const write = async () => {
      if (pieceBytes === 0) return;
      await file.append(pieces.length === 1 ? (pieces[0] ?? Buffer.alloc(0)) : Buffer.concat(pieces));
      pieces = [];
      pieceBytes = 0;
    };
    const take = async (bytes: Buffer) => {
      if (bytes.length === 0) return;
      hash.update(bytes);
      rows.add(bytes);
      if (rows.rowCount > rowsMax) throw new TooManyRows();
      sizeBytes += bytes.length;
      pieces.push(bytes);
      pieceBytes += bytes.length;
      if (pieceBytes >= writeBytes) await write();
    };
    for await (const chunk of body) await take(content.add(chunk));
    await take(content.end());
    await write();
    await file.sync();
    await file.close();
    return { path, sizeBytes, sha256: hash.digest('hex'), rowCount: rows.rowCount };
  } catch (error) {
    await file.close().catch(() => {});
    await unlessMissing(disk.remove(path)).catch(() => {});
    throw error;
  }
}
