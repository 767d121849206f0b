import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { checkLmdbFile } from '../lmdb/file-check.js';
import type { Disk } from '../platform/ports.js';
import { systemCode } from '../terms/errors.js';
import { damagedLedger, foreignLedger, missingLedger } from './ledger-errors.js';

/**
 * The ledger's files: `<state>/ledger/` with lmdb's two, and `<state>/ledger.guard`, which says that there is a ledger
 * and how long its file is at least. An empty, missing or shortened ledger would read as an unused cap: with the guard
 * beside it, it is refused.
 *
 * `ledger/` appears complete, by a rename, and the guard before the first unit is granted: so there is no state between,
 * whenever a process that makes them is killed.
 */
export interface LedgerPlace {
  readonly stateDir: string;
  readonly folder: string;
  readonly dataPath: string;
  readonly guardPath: string;
}

interface Guard {
  /** ISO 8601, for people. */
  readonly since: string;
  /** The ledger's data file never gets shorter. */
  readonly sizeBytes: number;
}

const guardFormat = 1;
const guardBytesMax = 1_000;

export function ledgerPlace(stateDir: string): LedgerPlace {
  const folder = join(stateDir, 'ledger');
  return { stateDir, folder, dataPath: join(folder, 'data.mdb'), guardPath: join(stateDir, 'ledger.guard') };
}

/** `none`: there is no ledger, and there was none. @throws MachineError for one that lmdb should not be given to open. */
export async function lookAtLedger(disk: Disk, place: LedgerPlace): Promise<'sound' | 'none'> {
  const { stateDir, dataPath } = place;
  const guard = await readGuard(disk, place);
  const found = await checkLmdbFile(disk, dataPath);
  switch (found.kind) {
    case 'missing':
      if (guard === null) return 'none';
      throw missingLedger(stateDir, guard.since);
    case 'empty':
      throw damagedLedger(stateDir, 'an empty file');
    case 'damaged':
      throw damagedLedger(stateDir, found.found);
    case 'sound': {
      const { sizeBytes } = await disk.stat(dataPath);
      if (guard === null || sizeBytes >= guard.sizeBytes) return 'sound';
      throw damagedLedger(stateDir, `cut off: ${sizeBytes} of ${guard.sizeBytes} bytes`);
    }
  }
}

/** Sees to it that the guard is there, durably, and knows of `sizeBytes`. `now`: Unix time, in milliseconds. */
export async function guardLedger(disk: Disk, place: LedgerPlace, sizeBytes: number, nowMs: number): Promise<void> {
  const guard = await readGuard(disk, place);
  if (guard !== null && guard.sizeBytes >= sizeBytes) return;
  const since = guard?.since ?? new Date(nowMs).toISOString();
  const temporaryPath = `${place.guardPath}.${randomUUID()}.tmp`;
  const file = await disk.open(temporaryPath, 'create');
  try {
    await file.append(Buffer.from(`${JSON.stringify({ format: guardFormat, since, sizeBytes })}\n`));
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(temporaryPath, place.guardPath);
  await disk.syncFolder(place.stateDir);
}

async function readGuard(disk: Disk, { stateDir, guardPath }: LedgerPlace): Promise<Guard | null> {
  const text = await readText(disk, guardPath);
  if (text === null) return null;
  const guard = parseGuard(text);
  if (guard === 'damaged') throw damagedLedger(stateDir, 'its guard file is not readable');
  if (guard === 'foreign') throw foreignLedger(stateDir, 'a guard file of another version');
  return guard;
}

function parseGuard(text: string): Guard | 'damaged' | 'foreign' {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('format' in value)) return 'damaged';
    if (value.format !== guardFormat) return 'foreign';
    if (!('since' in value) || typeof value.since !== 'string') return 'damaged';
    if (!('sizeBytes' in value) || typeof value.sizeBytes !== 'number') return 'damaged';
    return { since: value.since, sizeBytes: value.sizeBytes };
  } catch {
    return 'damaged';
  }
}

async function readText(disk: Disk, path: string): Promise<string | null> {
  const file = await disk.open(path, 'read').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  });
  if (file === null) return null;
  try {
    const bytes = new Uint8Array(guardBytesMax);
    const readBytes = await file.read(bytes, 0);
    return Buffer.from(bytes.buffer, 0, readBytes).toString();
  } finally {
    await file.close();
  }
}
