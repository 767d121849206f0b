import { join } from 'node:path';
import type { JobSummary } from '../job/terms/summary.js';
import type { Disk } from '../platform/ports.js';
import { onDisk, unlessMissing } from '../storage/disk-errors.js';
import { FieldFault, Fields, readText } from '../storage/read-json.js';
import { replaceFile } from '../storage/replace-file.js';
import { readBatchId } from './wire/batch-id.js';
import type { BatchState } from './wire/replies.js';

/** What is kept of a batch for jobs that ask for its status, longer than its files. */
export interface BatchRecord {
  readonly id: string;
  readonly acceptedAtMs: number;
  /** Of the file as it was put on disk. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Lines after the header; the rows that were read, once the batch is done. */
  readonly rowCount: number;
  readonly state: BatchState;
  readonly consumedCount: number;
  readonly successfulCount: number;
  readonly failedCount: number;
  /** `null`: it has not ended. */
  readonly endedAtMs: number | null;
}

/** Longer than any job asks for it. */
const keptMs = 8 * 86_400_000;
const end = '.json';

/** The records of one client code, a small file each: those who ask are few, and nothing is held in memory for them. */
export class BatchRecords {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #runId: string;

  constructor(disk: Disk, folder: string, runId: string) {
    this.#disk = disk;
    this.#folder = folder;
    this.#runId = runId;
  }

  async makeFolder(): Promise<void> {
    await onDisk(`make ${this.#folder}`, () => this.#disk.makeFolder(this.#folder));
  }

  /** Ids of all that is kept. What a crash left of a record that was being written is removed. */
  async ids(): Promise<string[]> {
    const names = await onDisk(`look at ${this.#folder}`, () => this.#disk.list(this.#folder));
    for (const name of names.filter((one) => one.endsWith('.tmp'))) {
      await unlessMissing(this.#disk.remove(join(this.#folder, name)));
    }
    return names.flatMap((name) => (name.endsWith(end) ? [name.slice(0, -end.length)] : []));
  }

  /** `null`: it does not exist, or cannot be read any more. `id` is a batch's: it is never a path. */
  async read(id: string): Promise<BatchRecord | null> {
    const path = this.#pathOf(id);
    return onDisk(`read ${path}`, async () => {
      const file = await unlessMissing(this.#disk.open(path, 'read'));
      if (file === null) return null;
      try {
        return parse(id, await readText(file));
      } catch (error) {
        if (error instanceof FieldFault) return null;
        throw error;
      } finally {
        await file.close();
      }
    });
  }

  async write(record: BatchRecord): Promise<void> {
    await replaceFile(this.#disk, this.#pathOf(record.id), format(record), this.#runId);
  }

  /** Removes what is older than anybody asks for; a batch that has not ended is kept. */
  async removeOld(nowMs: number): Promise<void> {
    for (const id of await this.ids()) {
      const named = readBatchId(id);
      if (named === null || nowMs - named.timeMs < keptMs) continue;
      const record = await this.read(id);
      const isOld = record === null || (record.endedAtMs !== null && nowMs - record.endedAtMs >= keptMs);
      if (isOld) await onDisk(`clear up in ${this.#folder}`, () => unlessMissing(this.#disk.remove(this.#pathOf(id))));
    }
  }

  #pathOf(id: string): string {
    return join(this.#folder, id + end);
  }
}

/** The record with what its job's summary counts. */
export function withCounts(
  record: BatchRecord,
  { rows }: { readonly rows: Omit<JobSummary['rows'], 'superseded' | 'coalesced'> },
): BatchRecord {
  const failedCount = rows.invalid + rows.refused + rows.failed;
  const successfulCount = rows.submitted + rows.unchanged;
  return {
    ...record,
    rowCount: rows.total ?? record.rowCount,
    consumedCount: successfulCount + failedCount + rows.skipped,
    successfulCount,
    failedCount,
  };
}

function format(record: BatchRecord): string {
  const { acceptedAtMs, endedAtMs } = record;
  const iso = (atMs: number) => new Date(atMs).toISOString();
  return `${JSON.stringify({
    schema: 1,
    accepted_at: iso(acceptedAtMs),
    ended_at: endedAtMs === null ? null : iso(endedAtMs),
    state: record.state,
    sha256: record.sha256,
    bytes: record.sizeBytes,
    rows: record.rowCount,
    consumed: record.consumedCount,
    successful: record.successfulCount,
    failed: record.failedCount,
  })}\n`;
}

/** @throws FieldFault */
function parse(id: string, text: string): BatchRecord {
  const fields = Fields.parse(text);
  return {
    id,
    acceptedAtMs: fields.timeMs('accepted_at'),
    endedAtMs: fields.textOrNull('ended_at') === null ? null : fields.timeMs('ended_at'),
    state: fields.oneOf<BatchState>('state', ['incomplete', 'complete', 'stuck']),
    sha256: fields.text('sha256', /^[0-9a-f]{64}$/),
    sizeBytes: fields.whole('bytes'),
    rowCount: fields.whole('rows'),
    consumedCount: fields.whole('consumed'),
    successfulCount: fields.whole('successful'),
    failedCount: fields.whole('failed'),
  };
}
