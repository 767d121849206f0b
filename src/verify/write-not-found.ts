import type { Batch } from '../batch/open.js';
import type { VisitorSet } from '../hash/visitor-set.js';
import type { RowOutcomes } from '../job/results/row-outcomes.js';
import type { Disk } from '../platform/ports.js';
import { unlessMissing } from '../storage/disk-errors.js';
import { Replacement } from '../storage/replace-file.js';
import type { Preparer } from '../target-api/prepare.js';
import { FileError } from '../terms/errors.js';

export interface NotFoundOptions {
  readonly disk: Disk;
  readonly path: string;
  readonly runId: string;
  readonly prepare: Preparer;
  readonly outcomes: RowOutcomes;
  readonly notFound: VisitorSet;
}

/**
 * `<name>.not-found.csv`: FILE's header and, byte for byte, all submitted rows of visitors that were not found. `false`:
 * no such rows exist, and no file is written.
 */
export async function writeNotFound(batch: Batch, options: NotFoundOptions): Promise<boolean> {
  const { disk, path, runId, notFound } = options;
  if (notFound.size === 0) {
    await unlessMissing(disk.remove(path));
    return false;
  }
  const file = await Replacement.open(disk, path, runId);
  try {
    await writeRows(batch, file, options);
    await file.keep();
    return true;
  } catch (error) {
    await file.discard();
    throw error;
  }
}

async function writeRows(batch: Batch, file: Replacement, { prepare, outcomes, notFound }: NotFoundOptions) {
  const lineEnd = batch.header.bytes.subarray(-2).toString() === '\r\n' ? '\r\n' : '\n';
  const whole = (bytes: Buffer) =>
    /[\r\n]/.test(bytes.toString('latin1').slice(-1)) ? [bytes] : [bytes, Buffer.from(lineEnd)];
  await file.append(batch.toFileBytes(Buffer.concat(whole(batch.header.bytes))));
  try {
    for await (const rows of batch.rows(batch.dataStart, { withBytes: true, fingerprint: null })) {
      const kept: Buffer[] = [];
      for (const { rowNumber, cells, isUtf8, bytes } of rows) {
        const status = outcomes.statusOf(rowNumber);
        if (bytes === null || (status !== 'submitted' && status !== 'unchanged')) continue;
        if (notFound.has(prepare(cells, isUtf8).id)) kept.push(...whole(bytes));
      }
      if (kept.length > 0) await file.append(batch.toFileBytes(Buffer.concat(kept)));
    }
  } catch (error) {
    if (!(error instanceof FileError)) throw error; // the job stopped there as well
  }
}
