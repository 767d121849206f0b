import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import type { Disk } from '../../platform/ports.js';
import { systemCode } from '../../terms/errors.js';
import { damagedLedger, foreignLedger } from '../ledger-errors.js';
import { asWritten, DamagedRecord, type Written } from '../ledger-records.js';
import { type Known, nothingKnown } from './ledger-audit.js';
import type { LedgerPlace } from './ledger-place.js';
import { seal, unseal } from './ledger-seal.js';

/**
 * `<state>/ledger.guard`: what there is of ledgers at least, in a file of its own, so that a store which lost one is not
 * taken for a new one. Two parts:
 *
 * - Which ledgers there are, and how long the data file is. It is replaced as a whole, durably, before a new ledger's
 *   first unit is granted.
 * - How full they were when they were written last. It is written over in its place after each commit, without fsync:
 *   so it is behind the store, never ahead of it, and where a power cut leaves it torn, it tells nothing.
 */
export interface Guard extends Known {
  /** ISO 8601, for people: when the guard was created, and when a ledger was written last. */
  readonly since: string;
  readonly writtenAt: string;
  /** The ledger's data file never gets shorter. */
  readonly sizeBytes: number;
}

/** The first part. */
type Lasting = Pick<Guard, 'since' | 'sizeBytes' | 'ledgers'>;

const guardFormat = 2;
const lastingKey = 'guard';
const writtenKey = 'guard written';
const blockBytes = 4_096;

/** `null`: there is none. @throws MachineError, or the system's error */
export function readGuard(place: LedgerPlace): Guard | null {
  const text = readOrNull(place.guardPath);
  if (text === null) return null;
  const [first = '', second = ''] = text.split('\n');
  const lasting = parseLasting(first, place.stateDir);
  return { ...lasting, ...parseWritten(second) };
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}

function parseLasting(line: string, stateDir: string): Lasting {
  const value = parseOrNull(line);
  const format = field(value, 'format');
  if (typeof format === 'number' && format !== guardFormat) {
    throw foreignLedger(stateDir, 'a guard file of another version');
  }
  const [since, sizeBytes, ledgers] = [field(value, 'since'), field(value, 'sizeBytes'), field(value, 'ledgers')];
  const isSound =
    typeof since === 'string' &&
    typeof sizeBytes === 'number' &&
    Array.isArray(ledgers) &&
    line.trimEnd() === lastingLine({ since, sizeBytes, ledgers: ledgers.map(String) });
  if (!isSound) throw damagedLedger(stateDir, 'its guard file is not readable');
  return { since, sizeBytes, ledgers: ledgers.map(String) };
}

function parseOrNull(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return null;
  }
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return new Map<string, unknown>(Object.entries(value)).get(name);
}

function parseWritten(line: string): { readonly written: Written; readonly writtenAt: string } {
  try {
    const value: unknown = JSON.parse(unseal(writtenKey, line.trimEnd()));
    return { written: asWritten(field(value, 'written'), writtenKey), writtenAt: String(field(value, 'at')) };
  } catch (error) {
    if (error instanceof DamagedRecord) return { written: nothingKnown.written, writtenAt: '' };
    throw error;
  }
}

/** The checksum stands in the object, so that another version can read the format. */
function lastingLine({ since, sizeBytes, ledgers }: Lasting): string {
  const content = { format: guardFormat, since, sizeBytes, ledgers };
  return JSON.stringify({ ...content, seal: seal(lastingKey, JSON.stringify(content)).slice(0, 8) });
}

/** One block, where it fits: the number of transactions is worth more than how full each ledger was. */
function writtenBlock({ version, used }: Written, at: string): Buffer {
  const lineOf = (units: readonly (readonly [string, number])[]) =>
    seal(writtenKey, JSON.stringify({ at, written: [version, units] }));
  const whole = lineOf(Object.entries(used));
  const line = whole.length < blockBytes ? whole : lineOf([]);
  return Buffer.from(`${line.padEnd(blockBytes - 1)}\n`);
}

/** Replaces the guard as a whole, durably. */
export async function replaceGuard(disk: Disk, place: LedgerPlace, guard: Guard): Promise<void> {
  const temporaryPath = `${place.guardPath}.${randomUUID()}.tmp`;
  const line = lastingLine(guard);
  const lineBytes = Buffer.byteLength(line) + 1;
  const padding = ' '.repeat(Math.ceil(lineBytes / blockBytes) * blockBytes - lineBytes);
  try {
    const file = await disk.open(temporaryPath, 'create');
    try {
      await file.append(Buffer.from(`${line}${padding}\n`));
      await file.append(writtenBlock(guard.written, guard.writtenAt));
      await file.sync();
    } finally {
      await file.close();
    }
    await disk.rename(temporaryPath, place.guardPath);
  } catch (error) {
    await disk.remove(temporaryPath).catch(() => {});
    throw error;
  }
  await disk.syncFolder(place.stateDir);
}

/** Writes the second part, over and over, through a handle that stays open. */
export class GuardWriter {
  readonly #path: string;
  #file: { readonly handle: number; readonly identity: bigint; readonly position: number } | null = null;

  constructor(place: LedgerPlace) {
    this.#path = place.guardPath;
  }

  /** `false`: there is no guard to write to. */
  write(written: Written, at: string): boolean {
    const found = statSync(this.#path, { bigint: true, throwIfNoEntry: false });
    if (found === undefined) return false;
    if (this.#file?.identity !== found.ino) {
      this.close();
      // The last block of what stands there now; it does not change its length in its place.
      const position = Number(found.size) - blockBytes;
      if (position < 0) return false;
      this.#file = { handle: openSync(this.#path, 'r+'), identity: found.ino, position };
    }
    writeSync(this.#file.handle, writtenBlock(written, at), 0, blockBytes, this.#file.position);
    return true;
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file.handle);
    this.#file = null;
  }
}
