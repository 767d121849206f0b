import type { DiskFile } from '../platform/ports.js';

/** The most that is read of a file of ours: a checkpoint with 10,000 tried rows takes a tenth of it. */
const textBytesMax = 16_777_216;

/** A small file's whole text, up to 16 MB; rejects with the system's error. */
export async function readText(file: DiskFile): Promise<string> {
  const { sizeBytes } = await file.stat();
  const into = Buffer.alloc(Math.min(sizeBytes, textBytesMax));
  let filledBytes = 0;
  while (filledBytes < into.length) {
    const readBytes = await file.read(into.subarray(filledBytes), filledBytes);
    if (readBytes === 0) break;
    filledBytes += readBytes;
  }
  return into.toString('utf8', 0, filledBytes);
}
