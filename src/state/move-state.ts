import { randomUUID } from 'node:crypto';
import { homeTime, readTime, stateOf } from '../ledger/folder/folder-home.js';
import { findLedgerStore } from '../ledger/folder/lmdb-store.js';
import { draw } from '../ledger/ledger.js';
import { movedState } from '../ledger/ledger-errors.js';
import type { Outcome } from '../ledger/ledger-home.js';
import {
  type LedgerKind,
  type MovedRecord,
  partsOfName,
  readMoved,
  readNames,
  writeMoved,
} from '../ledger/ledger-records.js';
import { MachineClocks } from '../ledger/machine-time.js';
import { openPostgres } from '../ledger/postgres/open-postgres.js';
import { systemBootClock, systemClock } from '../platform/clock.js';
import type { LedgerRecords } from '../platform/ports.js';
import { MachineError, UsageError } from '../terms/errors.js';
import { addLedger, type PackedLedger, packLedger } from './copy-ledger.js';
import { doubtMemories, type MovedMemoryEnd, moveMemories, type OnMoved } from './move-memory.js';

/** The two commands that change a state by hand: `state copy` and `state accept`. */

export interface CopiedLedger {
  readonly clientCode: string;
  readonly isLoopback: boolean;
  readonly kind: LedgerKind;
  /** Of the ledger in the database, now. */
  readonly usedUnits: number;
}

export interface CopiedState {
  readonly ledgers: readonly CopiedLedger[];
  readonly memories: readonly MovedMemoryEnd[];
}

/**
 * Adds the ledgers of a folder to those in a database, and copies its memories where there are none. The folder is marked as moved first, with all processes that use
 * it: a kill in between leaves it refused, and the same call resumes. @throws UsageError, MachineError
 */
export async function copyState(stateDir: string, stateUrl: string, onMoved: OnMoved): Promise<CopiedState> {
  // What cannot be reached or lacks permissions is reported before anything is marked.
  const target = await openPostgres(stateUrl, true);
  try {
    await target.names();
    const store = await findLedgerStore(stateDir);
    if (store === null) throw new UsageError('state-missing', `--from: there is no ledger in ${stateDir}`);
    const clocks = new MachineClocks(systemClock, systemBootClock);
    try {
      const mark = { source: randomUUID(), to: target.place };
      const { moved, packed } = await store.transact((records) => {
        const found = markMoved(records, mark, stateDir);
        return { moved: found, packed: packAll(records, clocks) };
      });
      const ledgers = await addAll(stateUrl, moved, packed);
      return { ledgers, memories: await moveMemories(stateDir, stateUrl, moved, onMoved) };
    } finally {
      await store.close();
    }
  } finally {
    await target.close();
  }
}

/** What the first call wrote is kept. @throws MachineError `state-moved` for a folder that went elsewhere. */
function markMoved(records: LedgerRecords, mark: MovedRecord, stateDir: string): MovedRecord {
  const found = readMoved(records);
  if (found === null) writeMoved(records, mark);
  else if (found.to !== mark.to) throw movedState(stateDir, found.to);
  return found ?? mark;
}

function packAll(records: LedgerRecords, clocks: MachineClocks): Map<string, PackedLedger> {
  const time = homeTime(readTime(records, clocks.read()));
  const all = new Map<string, PackedLedger>();
  for (const name of readNames(records)) {
    const packed = packLedger(stateOf(records, name), time);
    if (packed !== null) all.set(name, packed);
  }
  return all;
}

async function addAll(
  stateUrl: string,
  { source }: MovedRecord,
  all: ReadonlyMap<string, PackedLedger>,
): Promise<CopiedLedger[]> {
  const home = await openPostgres(stateUrl, true, source);
  try {
    const copied: CopiedLedger[] = [];
    for (const [name, packed] of all) {
      const { clientCode, isLoopback, kind } = partsOfName(name);
      const outcome = await home.transact(home.nameOf(clientCode, isLoopback, kind), addLedger(packed));
      copied.push({ clientCode, isLoopback, kind, usedUnits: answerOf(outcome).usedUnits });
    }
    return copied;
  } finally {
    await home.close();
  }
}

function answerOf<T>(outcome: Outcome<T>): T {
  if (outcome.kind === 'committed') return outcome.answer;
  const { code, message } = outcome.trouble;
  throw new MachineError(code, `${message}. Nothing is lost: give the same command again`, { cause: outcome.trouble });
}

/** Which ledgers of a restored state are accepted; `null`: all. */
export interface AcceptedPart {
  readonly clientCode: string | null;
  readonly kind: LedgerKind | null;
}

/**
 * Takes a restored state for the one that counts. In each real ledger of that part `usedUnits` more count as used now:
 * nobody knows of which kind the missing ones are, unless `kind` says it. The others stay refused.
 * @throws UsageError, MachineError
 */
export async function acceptState(
  stateUrl: string,
  usedUnits: number,
  { clientCode, kind }: AcceptedPart,
): Promise<CopiedLedger[]> {
  const home = await openPostgres(stateUrl, false);
  try {
    const wantedCode = clientCode?.toLowerCase() ?? null;
    const names = (await home.names()).filter((name) => {
      const parts = partsOfName(name);
      return (wantedCode === null || parts.clientCode === wantedCode) && (kind === null || parts.kind === kind);
    });
    if (names.length === 0) throw new UsageError('state-missing', `there is no such ledger in ${home.place}`);
    const accepted: CopiedLedger[] = [];
    for (const name of names) {
      const parts = partsOfName(name);
      const lateUnits = parts.isLoopback ? 0 : usedUnits;
      const outcome = await home.accept(name, (state, time) => {
        const { limit = 0, reserve = 0 } = state.ledger ?? {};
        const request = { name, number: 1, limit, reserve, timeoutMs: timeoutMsMax, wantedUnits: 0, lateUnits };
        return draw({ ...request, returned: new Map() })(state, time);
      });
      accepted.push({ ...parts, usedUnits: answerOf(outcome).drawn.usedUnits });
    }
    await doubtMemories(stateUrl, clientCode);
    return accepted;
  } finally {
    await home.close();
  }
}

/** Of --timeout: what may have been used, may have been in flight this long. */
const timeoutMsMax = 600_000;
