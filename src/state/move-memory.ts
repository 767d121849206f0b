import { readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { MovedMemory, type MovedRecord } from '../memory/moved-memory.js';
import type { MoveIn } from '../memory/postgres/move-in.js';
import { moveInTo, type SharedState, sharedHome } from '../memory/postgres/open-memory.js';
import type { PostgresMemory } from '../memory/postgres/postgres-memory.js';
import { systemCode } from '../terms/errors.js';

/** What happens to the memories of --changed-only when a state is moved or restored. */

/** Of the same client code, or of all for `null`. */
export async function doubtMemories(stateUrl: string, clientCode: string | null): Promise<void> {
  for (const name of await memoryNames(stateUrl)) {
    const isOwn = clientCode === null || name.startsWith(`${clientCode.toLowerCase()} `);
    if (isOwn) await doubt(stateUrl, name);
  }
}

/** What became of a folder's memory. */
export interface MovedMemoryEnd {
  /** Client code and endpoint. */
  readonly name: string;
  /** `stays`: the database has one already, or there was nothing in it. */
  readonly kind: 'copied' | 'stays';
  /** In the database now, of those that were copied. */
  readonly visitors: number;
}

/** Called as it goes on. */
export type OnMoved = (name: string, visitors: number) => void;

const recordsInPiece = 2_000;

/**
 * Copies the memories of a folder whose ledgers are marked as moved: each is marked, copied where the database has none
 * that a run has used, and is not copied a second time. A kill at any point leaves them refused; the same call resumes.
 */
export async function moveMemories(
  stateDir: string,
  stateUrl: string,
  moved: { readonly source: string; readonly to: string },
  onMoved: OnMoved,
): Promise<MovedMemoryEnd[]> {
  const parent = join(stateDir, 'memory');
  const entries = await readdir(parent, { withFileTypes: true }).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  });
  const ends: MovedMemoryEnd[] = [];
  for (const entry of entries) {
    const memory = entry.isDirectory() ? await MovedMemory.open(join(parent, entry.name), moved.to) : null;
    if (memory === null) continue;
    try {
      const end = memory.isDone ? null : await moveOne(memory, stateUrl, moved.source, onMoved);
      if (end !== null) ends.push(end);
      await memory.markDone();
    } finally {
      await memory.close();
    }
  }
  return ends;
}

async function moveOne(
  memory: MovedMemory,
  stateUrl: string,
  source: string,
  onMoved: OnMoved,
): Promise<MovedMemoryEnd | null> {
  const { owner, isMade } = memory;
  const way = await moveInTo(stateUrl, source, owner);
  try {
    const before = await way.state();
    if (isMade && before === 'unused') await collect(memory, way, stateUrl, (visitors) => onMoved(owner, visitors));
    const after = isMade && before === 'unused' ? await way.finish() : before;
    if (after === 'copied') return { name: owner, kind: 'copied', visitors: await memory.visitorCount() };
    if (isMade && before === 'unused') await discard(stateUrl, way.stagedName);
    // Two memories of one client contradict each other, and attempts under the folder's marks may still arrive.
    const isContradicted = after === 'used' && memory.wasUsed;
    if (isContradicted || memory.isOpen) await doubt(stateUrl, owner);
    return isMade ? { name: owner, kind: 'stays', visitors: 0 } : null;
  } finally {
    await way.close();
  }
}

/** All records of a memory that stands still, behind those that an earlier call collected. */
async function collect(
  memory: MovedMemory,
  way: MoveIn,
  stateUrl: string,
  onVisitors: (count: number) => void,
): Promise<void> {
  const secret = await memory.secret();
  const beginning = { newId: () => way.id, newSecret: () => secret };
  const home = await sharedHome(stateOf(stateUrl), way.stagedName, true, beginning);
  try {
    await home.prepareKeys();
    let count = 0;
    for (let after = await way.lastKey(); ; ) {
      const piece = await memory.records(after, recordsInPiece);
      await put(memory, home, piece);
      count += piece.length;
      onVisitors(count);
      const last = piece.at(-1);
      if (last === undefined) return;
      after = last.key;
    }
  } finally {
    await home.close();
  }
}

/** An empty piece writes what holds for all visitors alone. */
async function put(memory: MovedMemory, home: PostgresMemory, piece: readonly MovedRecord[]): Promise<void> {
  const keys = piece.map(({ key }) => key);
  const outcome = await home.transact(keys, memory.writtenIn(home.marginMs, piece));
  // What nobody knows of is written again by the next call: it begins behind what is there.
  if (outcome.kind !== 'committed') throw outcome.cause;
}

/** What was collected for nothing. */
async function discard(stateUrl: string, name: string): Promise<void> {
  const home = await sharedHome(stateOf(stateUrl), name, false);
  try {
    await home.forget(false);
  } finally {
    await home.close();
  }
}

async function doubt(stateUrl: string, name: string): Promise<void> {
  const home = await sharedHome(stateOf(stateUrl), name, true);
  try {
    await home.beginInDoubt();
  } finally {
    await home.close();
  }
}

/** Those of loopback endpoints by this machine alone. */
async function memoryNames(stateUrl: string): Promise<string[]> {
  const home = await sharedHome(stateOf(stateUrl), '', false);
  try {
    const all = await home.names();
    return all.filter((name) => !name.includes(' on ') || name.endsWith(` on ${hostname()}`));
  } finally {
    await home.close();
  }
}

function stateOf(stateUrl: string): SharedState {
  return { stateUrl, keyFile: null, giveUpMs: 0, signal: null, onAway: () => {} };
}
