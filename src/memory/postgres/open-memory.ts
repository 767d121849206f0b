import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { connect } from '../../ledger/postgres/connect.js';
import { targetOf } from '../../ledger/postgres/open-postgres.js';
import { databaseClock } from '../../ledger/postgres/statements.js';
import { systemBootClock, systemClock, systemRandom } from '../../platform/clock.js';
import { shownPlace } from '../../terms/state-url.js';
import { type Memory, type MemoryOwner, memoryOver, type Peek, peekOver, type RunOptions } from '../memory.js';
import { ownerName } from '../paths-and-key.js';
import { MoveIn } from './move-in.js';
import { Patience } from './patience.js';
import { type KeyFile, PostgresMemory, type PostgresMemoryOptions } from './postgres-memory.js';

export interface SharedMemory extends Omit<MemoryOwner, 'stateDir'> {
  readonly stateUrl: string;
  readonly keyFile: KeyFile | null;
  /** How long the database may be away, unless `signal` asks for the end. */
  readonly giveUpMs: number;
  readonly signal: AbortSignal | null;
  /** Called with the database's own error when a wait begins. */
  readonly onAway: (message: string) => void;
}

/** Rejects with MachineError where it cannot be used. */
export async function openSharedMemory(shared: SharedMemory, options: RunOptions): Promise<Memory> {
  const home = await sharedHome(shared, ownerName(shared, hostname()), true);
  return withHome(home, async () => {
    const keys = await home.prepareKeys();
    return memoryOver(home, home.place, keys, options, { clock: systemClock, bootClock: systemBootClock });
  });
}

/** `null`: nothing is remembered. */
export async function peekShared(shared: SharedMemory, refreshAfterDays: number): Promise<Peek | null> {
  const home = await sharedHome(shared, ownerName(shared, hostname()), false);
  return withHome(home, async () => {
    const keys = await home.findKeys();
    if (keys !== null) return peekOver(home, home.place, keys, refreshAfterDays);
    await home.close();
    return null;
  });
}

export async function forgetShared(shared: SharedMemory): Promise<void> {
  const home = await sharedHome(shared, ownerName(shared, hostname()), false);
  try {
    await home.forget(false);
  } finally {
    await home.close();
  }
}

export type SharedState = Pick<SharedMemory, 'stateUrl' | 'keyFile' | 'giveUpMs' | 'signal' | 'onAway'>;

/** What a memory begins with. */
type Beginning = Pick<PostgresMemoryOptions, 'newId' | 'newSecret'>;

/** The home of the memory of that name. Nothing is connected yet. */
export async function sharedHome(
  { stateUrl, keyFile, giveUpMs, signal, onAway }: SharedState,
  name: string,
  creates: boolean,
  beginning: Beginning = { newId: randomUUID, newSecret: () => randomBytes(32) },
): Promise<PostgresMemory> {
  const target = await targetOf(stateUrl, process.env);
  return new PostgresMemory({
    place: shownPlace(target),
    connect: () => connect(target, systemClock),
    creates,
    name,
    patience: new Patience({
      clock: systemClock,
      random: systemRandom,
      giveUpMs,
      signal,
      onAway: ({ message }) => onAway(message),
    }),
    clock: systemClock,
    bootClock: systemBootClock,
    ...beginning,
    keyFile,
    clockSql: databaseClock,
  });
}

/** The way in for a folder's memory of that name. */
export async function moveInTo(stateUrl: string, source: string, name: string): Promise<MoveIn> {
  const target = await targetOf(stateUrl, process.env);
  const wire = { place: shownPlace(target), connect: () => connect(target, systemClock), clock: systemClock };
  return new MoveIn({ ...wire, creates: true, clockSql: databaseClock }, source, name);
}

async function withHome<T>(home: PostgresMemory, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await home.close();
    throw error;
  }
}
