import { FolderHome } from '../../../src/memory/folder-home.js';
import { LiveMemory } from '../../../src/memory/live-memory.js';
import { hashKeys } from '../../../src/memory/record/row-hashes.js';
import { type MovedClock, movedClock } from '../../support/index.js';
import { type HeldRecords, heldStore } from './held-store.js';

const keys = hashKeys(new Uint8Array(32));
let runCount = 0n;

/** A run over records in memory. */
export async function heldMemory(
  held: HeldRecords,
  clock: MovedClock = movedClock(),
  skipUnchanged = true,
): Promise<LiveMemory> {
  const openStore = async () => heldStore(held);
  const place = { folder: '/m', keyPath: '/k', keyCheck: keys.check, owner: 'acme' };
  const home = await FolderHome.open({ ...place, clock, bootClock: clock, openStore });
  runCount += 1n;
  const settings = { name: '/m', skipUnchanged, refreshAfterDays: 7, timeoutMs: 1_000 };
  return new LiveMemory(home, { ...settings, keys, run: runCount, clock, bootClock: clock });
}
