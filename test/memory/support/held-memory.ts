import { LiveMemory } from '../../../src/memory/live-memory.js';
import { Participation } from '../../../src/memory/membership.js';
import { hashKeys } from '../../../src/memory/row-hashes.js';
import { type MovedClock, movedClock } from '../../support/index.js';
import { type HeldRecords, heldStore } from './held-store.js';

/** A run over records in memory. */
export async function heldMemory(
  held: HeldRecords,
  clock: MovedClock = movedClock(),
  job = 'job',
): Promise<LiveMemory> {
  const keys = hashKeys(new Uint8Array(32));
  const newcomer = { runId: 'run', job, timeoutMs: 1_000 };
  const place = { folder: '/m', keyPath: '/k' };
  const participation = new Participation({ ...newcomer, ...place, keyCheck: keys.check, clock, bootClock: clock });
  const store = heldStore(held);
  await store.transact((records) => participation.register(records));
  participation.committed();
  return new LiveMemory(store, participation, { folder: '/m', keys, skipUnchanged: true, refreshAfterDays: 7, clock });
}
