import { checkLmdbFile } from '../lmdb/file-check.js';
import { systemBootClock, systemClock } from '../platform/clock.js';
import { realDisk } from '../platform/disk.js';
import type { BootClock, Clock, Disk } from '../platform/ports.js';
import { dropMemory } from './forget.js';
import { LiveMemory } from './live-memory.js';
import { openLmdbStore } from './lmdb-store.js';
import { Participation } from './membership.js';
import { memoryFailed } from './memory-errors.js';
import type { Memory } from './memory-types.js';
import { findKeys, type MemoryOwner, type Place, placeOf, prepareKeys } from './paths-and-key.js';
import { Peek } from './read-only-memory.js';
import { hashText } from './row-hashes.js';

/** The machine, where it is not the real one. */
export interface MemoryPorts {
  readonly clock: Clock;
  readonly bootClock: BootClock;
  readonly disk: Disk;
}

const realPorts: MemoryPorts = { clock: systemClock, bootClock: systemBootClock, disk: realDisk };

export type { Mark, Memory, MemorySize, Submission, Verdict } from './memory-types.js';
export type { Peek } from './read-only-memory.js';

export interface MemoryOptions extends MemoryOwner, Partial<MemoryPorts> {
  /** `false` keeps the memory true without skipping: a plain send where there is a memory. */
  readonly skipUnchanged: boolean;
  /** Days after which an unchanged attribute is sent again, each visitor's in the last half of that span. 0: always. */
  readonly refreshAfterDays: number;
  readonly runId: string;
  /** Names the job whose lock the caller holds: an earlier run of it has ended. */
  readonly jobKey: string;
  readonly timeoutMs: number;
}

/** Opens the memory of a client, and makes it where there is none. Rejects with MachineError: damage, no key, the disk. */
export async function openMemory(options: MemoryOptions): Promise<Memory> {
  const ports = { ...realPorts, ...options };
  const place = placeOf(options);
  try {
    for (;;) {
      const memory = await tryOpen(options, ports, place);
      if (memory !== null) return memory;
    }
  } catch (error) {
    throw memoryFailed(place.folder, error);
  }
}

/** `null`: it was dropped while it was opened. */
async function tryOpen(options: MemoryOptions, { clock, bootClock, disk }: MemoryPorts, place: Place) {
  const { folder, keyPath } = place;
  const { skipUnchanged, refreshAfterDays, runId, timeoutMs } = options;
  const keys = await prepareKeys(disk, place);
  const job = hashText(keys.job, options.jobKey);
  const newcomer = { runId, job, timeoutMs };
  const participation = new Participation({ ...newcomer, folder, keyPath, keyCheck: keys.check, clock, bootClock });
  const store = await openLmdbStore(folder);
  try {
    await store.transact((records) => participation.register(records));
    participation.committed();
    if (store.isInPlace()) {
      return new LiveMemory(store, participation, { folder, keys, skipUnchanged, refreshAfterDays, clock });
    }
  } catch (error) {
    await store.close();
    throw error;
  }
  await store.close();
  return null;
}

/** What a run would find unchanged, for `check`; `null`: there is no memory. Rejects as `openMemory` does, makes nothing. */
export async function peek(
  options: MemoryOwner & Partial<MemoryPorts> & Pick<MemoryOptions, 'refreshAfterDays'>,
): Promise<Peek | null> {
  const { clock, disk } = { ...realPorts, ...options };
  const place = placeOf(options);
  try {
    const keys = await findKeys(disk, place);
    if (keys === null) return null;
    return new Peek(await openLmdbStore(place.folder), place, keys, options.refreshAfterDays, clock);
  } catch (error) {
    throw memoryFailed(place.folder, error);
  }
}

/** Whether a client has a memory, sound or not. Rejects with MachineError where that cannot be seen. */
export async function memoryExists(
  stateDir: string,
  clientCode: string,
  isLoopback: boolean,
  { disk }: Pick<MemoryPorts, 'disk'> = realPorts,
): Promise<boolean> {
  const place = placeOf({ stateDir, clientCode, isLoopback });
  const found = await checkLmdbFile(disk, place.dataPath).catch((error: unknown) => {
    throw memoryFailed(place.folder, error);
  });
  return found.kind === 'sound' || found.kind === 'damaged';
}

/** Drops a client's memory, sound or damaged; none is no fault. Rejects with MachineError where it cannot be removed. */
export async function forgetMemory(
  stateDir: string,
  clientCode: string,
  isLoopback: boolean,
  { clock, bootClock, disk }: MemoryPorts = realPorts,
): Promise<void> {
  const place = placeOf({ stateDir, clientCode, isLoopback });
  const now = { bootId: bootClock.bootId(), monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
  try {
    await dropMemory(disk, place, now);
  } catch (error) {
    throw memoryFailed(place.folder, error);
  }
}
