import { basename } from 'node:path';
import { foundEncodings } from '../../batch/encodings.js';
import { hintCodes } from '../../hints/codes.js';
import type { HintState } from '../../hints/hint-tally.js';
import type { Disk } from '../../platform/ports.js';
import { onDisk, unlessMissing } from '../../storage/disk-errors.js';
import { FieldFault, Fields, readText } from '../../storage/read-json.js';
import { UsageError } from '../../terms/errors.js';
import { exitStatus } from '../../terms/exit-status.js';
import type { ReasonCode } from '../../terms/outcome.js';
import { firstResultByte, isReasonCode } from '../results/read-results.js';
import {
  type Checkpoint,
  type CheckpointCounts,
  endedRowCount,
  hasItsChecksum,
  type JobIdentity,
  type Move,
} from './checkpoint.js';

/** The checkpoint at `path`, or `null` where there is none. Errors as of `parseCheckpoint`. */
export async function loadCheckpoint(disk: Disk, path: string): Promise<Checkpoint | null> {
  return onDisk(`read ${path}`, async () => {
    const file = await unlessMissing(disk.open(path, 'read'));
    if (file === null) return null;
    try {
      return parseCheckpoint(await readText(file), path);
    } finally {
      await file.close();
    }
  });
}

/**
 * The checkpoint that `text` (read from `path`) holds. UsageError `checkpoint-damaged` or `checkpoint-version`: status
 * 2, not 6, because the same command would not resume; `--restart` or a good copy does.
 */
export function parseCheckpoint(text: string, path: string): Checkpoint {
  try {
    const fields = Fields.parse(text);
    if (fields.whole('schema') !== schema) throw otherVersion(path);
    if (!hasItsChecksum(text)) throw new FieldFault('its "checksum" does not match its content');
    return requireSense(readCheckpoint(fields));
  } catch (error) {
    if (!(error instanceof FieldFault)) throw error;
    throw damagedCheckpoint(path, error.message);
  }
}

export function damagedCheckpoint(path: string, what: string): UsageError {
  return new UsageError(
    'checkpoint-damaged',
    `${path} was changed or damaged: ${what}. Put a good copy back, or begin again with --restart (what the job has written so far is kept, renamed).`,
  );
}

function otherVersion(path: string): UsageError {
  return new UsageError(
    'checkpoint-version',
    `${path} was written by another version of profile-drip. Resume with that version, or begin again with --restart (the files of the job are kept, renamed).`,
  );
}

const schema = 3;
const hex = /^[0-9a-f]*$/;
const digits = /^-?\d+$/;
const statuses = Object.values(exitStatus);

function readCheckpoint(fields: Fields): Checkpoint {
  const file = fields.object('file');
  const fingerprint = file.object('fingerprint');
  const next = fields.object('next');
  const results = fields.object('results');
  const rows = fields.object('rows');
  return {
    schema,
    state: fields.oneOf('state', ['open', 'complete', 'closed'] as const),
    exitStatus: fields.oneOf('exit_status', [null, ...statuses]),
    startedAtMs: fields.timeMs('started_at'),
    updatedAtMs: fields.timeMs('updated_at'),
    runId: fields.text('run_id', /^[\w-]{1,64}$/),
    job: readIdentity(fields.object('job')),
    file: {
      name: fileNameIn(file, 'name'),
      sizeBytes: file.whole('size_bytes'),
      modifiedNs: file.text('modified_ns', digits),
      identity: file.text('identity'),
      isCompressed: file.yesNo('is_compressed'),
      sha256: file.textOrNull('sha256', /^[0-9a-f]{64}$/),
      fingerprint: {
        bytes: fingerprint.whole('bytes'),
        digest: fingerprint.text('digest', hex),
        blockCount: fingerprint.whole('block_count'),
        chain: fingerprint.text('chain', hex),
      },
    },
    next: { rowNumber: next.whole('row', 1), lineNumber: next.whole('line', 1), byte: next.whole('byte') },
    results: { fromByte: results.whole('from_byte', firstResultByte), endByte: results.whole('end_byte') },
    counts: readCounts(rows),
    totalRows: rows.wholeOrNull('total'),
    readRowCount: rows.whole('read'),
    attempts: fields.whole('attempts'),
    routes: readRoutes(fields.object('routes')),
    reasons: fields.list('reasons').map((reason) => ({
      code: readReasonCode(reason),
      count: reason.whole('count', 1),
      exampleRow: reason.whole('example_row', 1),
      exampleLine: reason.whole('example_line', 1),
    })),
    hints: readHints(fields),
    openRows: fields.list('open_rows').map((row) => ({
      rowNumber: row.whole('row', 1),
      attempts: row.whole('attempts', 1),
      firstTryAtMs: row.timeMs('first_try_at'),
    })),
    lateUnits: fields.whole('late_units'),
    lateDeliveryUnits: fields.whole('late_delivery_units'),
    updates: readUpdates(fields.object('updates')),
    move: readMove(fields.objectOrNull('move')),
  };
}

function readIdentity(job: Fields): JobIdentity {
  return {
    clientCode: job.text('client_code'),
    endpoint: job.text('endpoint'),
    idColumn: job.textOrNull('id_column'),
    idType: job.oneOf('id_type', ['pcId', 'thirdPartyId'] as const),
    values: job.oneOf('values', ['encoded', 'raw'] as const),
    plus: job.oneOf('plus', [null, 'space', 'literal'] as const),
    delimiter: job.text('delimiter'),
    encoding: job.oneOf('encoding', foundEncodings),
    trim: job.yesNo('trim'),
    only: job.texts('only'),
    skip: job.texts('skip'),
    rename: job.texts('rename'),
    nullWords: job.texts('null'),
  };
}

function readCounts(rows: Fields): CheckpointCounts {
  return {
    submitted: rows.whole('submitted'),
    skipped: rows.whole('skipped'),
    unchanged: rows.whole('unchanged'),
    invalid: rows.whole('invalid'),
    refused: rows.whole('refused'),
    failed: rows.whole('failed'),
    superseded: rows.whole('superseded'),
  };
}

function readRoutes(routes: Fields): Checkpoint['routes'] {
  return { update: routes.whole('update'), delivery: routes.whole('delivery') };
}

function readUpdates(updates: Fields): Checkpoint['updates'] {
  const lastAtMs = updates.textOrNull('last_at') === null ? null : updates.timeMs('last_at');
  const bootId = updates.textOrNull('boot_id');
  const lastUptime = bootId === null ? null : { bootId, ms: updates.whole('uptime_ms') };
  return { toRow: updates.whole('to_row', 1), lastAtMs, lastUptime };
}

function readReasonCode(reason: Fields): ReasonCode {
  const code = reason.text('code');
  if (!isReasonCode(code)) throw new FieldFault('"reasons" holds a code that this version does not know');
  return code;
}

function readHints(fields: Fields): HintState {
  return {
    hints: fields.list('hints').map((hint) => ({
      code: hint.oneOf('code', hintCodes),
      count: hint.whole('count', 1),
      example_line: hint.whole('example_line', 1),
    })),
    idLengths: fields.list('id_lengths').map((found) => ({
      shape: found.whole('shape', 1),
      count: found.whole('count', 1),
      line: found.whole('line', 1),
    })),
  };
}

function readMove(move: Fields | null): Move | null {
  if (move === null) return null;
  const role = move.oneOf('role', ['kept', 'archive', 'failed'] as const);
  const stem = fileNameIn(move, 'stem');
  if (role === 'kept') return { role, stem };
  const fileName = move.textOrNull('file_name') === null ? null : fileNameIn(move, 'file_name');
  return role === 'failed' ? { role, stem, fileName } : { role, day: move.text('day', dayForm), stem, fileName };
}

const dayForm = /^\d{4}-\d\d-\d\d$/;

/** A name in a folder: never a way out of it. */
function fileNameIn(fields: Fields, key: string): string {
  const name = fields.text(key);
  const isName = name !== '' && name !== '.' && name !== '..' && basename(name) === name && !name.includes('\0');
  if (!isName) throw new FieldFault(`"${key}" is not a file name`);
  return name;
}

/** That the parts do not contradict each other. */
function requireSense(checkpoint: Checkpoint): Checkpoint {
  const { results, next, counts, openRows } = checkpoint;
  if (results.fromByte > results.endByte) throw new FieldFault('"results" ends before it begins');
  if (endedRowCount(counts) < next.rowNumber - 1) throw new FieldFault('"rows" counts fewer than stand before "next"');
  const attempted = new Set(openRows.map((row) => row.rowNumber));
  if (attempted.size < openRows.length) throw new FieldFault('"open_rows" names a row twice');
  if (openRows.some((row) => row.rowNumber < next.rowNumber)) {
    throw new FieldFault('"open_rows" names a row that stands before "next"');
  }
  return checkpoint;
}
