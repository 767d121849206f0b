import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { checkLmdbFile, type LmdbFile } from '../lmdb/file-check.js';
import type { Disk } from '../platform/ports.js';
import { systemCode } from '../terms/errors.js';
import { damagedMemory, keyMissing } from './memory-errors.js';
import { type HashKeys, hashKeys } from './row-hashes.js';

/**
 * Where a memory lives: `<state>/memory/<client>/` for real endpoints, `<client>.loopback/` for loopback ones, each an
 * lmdb environment of its own, so that one can be dropped (and can be damaged) without the others. Beside them
 * `memory.key`: the secret of all hashes in this state directory, made once.
 */
export interface MemoryOwner {
  readonly stateDir: string;
  readonly clientCode: string;
  readonly isLoopback: boolean;
}

export interface Place {
  /** `<state>/memory`. */
  readonly parent: string;
  readonly folder: string;
  readonly dataPath: string;
  readonly keyPath: string;
}

const secretBytes = 32;

export function placeOf({ stateDir, clientCode, isLoopback }: MemoryOwner): Place {
  const parent = join(stateDir, 'memory');
  const folder = join(parent, `${folderName(clientCode)}${isLoopback ? '.loopback' : ''}`);
  return { parent, folder, dataPath: join(folder, 'data.mdb'), keyPath: join(parent, 'memory.key') };
}

/** The client code in lower case; everything but letters, digits, `-` and `_` as `%` and its code: no dot, no slash. */
function folderName(clientCode: string): string {
  const lower = encodeURIComponent(clientCode.toLowerCase());
  return lower.replace(/[.!~*'()]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
}

/** More than lmdb ever leaves out, and less than a rough cut takes away. */
const unwrittenBytesMax = 256 * 1024;
const unwrittenShareMax = 1 / 8;

/**
 * Looks at the data file. Of its last pages lmdb leaves those unwritten that are free (mdb.c, `mm_last_pg`), and such a
 * file looks cut off: where little is missing, zeros stand in. Had there been records, lmdb finds no page of its own
 * there and says so. They are appended, so that nothing is overwritten that another process writes meanwhile.
 */
async function lookAtData(disk: Disk, { dataPath }: Place): Promise<LmdbFile> {
  const found = await checkLmdbFile(disk, dataPath);
  if (found.kind !== 'damaged' || found.missingBytes === 0) return found;
  const { sizeBytes } = await disk.stat(dataPath);
  if (found.missingBytes > Math.min(unwrittenBytesMax, sizeBytes * unwrittenShareMax)) return found;
  const file = await disk.open(dataPath, 'append');
  try {
    await file.append(new Uint8Array(found.missingBytes));
  } finally {
    await file.close();
  }
  return checkLmdbFile(disk, dataPath);
}

/** The keys of a memory that is there; `null` where there is none. @throws MachineError for one that cannot be used. */
export async function findKeys(disk: Disk, place: Place): Promise<HashKeys | null> {
  const found = await lookAtData(disk, place);
  if (found.kind === 'damaged') throw damagedMemory(place.folder, found.found);
  if (found.kind !== 'sound') return null;
  const secret = await readSecret(disk, place);
  if (secret === null) throw keyMissing(place.keyPath);
  return hashKeys(secret);
}

/** The same, and where there is no memory: its folder, and a key that is durable. */
export async function prepareKeys(disk: Disk, place: Place): Promise<HashKeys> {
  await disk.makeFolder(place.folder);
  const keys = await findKeys(disk, place);
  if (keys !== null) return keys;
  const secret = (await readSecret(disk, place)) ?? (await makeSecret(disk, place));
  await disk.syncFolder(place.parent); // whoever made it
  return hashKeys(secret);
}

/** `null`: there is none. @throws MachineError for a file that is no key. */
async function readSecret(disk: Disk, { keyPath }: Place): Promise<Uint8Array | null> {
  const file = await disk.open(keyPath, 'read-linked').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  });
  if (file === null) return null;
  try {
    const secret = new Uint8Array(secretBytes + 1);
    if ((await file.read(secret, 0)) !== secretBytes) throw keyMissing(keyPath);
    return secret.subarray(0, secretBytes);
  } finally {
    await file.close();
  }
}

/** Appears whole or not at all; where two make one at once, the first stands. */
async function makeSecret(disk: Disk, place: Place): Promise<Uint8Array> {
  const { keyPath } = place;
  const temporaryPath = `${keyPath}.${randomUUID()}.tmp`;
  const file = await disk.open(temporaryPath, 'create');
  try {
    await file.append(randomBytes(secretBytes));
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await disk.link(temporaryPath, keyPath);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  } finally {
    await disk.remove(temporaryPath);
  }
  const secret = await readSecret(disk, place);
  if (secret === null) throw keyMissing(keyPath);
  return secret;
}

/** How the folders begin that were dropped and not yet removed. */
export function forgottenPrefix(place: Place): string {
  return `${place.folder}.forgotten-`;
}
