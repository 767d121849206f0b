import { checkLmdbFile } from '../../lmdb/file-check.js';
import { DamagedPages, lastTransaction, readLmdbRecords, usedBytesOf } from '../../lmdb/page-check.js';
import { sleep } from '../../platform/clock.js';
import type { Clock, Disk, DiskFile, LedgerRecords } from '../../platform/ports.js';
import { damagedLedger, heldLedger, missingLedger } from '../ledger-errors.js';
import { DamagedRecord } from '../ledger-records.js';
import { auditRecords, type Known, nothingKnown } from './ledger-audit.js';
import { type Guard, readGuard } from './ledger-guard.js';
import type { LedgerPlace } from './ledger-place.js';
import { unseal } from './ledger-seal.js';

/**
 * The ledger's files: `<state>/ledger/` with lmdb's two, and `<state>/ledger.guard` (ledger-guard.ts). All of them are
 * looked at before lmdb opens any: an empty, missing, shortened, older or damaged ledger would read as an unused cap, or
 * end the process.
 *
 * `ledger/` appears complete, by a rename, and the guard before the first unit is granted: so there is no state between,
 * whenever a process that creates them is killed.
 */
/** `null`: there is no ledger, and there was none. @throws MachineError for one that lmdb should not be given to open. */
export async function lookAtLedger(disk: Disk, clock: Clock, place: LedgerPlace): Promise<Known | null> {
  const { stateDir, dataPath } = place;
  // Read before the data: it is never ahead of what it guards.
  const guard = readGuard(place);
  const found = await checkLmdbFile(disk, dataPath);
  switch (found.kind) {
    case 'missing':
      if (guard === null) return null;
      throw missingLedger(stateDir, guard.since);
    case 'empty':
      throw damagedLedger(stateDir, `an empty file${lastUse(guard)}`);
    case 'damaged':
      throw damagedLedger(stateDir, `${found.found}${lastUse(guard)}`);
    case 'sound':
      break;
  }
  const { sizeBytes } = await disk.stat(dataPath);
  if (guard !== null && sizeBytes < guard.sizeBytes) {
    throw damagedLedger(stateDir, `cut off: ${sizeBytes} of ${guard.sizeBytes} bytes${lastUse(guard)}`);
  }
  try {
    return auditRecords(await readRecords(disk, clock, place), guard ?? nothingKnown);
  } catch (error) {
    const isDamage = error instanceof DamagedPages || error instanceof DamagedRecord;
    throw isDamage ? damagedLedger(stateDir, `${error.message}${lastUse(guard)}`, error) : error;
  }
}

/** For people: what would be lost. */
function lastUse(guard: Guard | null): string {
  const used = Object.entries(guard?.written.used ?? {});
  if (guard === null || used.length === 0) return '';
  const words = used.map(([name, units]) => `${units} used units of ${name}`);
  return `; at ${guard.writtenAt} it had ${words.join(', ')}`;
}

/** How many transactions of other processes may disturb a look at the whole file. */
const looksMax = 200;
const lookAgainMs = 10;

/** All records, without lmdb, even while another process writes. @throws DamagedPages, DamagedRecord, MachineError */
async function readRecords(disk: Disk, clock: Clock, { dataPath }: LedgerPlace): Promise<LedgerRecords> {
  const file = await disk.open(dataPath, 'read');
  try {
    for (let look = 0; look < looksMax; look += 1) {
      const records = await tryRecords(file);
      if (records !== null) return records;
      await sleep(clock, lookAgainMs);
    }
  } finally {
    await file.close();
  }
  throw heldLedger();
}

/**
 * `null`: another process wrote meanwhile, and what was read may be of several transactions. lmdb writes to no page of a
 * transaction before the second one after it.
 */
async function tryRecords(file: DiskFile): Promise<LedgerRecords | null> {
  const usedBytes = usedBytesOf(await readFrom(file, headBytes));
  const bytes = await readFrom(file, usedBytes);
  const after = await readFrom(file, headBytes);
  const head = bytes.subarray(0, headBytes);
  const isStill = Buffer.compare(head, after.subarray(0, head.length)) === 0;
  if (usedBytesOf(head) > usedBytes) return null;
  if (lastTransaction(after) > lastTransaction(head) + 1n) return null;
  try {
    return recordsOf(bytes);
  } catch (error) {
    if (isStill) throw error;
    return null;
  }
}

/** The meta pages, of whatever size. */
const headBytes = 131_072;

async function readFrom(file: DiskFile, byteCount: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.min(byteCount, (await file.stat()).sizeBytes));
  await fill(file, bytes);
  return bytes;
}

async function fill(file: DiskFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const readBytes = await file.read(bytes.subarray(at), at);
    if (readBytes === 0) return;
    at += readBytes;
  }
}

function recordsOf(bytes: Uint8Array): LedgerRecords {
  const decoder = new TextDecoder();
  const records = new Map<string, string>();
  for (const { key, value } of readLmdbRecords(bytes)) {
    const name = decoder.decode(key);
    records.set(name, unseal(name, decoder.decode(value)));
  }
  return { get: (key) => records.get(key) ?? null, put: readOnly, remove: readOnly };
}

function readOnly(): never {
  throw new Error('a ledger that is only looked at was written to');
}
