import { createHash } from 'node:crypto';
import type { Fingerprint, Format, Position } from '../../batch/open.js';
import type { HintState } from '../../hints/hint-tally.js';
import type { Disk } from '../../platform/ports.js';
import { replaceFile } from '../../storage/replace-file.js';
import type { ExitStatus } from '../../terms/exit-status.js';
import type { ReasonCode, RouteName, RowStatus } from '../../terms/outcome.js';
import type { RowCounts } from '../terms/summary.js';

/** What makes a job this job, beside FILE's content: with another of these a job does not resume from a checkpoint. */
export interface JobIdentity {
  readonly clientCode: string;
  /** An origin. */
  readonly endpoint: string;
  /** --id-column; `null`: the file's first. */
  readonly idColumn: string | null;
  readonly idType: 'pcId' | 'thirdPartyId';
  readonly values: 'encoded' | 'raw';
  readonly plus: 'space' | 'literal' | null;
  /** What was found, where it was looked for. */
  readonly delimiter: string;
  /** What was found. */
  readonly encoding: Format['encoding'];
  readonly trim: boolean;
  /** These in the order of the alphabet: which comes first makes no difference. */
  readonly only: readonly string[];
  readonly skip: readonly string[];
  readonly rename: readonly string[];
  readonly nullWords: readonly string[];
}

export interface ReasonCount {
  readonly code: ReasonCode;
  readonly count: number;
  readonly exampleRow: number;
  readonly exampleLine: number;
}

/** A row that was attempted and has not ended. */
export interface TriedRow {
  readonly rowNumber: number;
  readonly attempts: number;
  readonly firstTryAtMs: number;
}

/**
 * Where the job's files are on their way to: written before the first of them moves, so that a later run can finish the move after a crash. By role,
 * never by path: the run that finishes the move says which folder has that role.
 */
export type Move =
  /** Beside where they are, under the name of an earlier job. */
  | { readonly role: 'kept'; readonly stem: string }
  /** Into a day's folder of the archive (`drop`). `fileName`: FILE's name there; `null`: FILE does not move. */
  | { readonly role: 'archive'; readonly day: string; readonly stem: string; readonly fileName: string | null }
  /** Into failed/ (`drop`). */
  | { readonly role: 'failed'; readonly stem: string; readonly fileName: string | null };

export type CheckpointCounts = Readonly<Record<RowStatus | 'superseded', number>>;

/** `<name>.checkpoint.json`: where to resume, which job this is, and the counts. */
export interface Checkpoint {
  readonly schema: 3;
  readonly job: JobIdentity;
  /** Of the run that wrote this. */
  readonly runId: string;
  /** Of the job, over all its runs. */
  readonly startedAtMs: number;
  readonly updatedAtMs: number;
  /** `complete`: every row has its end. `closed`: superseded by new content of FILE. */
  readonly state: 'open' | 'complete' | 'closed';
  /** With which the job ended; `null` while it is open. */
  readonly exitStatus: ExitStatus | null;
  readonly file: {
    /** FILE's name, without its folder. */
    readonly name: string;
    readonly sizeBytes: number;
    readonly modifiedNs: string;
    readonly identity: string;
    readonly isCompressed: boolean;
    /** Of FILE's own bytes; `null` until the job is complete. */
    readonly sha256: string | null;
    /** Of the content that has been read. */
    readonly fingerprint: Fingerprint;
  };
  /** Every row before it has its end, and its line in the report before `results.endByte`. */
  readonly next: Position;
  readonly results: {
    /** Lines of rows from `next` on begin here at the earliest. A line begins here, or the report ends. */
    readonly fromByte: number;
    /** All lines before this are in the counts; they are durable. */
    readonly endByte: number;
  };
  readonly counts: CheckpointCounts;
  /** `null` until the whole of FILE has been read. */
  readonly totalRows: number | null;
  /** Rows that have been read; those of them that have no end stand among `openRows` or were not attempted yet. */
  readonly readRowCount: number;
  /** Attempts, over all runs. */
  readonly attempts: number;
  /** Rows that have ended, by the route of their last attempt; those of which none was made are not among them. */
  readonly routes: Readonly<Record<RouteName, number>>;
  readonly reasons: readonly ReasonCount[];
  /** Of the rows before `next`; when the job is complete, of all of FILE. */
  readonly hints: HintState;
  readonly openRows: readonly TriedRow[];
  /** Attempts that may have arrived late, and that the ledger of the cap did not come to know of: the next run counts them. */
  readonly lateUnits: number;
  /** The same of the ledger of --delivery-cap. */
  readonly lateDeliveryUnits: number;
  /** Attempts by single update (loop/update-order.ts). */
  readonly updates: {
    /** No row from here on had one. */
    readonly toRow: number;
    /** Wall time of the last one; `null`: none was made. */
    readonly lastAtMs: number | null;
    /** The same by the machine's uptime; `null`: not known. */
    readonly lastUptime: { readonly bootId: string; readonly ms: number } | null;
  };
  readonly move: Move | null;
}

/** How many rows have their end. */
export function endedRowCount(counts: CheckpointCounts): number {
  return counts.submitted + counts.skipped + counts.unchanged + counts.invalid + counts.refused + counts.failed;
}

/** The rows of a job, as the summary and `status` show them. */
export function rowCounts({
  counts,
  reasons,
  totalRows,
}: Pick<Checkpoint, 'counts' | 'reasons' | 'totalRows'>): RowCounts {
  const coalesced = reasons.find(({ code }) => code === 'coalesced')?.count ?? 0;
  return { total: totalRows, ...counts, coalesced };
}

const identityNames: Readonly<Record<keyof JobIdentity, string>> = {
  clientCode: 'client code',
  endpoint: 'endpoint',
  idColumn: 'id column',
  idType: 'id type',
  values: '--values',
  plus: '--plus',
  delimiter: 'delimiter',
  encoding: 'encoding',
  trim: '--trim',
  only: '--only',
  skip: '--skip',
  rename: '--rename',
  nullWords: '--null',
};
const identityKeys = [
  'clientCode',
  'endpoint',
  'idColumn',
  'idType',
  'values',
  'plus',
  'delimiter',
  'encoding',
  'trim',
  'only',
  'skip',
  'rename',
  'nullWords',
] as const satisfies readonly (keyof JobIdentity)[];

/** In what `now` is another job than `before`, in words; empty: it is the same. */
export function differences(before: JobIdentity, now: JobIdentity): string[] {
  return identityKeys
    .filter((key) => shown(before[key]) !== shown(now[key]))
    .map((key) => `${identityNames[key]} was ${shown(before[key])} and is now ${shown(now[key])}`);
}

function shown(value: JobIdentity[keyof JobIdentity]): string {
  if (value === null || value === false) return 'not given';
  if (value === true) return 'given';
  if (typeof value === 'string') return JSON.stringify(value);
  return value.length === 0 ? 'not given' : value.map((word) => JSON.stringify(word)).join(', ');
}

/**
 * Replaces the checkpoint, durably. The caller has made the report durable up to `results.endByte` before. MachineError
 * where the disk refuses: the earlier checkpoint stands then.
 */
export function writeCheckpoint(disk: Disk, path: string, checkpoint: Checkpoint): Promise<void> {
  return replaceFile(disk, path, formatCheckpoint(checkpoint), checkpoint.runId);
}

/** The file's text: JSON for people, snake case as in the summary, and a checksum as the last line of the object. */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  const { job, file, next, results, counts, move } = checkpoint;
  const { fingerprint } = file;
  const written = {
    schema: checkpoint.schema,
    state: checkpoint.state,
    exit_status: checkpoint.exitStatus,
    started_at: isoTime(checkpoint.startedAtMs),
    updated_at: isoTime(checkpoint.updatedAtMs),
    run_id: checkpoint.runId,
    job: {
      client_code: job.clientCode,
      endpoint: job.endpoint,
      id_column: job.idColumn,
      id_type: job.idType,
      values: job.values,
      plus: job.plus,
      delimiter: job.delimiter,
      encoding: job.encoding,
      trim: job.trim,
      only: job.only,
      skip: job.skip,
      rename: job.rename,
      null: job.nullWords,
    },
    file: {
      name: file.name,
      size_bytes: file.sizeBytes,
      modified_ns: file.modifiedNs,
      identity: file.identity,
      is_compressed: file.isCompressed,
      sha256: file.sha256,
      fingerprint: {
        bytes: fingerprint.bytes,
        digest: fingerprint.digest,
        block_count: fingerprint.blockCount,
        chain: fingerprint.chain,
      },
    },
    next: { row: next.rowNumber, line: next.lineNumber, byte: next.byte },
    results: { from_byte: results.fromByte, end_byte: results.endByte },
    rows: { total: checkpoint.totalRows, read: checkpoint.readRowCount, ...counts },
    attempts: checkpoint.attempts,
    routes: checkpoint.routes,
    reasons: checkpoint.reasons.map((reason) => ({
      code: reason.code,
      count: reason.count,
      example_row: reason.exampleRow,
      example_line: reason.exampleLine,
    })),
    hints: checkpoint.hints.hints,
    id_lengths: checkpoint.hints.idLengths,
    open_rows: checkpoint.openRows.map((row) => ({
      row: row.rowNumber,
      attempts: row.attempts,
      first_try_at: isoTime(row.firstTryAtMs),
    })),
    late_units: checkpoint.lateUnits,
    late_delivery_units: checkpoint.lateDeliveryUnits,
    updates: {
      to_row: checkpoint.updates.toRow,
      last_at: checkpoint.updates.lastAtMs === null ? null : isoTime(checkpoint.updates.lastAtMs),
      boot_id: checkpoint.updates.lastUptime?.bootId ?? null,
      uptime_ms: checkpoint.updates.lastUptime?.ms ?? 0,
    },
    move: move && formatMove(move),
  };
  return withChecksum(JSON.stringify(written, null, 2));
}

function formatMove(move: Move): object {
  if (move.role === 'kept') return { role: move.role, stem: move.stem };
  const { role, stem, fileName } = move;
  return { role, day: move.role === 'archive' ? move.day : null, stem, file_name: fileName };
}

const checksumLine = /,\n {2}"checksum": "([0-9a-f]{64})"\n}\n$/;

/** A digit that somebody changed would make rows vanish without a word: so nothing in the text is believed without this. */
export function withChecksum(object: string): string {
  return `${object.slice(0, -'\n}'.length)},\n  "checksum": "${checksumOf(object)}"\n}\n`;
}

/** Whether a checkpoint's text is the one that was written. */
export function hasItsChecksum(text: string): boolean {
  const [line, checksum] = checksumLine.exec(text) ?? [];
  return line !== undefined && checksumOf(`${text.slice(0, -line.length)}\n}`) === checksum;
}

function checksumOf(object: string): string {
  return createHash('sha256').update(object).digest('hex');
}

function isoTime(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
