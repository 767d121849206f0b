import { randomUUID } from 'node:crypto';
import { rm, statfs } from 'node:fs/promises';
import { type Environment, openEnvironment, statisticsOf } from '../../lmdb/environment.js';
import { systemClock } from '../../platform/clock.js';
import { realDisk } from '../../platform/disk.js';
import type { Clock, LedgerRecords, LedgerStore } from '../../platform/ports.js';
import { systemCode } from '../../terms/errors.js';
import { bufferRecords, writeBuffered } from '../buffered-records.js';
import { damagedLedger, failedLedger, networkLedger } from '../ledger-errors.js';
import { checkFormat, DamagedRecord, ledgerOfKey, writeFormat, writeWritten } from '../ledger-records.js';
import { checkStill, type Known, knownOf, noteChange } from './ledger-audit.js';
import { lookAtLedger } from './ledger-files.js';
import { GuardWriter, readGuard, replaceGuard } from './ledger-guard.js';
import { type LedgerPlace, ledgerPlace } from './ledger-place.js';
import { seal, unseal } from './ledger-seal.js';
import { networkDisk } from './network-disks.js';

/**
 * The ledger in lmdb (lmdb/environment.ts): one environment in `<state>/ledger/`, text under text, each with a checksum.
 *
 * - What a transaction wrote is handed to lmdb when its work is done: work that throws writes nothing.
 * - Each transaction that writes raises a version. A store that is of an earlier version than one that was seen, here or
 *   by the guard, or that lacks a ledger, is damaged. It is never taken for a new one.
 * - The data file is kept longer than what lmdb uses of it. lmdb may leave its last pages unwritten when they are free,
 *   and such a file looks like one that was cut off; also, a disk that gets full does not stop a run.
 */

/** Zeros that are put behind what lmdb uses of the file, once there is less than half as much. */
const roomBytes = 4 * 1024 * 1024;
/** Address space, not memory: many times what a ledger comes to, so that it need not be mapped again. */
const mapBytes = 256 * 1024 * 1024;

/** The ledger in a state directory; created where there is none. @throws MachineError */
export function openLedgerStore(stateDir: string, clock: Clock = systemClock): Promise<LedgerStore> {
  return orFailed(stateDir, async () => {
    const place = ledgerPlace(stateDir);
    await realDisk.makeFolder(stateDir);
    await refuseNetworkDisk(stateDir);
    const known = (await lookAtLedger(realDisk, clock, place)) ?? (await makeLedger(place, clock));
    return openStore(place, clock, known);
  });
}

/** The same for those who only look: `null` where there is none, and nothing is created. @throws MachineError */
export function findLedgerStore(stateDir: string, clock: Clock = systemClock): Promise<LedgerStore | null> {
  return orFailed(stateDir, async () => {
    const place = ledgerPlace(stateDir);
    const known = await lookAtLedger(realDisk, clock, place);
    if (known === null) return null;
    await refuseNetworkDisk(stateDir);
    return openStore(place, clock, known);
  });
}

async function orFailed<T>(stateDir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw failedLedger(stateDir, error);
  }
}

async function refuseNetworkDisk(stateDir: string): Promise<void> {
  if (process.platform !== 'linux') return; // the numbers are Linux's
  const name = networkDisk((await statfs(stateDir)).type);
  if (name !== null) throw networkLedger(stateDir, name);
}

/** Creates it elsewhere and moves it into place whole. Where another process was faster, its ledger stands. */
async function makeLedger(place: LedgerPlace, clock: Clock): Promise<Known> {
  const folder = `${place.folder}.new-${randomUUID()}`;
  try {
    await realDisk.makeFolder(folder);
    const environment = await openEnvironment(folder, { mapBytes, mayMove: false, clock });
    try {
      await environment.transact(() => begin(recordsOf(environment)));
    } finally {
      await environment.close();
    }
    await realDisk.rename(folder, place.folder);
    await realDisk.syncFolder(place.stateDir);
  } catch (error) {
    const code = systemCode(error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const known = await lookAtLedger(realDisk, clock, place);
  if (known === null) throw damagedLedger(place.stateDir, 'a folder "ledger" without its data file');
  return known;
}

function begin(records: LedgerRecords): void {
  writeFormat(records);
  writeWritten(records, { version: 0, used: {} });
}

async function openStore(place: LedgerPlace, clock: Clock, known: Known): Promise<LedgerStore> {
  const environment = await openEnvironment(place.folder, { mapBytes, mayMove: false, clock });
  const store = new LmdbLedgerStore(environment, place, clock, known);
  try {
    await store.begin();
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

function recordsOf({ database }: Environment): LedgerRecords {
  return {
    get(key) {
      const sealed = database.getBinaryFast(Buffer.from(key));
      if (sealed === undefined) return null;
      // The buffer is larger than the record; `length` is the record's length.
      return unseal(key, Buffer.from(sealed.buffer, sealed.byteOffset, sealed.length).toString());
    },
    put: (key, value) => void database.put(Buffer.from(key), Buffer.from(seal(key, value))),
    remove: (key) => void database.remove(Buffer.from(key)),
  };
}

class LmdbLedgerStore implements LedgerStore {
  readonly #environment: Environment;
  readonly #place: LedgerPlace;
  readonly #clock: Clock;
  readonly #guard: GuardWriter;
  /** The store as it was last seen here. */
  #known: Known;

  constructor(environment: Environment, place: LedgerPlace, clock: Clock, known: Known) {
    this.#environment = environment;
    this.#place = place;
    this.#clock = clock;
    this.#guard = new GuardWriter(place);
    this.#known = known;
  }

  /** Ensures that the data file is longer than lmdb needs, for as long as a run may take, and that the guard knows it. */
  async begin(): Promise<void> {
    const usedBytes = await this.#run(() => statisticsOf(this.#environment.database).usedBytes);
    let { sizeBytes } = await realDisk.stat(this.#place.dataPath);
    if (sizeBytes - usedBytes < roomBytes / 2) {
      // Appending writes behind what another process writes there meanwhile, never over it.
      const file = await realDisk.open(this.#place.dataPath, 'append');
      try {
        await file.append(new Uint8Array(roomBytes));
        await file.sync();
      } finally {
        await file.close();
      }
      sizeBytes += roomBytes;
    }
    await this.#guardAll(sizeBytes);
  }

  async transact<T>(work: (records: LedgerRecords) => T): Promise<T> {
    try {
      const before = this.#known;
      const value = await this.#run(work);
      const { ledgers, written } = this.#known;
      if (written.version === before.written.version) return value;
      const isGuarded =
        ledgers.every((name) => before.ledgers.includes(name)) && this.#guard.write(written, this.#nowText());
      if (!isGuarded) await this.#guardAll(0);
      return value;
    } catch (error) {
      throw failedLedger(this.#place.stateDir, error);
    }
  }

  /** One transaction; what it leaves behind it is known when it is durable. */
  async #run<T>(work: (records: LedgerRecords) => T): Promise<T> {
    const records = recordsOf(this.#environment);
    const { value, known } = await this.#environment.transact(() => {
      if (!checkFormat(records)) throw new DamagedRecord('the record "format" is missing');
      checkStill(records, this.#known);
      const buffered = bufferRecords(records);
      const result = work(buffered.records);
      if (buffered.changes.size === 0) return { value: result, known: null };
      const changed = [...buffered.changes.keys()].map(ledgerOfKey).filter((name) => name !== null);
      const left = noteChange(buffered.records, changed);
      this.#environment.checkPlace();
      writeBuffered(records, buffered.changes);
      return { value: result, known: left };
    });
    if (known !== null && known.written.version > this.#known.written.version) this.#known = known;
    return value;
  }

  /**
   * Ensures that the guard knows all ledgers. Two processes may replace it at once: so the store is asked again after
   * it was replaced, and the last one sees all.
   */
  async #guardAll(sizeBytes: number): Promise<void> {
    for (;;) {
      const guard = readGuard(this.#place);
      const { ledgers, written } = await this.#run(knownOf);
      const isGuarded = ledgers.every((name) => guard?.ledgers.includes(name)) && (guard?.sizeBytes ?? 0) >= sizeBytes;
      if (guard !== null && isGuarded) return;
      const at = this.#nowText();
      await replaceGuard(realDisk, this.#place, {
        since: guard?.since ?? at,
        sizeBytes: Math.max(sizeBytes, guard?.sizeBytes ?? 0),
        ledgers: [...new Set([...(guard?.ledgers ?? []), ...ledgers])],
        written,
        writtenAt: at,
      });
    }
  }

  #nowText(): string {
    return new Date(this.#clock.wallMs()).toISOString();
  }

  async close(): Promise<void> {
    await this.#environment.close();
    this.#guard.close();
  }
}
