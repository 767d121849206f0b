import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { systemBootClock, systemClock } from '../platform/clock.js';
import { realDisk } from '../platform/disk.js';
import type { BootClock, Clock, Disk } from '../platform/ports.js';
import { FolderHome } from './folder-home.js';
import { dropMemory } from './forget.js';
import { LiveMemory } from './live-memory.js';
import { openLmdbStore } from './lmdb-store.js';
import { memoryFailed } from './memory-errors.js';
import type { MemoryHome } from './memory-home.js';
import type { Memory } from './memory-types.js';
import { findKeys, type MemoryOwner, type Place, placeOf, prepareKeys } from './paths-and-key.js';
import { Peek } from './read-only-memory.js';
import { leaveWithinMs } from './record/attribute-state.js';
import type { HashKeys } from './record/row-hashes.js';

/** The machine, where it is not the real one. */
export interface MemoryPorts {
  readonly clock: Clock;
  readonly bootClock: BootClock;
  readonly disk: Disk;
  /** Its name. */
  readonly host: string;
}

const realPorts: MemoryPorts = { clock: systemClock, bootClock: systemBootClock, disk: realDisk, host: hostname() };

export type { MemoryAbsence, MemorySize } from './memory-home.js';
export type { Mark, Memory, Submission, Verdict } from './memory-types.js';
export type { MemoryOwner } from './paths-and-key.js';
export type { Peek } from './read-only-memory.js';

export interface MemoryOptions extends MemoryOwner, RunOptions, Partial<MemoryPorts> {}

/** What a run wants of its memory. */
export interface RunOptions {
  /** `false` keeps a memory true without skipping, and one that is made while the run works: a plain send. */
  readonly skipUnchanged: boolean;
  /** Days after which an unchanged attribute is sent again, each visitor's in the last half of that span. 0: always. */
  readonly refreshAfterDays: number;
  readonly runId: string;
  readonly timeoutMs: number;
}

/** Of this process: a run that opens its memory twice marks with two names. */
let openingCount = 0;

/** Opens the memory of a client and origin. Rejects with MachineError: damage, another version, no key, the disk. */
export async function openMemory(options: MemoryOptions): Promise<Memory> {
  const ports = { ...realPorts, ...options };
  const place = placeOf(options, ports.host);
  try {
    const keys = await prepareKeys(ports.disk, place);
    return memoryOver(await openHome(ports, place, keys), place.folder, keys, options, ports);
  } catch (error) {
    throw memoryFailed(place.folder, error);
  }
}

/** A run's use of a home. `name`: for messages. */
export function memoryOver(
  home: MemoryHome,
  name: string,
  keys: HashKeys,
  options: RunOptions,
  { clock, bootClock }: Pick<MemoryPorts, 'clock' | 'bootClock'>,
): Memory {
  const { skipUnchanged, refreshAfterDays, timeoutMs, runId } = options;
  openingCount += 1;
  const run = runNumber(`${runId} ${openingCount}`);
  return new LiveMemory(home, { name, keys, skipUnchanged, refreshAfterDays, timeoutMs, run, clock, bootClock });
}

function openHome(ports: MemoryPorts, place: Place, keys: HashKeys): Promise<FolderHome> {
  const { clock, bootClock, disk } = ports;
  const { folder, keyPath, owner } = place;
  const openStore = async () => {
    await prepareKeys(disk, place); // its folder, where it was moved away meanwhile
    return openLmdbStore(folder);
  };
  return FolderHome.open({ folder, keyPath, keyCheck: keys.check, owner, clock, bootClock, openStore });
}

function runNumber(name: string): bigint {
  return createHash('sha256').update(name).digest().readBigUInt64LE();
}

/** What a run would find unchanged, for `check`; `null`: nothing is remembered. Rejects as `openMemory` does, makes nothing. */
export async function peek(
  options: MemoryOwner & Partial<MemoryPorts> & Pick<MemoryOptions, 'refreshAfterDays'>,
): Promise<Peek | null> {
  const ports = { ...realPorts, ...options };
  const place = placeOf(options, ports.host);
  try {
    const keys = await findKeys(ports.disk, place);
    if (keys === null) return null;
    return await peekOver(await openHome(ports, place, keys), place.folder, keys, options.refreshAfterDays);
  } catch (error) {
    throw memoryFailed(place.folder, error);
  }
}

/** `null`: nothing is remembered; then the home is closed. */
export async function peekOver(
  home: MemoryHome,
  name: string,
  keys: HashKeys,
  refreshAfterDays: number,
): Promise<Peek | null> {
  let isMade = false;
  try {
    isMade = await home.read([], ({ state }) => state.isMade);
  } finally {
    if (!isMade) await home.close();
  }
  return isMade ? new Peek(home, name, keys, refreshAfterDays) : null;
}

/** Discards a memory, sound or damaged; a missing one is not an error. Rejects with MachineError where it cannot be removed. */
export async function forgetMemory(options: MemoryOwner & Partial<MemoryPorts>): Promise<void> {
  const { clock, bootClock, disk, host } = { ...realPorts, ...options };
  const place = placeOf(options, host);
  const timeBase = bootClock.bootId() ?? `process ${clock.wallMs()} ${clock.monotonicMs()}`;
  const now = { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs(), timeBase };
  try {
    const hasKeptDoubts = await dropMemory(disk, place, now);
    if (!hasKeptDoubts) await doubtAll({ clock, bootClock, disk, host }, place);
  } catch (error) {
    throw memoryFailed(place.folder, error);
  }
}

/** No run may set a longer --timeout. */
const timeoutMsMax = 600_000;

/** Milliseconds after a mark within which any attempt may still arrive. The margin of a home comes on top. */
export const anyMarkMs = leaveWithinMs + timeoutMsMax;

/** If a memory cannot be read, it is not known which marks were open: any run's attempts may arrive for a while. */
async function doubtAll(ports: MemoryPorts, place: Place): Promise<void> {
  const home = await openHome(ports, place, await prepareKeys(ports.disk, place));
  try {
    const outcome = await home.transact([], ({ state, time }) => {
      const untilMs = time.ms + anyMarkMs + home.marginMs;
      const next = { ...state, allUntilMs: untilMs, latestUntilMs: untilMs };
      return { answer: undefined, state: next, records: new Map() };
    });
    if (outcome.kind !== 'committed') throw outcome.cause;
  } finally {
    await home.close();
  }
}
