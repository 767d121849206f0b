import { randomUUID } from 'node:crypto';
import { basename, join } from 'node:path';
import { checkLmdbFile } from '../lmdb/file-check.js';
import type { Disk } from '../platform/ports.js';
import { MachineError, systemCode } from '../terms/errors.js';
import { formatMeta, parseMeta } from './home-meta.js';
import { homeAnchor, type MachineInstant } from './home-time.js';
import { moveFolder, openLmdbStore, removeFolder } from './lmdb-store.js';
import { movedMemory } from './memory-errors.js';
import { dropUnusableKey, forgottenPrefix, type Place } from './paths-and-key.js';
import type { Records } from './store.js';

/**
 * Discards a memory, also a damaged one or one of an earlier version. A memory that does not exist is not an error.
 *
 * If no mark is open, the whole folder is removed, which frees its disk space: it is moved away inside the transaction
 * that found none open, so a run that has it open finds that it does not stand in its place any more. Where a mark may be
 * open it is emptied, and keeps until when attempts of any run may arrive. `false`: that could not be read.
 */
export async function dropMemory(disk: Disk, place: Place, now: MachineInstant): Promise<boolean> {
  await removeLeftovers(disk, place);
  await removeFolder(place.olderFolder);
  await dropUnusableKey(disk, place);
  const found = await checkLmdbFile(disk, place.dataPath);
  if (found.kind === 'missing' || found.kind === 'empty') return true;
  const awayFolder = `${forgottenPrefix(place)}${randomUUID()}`;
  const wasDropped = found.kind === 'sound' && (await dropSound(place, awayFolder, now));
  if (!wasDropped) await moveAway(place.folder, awayFolder);
  await removeLeftovers(disk, place);
  return wasDropped;
}

async function moveAway(folder: string, to: string): Promise<void> {
  try {
    await moveFolder(folder, to);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error; // it had been moved when its transaction failed
  }
}

/** `false`: it cannot be opened, read or written after all. */
async function dropSound(place: Place, awayFolder: string, now: MachineInstant): Promise<boolean> {
  try {
    const store = await openLmdbStore(place.folder);
    try {
      await store.transact((records) => emptyRecords(records, place.folder, awayFolder, now));
    } finally {
      await store.close();
    }
    return true;
  } catch (error) {
    if (error instanceof MachineError && error.code === 'state-moved') throw error; // it is whole, and not ours any more
    return false;
  }
}

/** One transaction. @throws MachineError for a memory that this version cannot read. */
export function emptyRecords(records: Records, folder: string, awayFolder: string, now: MachineInstant): void {
  const text = records.getRegistry();
  const meta = text === null ? null : parseMeta('', text);
  if (meta !== null && meta.moved !== null) throw movedMemory(folder, meta.moved.to);
  records.clear();
  if (meta !== null) {
    const anchor = homeAnchor(meta.anchor, now);
    const { latestUntilMs } = meta.state;
    const state = { isMade: false, allUntilMs: latestUntilMs, latestUntilMs };
    records.putRegistry(formatMeta({ owner: meta.owner, keyCheck: null, state, anchor, moved: null }));
    if (latestUntilMs > anchor.homeMs) return;
  }
  records.moveAway(awayFolder);
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
