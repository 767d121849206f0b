import { randomUUID } from 'node:crypto';
import { basename, join } from 'node:path';
import { checkLmdbFile } from '../lmdb/file-check.js';
import type { Disk } from '../platform/ports.js';
import { systemCode } from '../terms/errors.js';
import { moveFolder, openLmdbStore, removeFolder } from './lmdb-store.js';
import { forgottenPrefix, type Place } from './paths-and-key.js';
import { parseRegistry, registryText, type Stamp, withAllForgotten, withoutOver } from './run-registry.js';
import type { Records } from './store.js';

/**
 * Drops a memory, damaged ones too; one that is not there is dropped already.
 *
 * Where no other run is present the whole folder goes, and with it the room on disk: it is moved away inside the
 * transaction that found nobody there, so a run that opens it meanwhile finds that it does not stand in its place any
 * more. Where others are present it is emptied, and keeps who they are, so that their tries are still reckoned with.
 */
export async function dropMemory(disk: Disk, place: Place, now: Stamp): Promise<void> {
  await removeLeftovers(disk, place);
  const found = await checkLmdbFile(disk, place.dataPath);
  if (found.kind === 'missing' || found.kind === 'empty') return;
  const awayFolder = `${forgottenPrefix(place)}${randomUUID()}`;
  const wasDropped = found.kind === 'sound' && (await dropSound(place, awayFolder, now));
  if (!wasDropped) await moveAway(place.folder, awayFolder);
  await removeLeftovers(disk, place);
}

async function moveAway(folder: string, to: string): Promise<void> {
  try {
    await moveFolder(folder, to);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error; // it had been moved when its transaction failed
  }
}

/** `false`: it cannot be opened or written after all. */
async function dropSound(place: Place, awayFolder: string, now: Stamp): Promise<boolean> {
  try {
    const store = await openLmdbStore(place.folder);
    try {
      await store.transact((records) => emptyRecords(records, awayFolder, now));
    } finally {
      await store.close();
    }
    return true;
  } catch {
    return false;
  }
}

/** One transaction. */
export function emptyRecords(records: Records, awayFolder: string, now: Stamp): void {
  const registry = parseRegistry(records.getRegistry() ?? '');
  const present = registry === null ? null : withoutOver(registry, now);
  records.clear();
  if (present !== null) records.putRegistry(registryText(withAllForgotten(present)));
  if (present === null || present.runs.length === 0) records.moveAway(awayFolder);
}

/** What was moved away, now or by a process that ended before it could remove it. */
async function removeLeftovers(disk: Disk, place: Place): Promise<void> {
  const prefix = basename(forgottenPrefix(place));
  const names = await disk.list(place.parent).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  });
  for (const name of names) {
    if (name.startsWith(prefix)) await removeFolder(join(place.parent, name));
  }
}
