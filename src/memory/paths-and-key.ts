import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { checkLmdbFile, type LmdbFile } from '../lmdb/file-check.js';
import type { Disk } from '../platform/ports.js';
import { MachineError, systemCode } from '../terms/errors.js';
import { damagedMemory, keyMissing, otherVersion } from './memory-errors.js';
import { type HashKeys, hashKeys } from './record/row-hashes.js';

/**
 * Where a memory lives: `<state>/memory/<client>.<16 hexadecimal digits>/`, one for each client code and origin, so that
 * what a test endpoint was sent says nothing of production. One of a loopback origin is named by the machine as well:
 * 127.0.0.1 of two machines is two Targets. Each is an lmdb environment of its own, so that one can be dropped (and can be
 * damaged) without the others. Beside them `memory.key`: the secret of all hashes in this state directory, made once.
 */
export interface MemoryOwner {
  readonly stateDir: string;
  readonly clientCode: string;
  /** Scheme, host and port. */
  readonly origin: string;
  readonly isLoopback: boolean;
}

export interface Place {
  /** `<state>/memory`. */
  readonly parent: string;
  readonly folder: string;
  readonly dataPath: string;
  readonly keyPath: string;
  /** What the memory notes of whose it is. */
  readonly owner: string;
  /** Where versions before this one kept it, for all origins alike. */
  readonly olderFolder: string;
}

const secretBytes = 32;
const folderNameMax = 100;

/** A memory's name, wherever it lies. */
export function ownerName({ clientCode, origin, isLoopback }: Omit<MemoryOwner, 'stateDir'>, host: string): string {
  return `${clientCode.toLowerCase()} ${new URL(origin).origin}${isLoopback ? ` on ${host}` : ''}`;
}

export function placeOf(memoryOwner: MemoryOwner, host: string): Place {
  const { stateDir, clientCode, isLoopback } = memoryOwner;
  const parent = join(stateDir, 'memory');
  const client = folderName(clientCode);
  const owner = ownerName(memoryOwner, host);
  const digits = createHash('sha256').update(owner).digest('hex').slice(0, 16);
  const folder = join(parent, `${client.slice(0, folderNameMax)}.${digits}`);
  return {
    parent,
    folder,
    dataPath: dataPathIn(folder),
    keyPath: join(parent, 'memory.key'),
    owner,
    olderFolder: join(parent, `${client}${isLoopback ? '.loopback' : ''}`),
  };
}

export function dataPathIn(folder: string): string {
  return join(folder, 'data.mdb');
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

/** The keys of an existing memory; `null` if it does not exist. @throws MachineError for one that cannot be used. */
export async function findKeys(disk: Disk, place: Place): Promise<HashKeys | null> {
  if ((await checkLmdbFile(disk, dataPathIn(place.olderFolder))).kind !== 'missing')
    throw otherVersion(place.olderFolder);
  const found = await lookAtData(disk, place);
  if (found.kind === 'damaged') throw damagedMemory(place.folder, found.found);
  if (found.kind !== 'sound') return null;
  const secret = await readSecret(disk, place);
  if (secret === null) throw keyMissing(place.keyPath);
  return hashKeys(secret);
}

/** The same; if the memory does not exist, its folder and a durable key are created. */
export async function prepareKeys(disk: Disk, place: Place): Promise<HashKeys> {
  await disk.makeFolder(place.folder);
  const keys = await findKeys(disk, place);
  if (keys !== null) return keys;
  const secret = (await readSecret(disk, place)) ?? (await makeSecret(disk, place));
  await disk.syncFolder(place.parent); // whichever process made it
  return hashKeys(secret);
}

/** `null`: it does not exist. @throws MachineError for a file that is not a key. */
export async function readSecret(disk: Disk, { keyPath }: Pick<Place, 'keyPath'>): Promise<Uint8Array | null> {
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

/** A file that is not a key is useless to every memory; a key that exists stays. */
export async function dropUnusableKey(disk: Disk, place: Place): Promise<void> {
  try {
    await readSecret(disk, place);
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    await disk.remove(place.keyPath);
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

/** How the names of folders begin that were discarded and not yet removed. */
export function forgottenPrefix({ folder }: Place): string {
  return `${folder}.forgotten-`;
}
