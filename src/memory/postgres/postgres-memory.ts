import { HomeAway } from '../../ledger/ledger-home.js';
import { DamagedRecord } from '../../ledger/ledger-records.js';
import type { MachineTime } from '../../ledger/ledger-time.js';
import { MachineClocks } from '../../ledger/machine-time.js';
import type { Connection } from '../../ledger/postgres/connect.js';
import { type DatabaseClock, moveOn, Witness } from '../../ledger/postgres/database-time.js';
import { checkDurability, checkServer, clockBehind } from '../../ledger/postgres/faults.js';
import { count, type Row, text } from '../../ledger/postgres/rows.js';
import { Session, type SessionOptions } from '../../ledger/postgres/session.js';
import { begin } from '../../ledger/postgres/statements.js';
import type { BootClock } from '../../platform/ports.js';
import { anyMarkMs } from '../memory.js';
import { damagedMemory, keyMissing, restoredMemory } from '../memory-errors.js';
import type {
  MemoryAbsence,
  MemoryHome,
  MemorySize,
  MemoryState,
  MemoryView,
  Outcome,
  VisitorKey,
  Written,
} from '../memory-home.js';
import { type HashKeys, hashKeys } from '../record/row-hashes.js';
import { byteArrays, type FoundMemory, inKeyOrder, readMemory, readRecords } from './memory-rows.js';
import {
  emptyMemory,
  insertMemory,
  lockMemory,
  putKey,
  readStatement,
  sizeStatement,
  sweepNumbers,
  sweepVisitors,
  writeStatement,
} from './memory-statements.js';
import type { Patience } from './patience.js';

/** A database's clock may step, and a standby may take over: marks of two runs over one visitor are so long apart. */
export const sharedMarginMs = 3_600_000;

export interface PostgresMemoryOptions extends SessionOptions {
  /** Client code, origin, and for loopback the machine. */
  readonly name: string;
  readonly patience: Patience;
  readonly bootClock: BootClock;
  /** A UUID for a memory that begins. */
  readonly newId: () => string;
  /** A secret for a memory that begins. */
  readonly newSecret: () => Uint8Array;
  /** What --memory-key-file says, in place of it; `null`: the database keeps the secret. */
  readonly keyFile: KeyFile | null;
  /** SQL for the database's time in milliseconds. */
  readonly clockSql: string;
}

export interface KeyFile {
  readonly path: string;
  readonly secret: Uint8Array;
}

/** What this run saw of the memory: it must not become another one, nor an older one. */
interface Seen {
  readonly id: string;
  readonly version: number;
}

/** What one statement finds. */
interface Found {
  /** Of the database, now. */
  readonly nowMs: number;
  readonly server: string;
  readonly timeline: string;
  readonly memory: FoundMemory | null;
  readonly row: Row;
}

/**
 * The memory of a client code and origin in PostgreSQL, for many machines.
 *
 * Invariants: what is written is written under the memory's row, which was locked before it was read. Every transaction
 * raises the row's version, so that its COMMIT says that what it has read is durable. No record is used before
 * format, key, server, timeline, id and version were compared. While the database is away, each caller waits.
 */
export class PostgresMemory implements MemoryHome {
  readonly marginMs = sharedMarginMs;
  readonly place: string;
  readonly #options: PostgresMemoryOptions;
  readonly #session: Session;
  readonly #clocks: MachineClocks;
  readonly #witness = new Witness();
  readonly #readSql: string;
  #seen: Seen | null = null;
  #keyCheck: string | null = null;

  constructor(options: PostgresMemoryOptions) {
    this.#options = options;
    this.place = options.place;
    this.#clocks = new MachineClocks(options.clock, options.bootClock);
    this.#readSql = readStatement(options.clockSql);
    this.#session = new Session(options, (error) =>
      error instanceof DamagedRecord ? damagedMemory(options.place, error.message) : null,
    );
  }

  /** The keys of an existing memory; `null` if it does not exist. Nothing is changed. */
  findKeys(): Promise<HashKeys | null> {
    return this.#patiently(async (connection) => {
      if (!this.#session.hasTables) return null;
      const { memory } = await this.#find(connection, []);
      if (memory === null || memory.keyCheck === null) return null;
      return this.#takeKeys(memory, this.#options.keyFile?.secret ?? memory.secret);
    });
  }

  /** The keys, durably; a memory that does not exist is created. */
  prepareKeys(): Promise<HashKeys> {
    return this.#patiently(async (connection) => {
      await connection.run(begin);
      await this.#lockAny(connection);
      const found = await this.#find(connection, []);
      const memory = found.memory ?? this.#gone();
      const { keyFile, newSecret } = this.#options;
      const isKept = memory.keyCheck !== null;
      const secret = keyFile?.secret ?? memory.secret ?? (isKept ? null : newSecret());
      const keys = this.#takeKeys(memory, secret);
      const kept = keyFile === null && secret !== null ? `\\x${Buffer.from(secret).toString('hex')}` : null;
      const written = await connection.run(putKey, [...this.#versionOf(memory), kept, keys.check]);
      await this.#committed(connection, written.rows[0], memory);
      return keys;
    });
  }

  read<T>(keys: readonly VisitorKey[], look: (view: MemoryView) => T): Promise<T> {
    return this.#patiently(async (connection) => {
      const from = this.#clocks.read();
      const found = await this.#find(connection, keys);
      const memory = found.memory ?? this.#gone();
      this.#checkKey(memory);
      return look(viewOf(memory.state, this.#timeOf(found, memory, from), found));
    });
  }

  async transact<T>(keys: readonly VisitorKey[], work: (view: MemoryView) => Written<T>): Promise<Outcome<T>> {
    try {
      return await this.#patiently((connection) => this.#attempt(connection, keys, work));
    } catch (cause) {
      return { kind: 'not-committed', cause };
    }
  }

  /** One transaction. @throws HomeAway: it did not happen. */
  async #attempt<T>(
    connection: Connection,
    keys: readonly VisitorKey[],
    work: (view: MemoryView) => Written<T>,
  ): Promise<Outcome<T>> {
    await connection.run(begin);
    await connection.run(lockMemory, [this.#options.name]);
    const from = this.#clocks.read(); // before the first byte of the statement in which the server reads its clock
    const found = await this.#find(connection, keys);
    const memory = found.memory ?? this.#gone();
    this.#checkKey(memory);
    const time = this.#timeOf(found, memory, from);
    const { answer, state, records } = work(viewOf(memory.state, time, found));
    const { isMade, allUntilMs, latestUntilMs } = state ?? memory.state;
    const put = inKeyOrder(keys, records);
    const written = await connection.run(writeStatement, [
      ...this.#versionOf(memory),
      ...clockValues(time),
      this.#keyCheck,
      String(isMade),
      String(Math.ceil(allUntilMs)),
      String(Math.ceil(latestUntilMs)),
      byteArrays(put.map(({ key }) => key)),
      byteArrays(put.map(({ record }) => record)),
    ]);
    const end = await this.#commit(connection, written.rows[0], memory);
    return end === null ? { kind: 'committed', answer } : { kind: 'unknown', cause: end };
  }

  /**
   * Nothing is remembered any more, and what may be in flight is reckoned with. `isDoubted`: it may be an older copy, so
   * it is not known which marks were open; it is taken for the one that counts. A missing memory is not an error.
   */
  async forget(isDoubted: boolean): Promise<void> {
    await this.#patiently(async (connection) => {
      if (!this.#session.hasTables) return;
      await connection.run(begin);
      await connection.run(lockMemory, [this.#options.name]);
      const from = this.#clocks.read();
      const found = await this.#findAny(connection, []);
      const { memory, server, timeline } = found;
      if (memory === null) {
        await connection.run('ROLLBACK');
        return;
      }
      const isOther = isDoubted || memory.server !== server || memory.timeline !== timeline;
      const time = this.#timeOf(found, memory, from);
      const { latestUntilMs } = memory.state;
      const untilMs = isOther ? Math.max(latestUntilMs, time.ledgerMs + anyMarkMs + sharedMarginMs) : latestUntilMs;
      const id = isOther ? this.#options.newId() : memory.id;
      const values = [...clockValues(time), String(Math.ceil(untilMs)), id, server, timeline];
      const written = await connection.run(emptyMemory, [...this.#versionOf(memory), ...values]);
      await this.#committed(connection, written.rows[0], memory);
    });
    await this.#sweep();
  }

  /** A memory that is there or begins: nothing is remembered, and attempts of unknown runs may arrive for a while. */
  async beginInDoubt(): Promise<void> {
    await this.#patiently(async (connection) => {
      await connection.run(begin);
      await this.#lockAny(connection);
      await connection.run('COMMIT');
    });
    await this.forget(true);
  }

  /** Of all memories in this database. */
  names(): Promise<string[]> {
    return this.#patiently(async (connection) => {
      if (!this.#session.hasTables) return [];
      const { rows } = await connection.run('SELECT name FROM profile_drip.memory');
      return rows.flatMap(({ name }) => (typeof name === 'string' ? [name] : []));
    });
  }

  absence(): MemoryAbsence | null {
    return this.#options.patience.absence();
  }

  watchAbsence(told: (() => void) | null): void {
    this.#options.patience.watchAbsence(told);
  }

  async size(): Promise<MemorySize> {
    return this.#patiently(async (connection) => {
      const { rows } = await connection.run(sizeStatement, [this.#options.name]);
      const [row = {}] = rows;
      return { visitors: count(row, 'visitors'), bytesOnDisk: count(row, 'bytes') };
    });
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  /** Lets others write in between; a process that is killed leaves the rest to the next one. */
  async #sweep(): Promise<void> {
    const sweep = (connection: Connection) => connection.run(sweepVisitors);
    while (this.#session.hasTables) {
      const { rows } = await this.#patiently(sweep);
      if (rows[0]?.count !== '0') continue;
      await this.#patiently((connection) => connection.run(sweepNumbers));
      return;
    }
  }

  #patiently<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#options.patience.run(() => this.#session.inTurn(work));
  }

  /** The row is there afterwards, and it is this transaction's. */
  async #lockAny(connection: Connection): Promise<void> {
    const { name, newId } = this.#options;
    const { rows } = await connection.run(lockMemory, [name]);
    if (rows.length > 0) return;
    const { server, timeline } = await this.#findAny(connection, []);
    if (this.#seen !== null) this.#gone();
    await connection.run(insertMemory, [name, newId(), server, timeline]);
    await connection.run(lockMemory, [name]);
  }

  async #find(connection: Connection, keys: readonly VisitorKey[]): Promise<Found> {
    const found = await this.#findAny(connection, keys);
    const { memory, server, timeline } = found;
    if (memory === null) return found;
    const seen = this.#seen;
    if (memory.server !== server) throw restoredMemory(this.place, 'another server keeps it');
    if (memory.timeline !== timeline) {
      throw restoredMemory(this.place, `timeline ${timeline} after ${memory.timeline}`);
    }
    if (seen !== null && memory.id !== seen.id) throw restoredMemory(this.place, 'it has another id');
    if (seen !== null && memory.version < seen.version) {
      throw restoredMemory(this.place, `version ${memory.version} after ${seen.version}`);
    }
    this.#seen = { id: memory.id, version: memory.version };
    return found;
  }

  /** An older copy too. */
  async #findAny(connection: Connection, keys: readonly VisitorKey[]): Promise<Found> {
    const { rows } = await connection.run(this.#readSql, [this.#options.name, byteArrays(keys)]);
    const [row] = rows;
    if (row === undefined) throw new Error('a row was asked for and none came');
    checkServer(this.place, row);
    return {
      nowMs: count(row, 'clock_ms'),
      server: text(row, 'server'),
      timeline: text(row, 'timeline'),
      memory: readMemory(row),
      row,
    };
  }

  #gone(): never {
    throw restoredMemory(this.place, 'it is gone');
  }

  #takeKeys(memory: FoundMemory, secret: Uint8Array | null): HashKeys {
    const keys = secret === null ? null : hashKeys(secret);
    if (keys === null || (memory.keyCheck !== null && memory.keyCheck !== keys.check)) throw this.#otherKey();
    this.#keyCheck = keys.check;
    return keys;
  }

  /** Forgotten, it has none: then the first one that writes says which it is. */
  #checkKey({ keyCheck }: FoundMemory): void {
    if (keyCheck !== null && keyCheck !== this.#keyCheck) throw this.#otherKey();
  }

  #otherKey(): Error {
    return keyMissing(this.#options.keyFile?.path ?? this.place);
  }

  #timeOf({ nowMs }: Found, { clock }: FoundMemory, from: MachineTime): Time {
    const moved = moveOn(clock, nowMs, this.#witness.believableMs(this.#clocks.read()));
    if (moved === 'behind') throw clockBehind(this.place);
    if (clock !== null) this.#witness.saw(moved.ledgerMs, from);
    return { ...moved, nowMs };
  }

  #versionOf({ version, id }: FoundMemory): string[] {
    return [this.#options.name, String(version), id];
  }

  /** `null`: it is durable. What else: nobody knows. @throws HomeAway: it is not. */
  async #commit(connection: Connection, row: Row | undefined, { id, version }: FoundMemory): Promise<HomeAway | null> {
    checkDurability(this.place, row);
    if (row?.changed !== '1') throw new HomeAway('state-busy', `${this.place}: the memory changed under its lock`);
    const end = await this.#session.commit(connection);
    if (end.kind === 'not-committed') throw end.trouble;
    if (end.kind === 'unknown') return end.trouble;
    this.#seen = { id, version: version + 1 };
    return null;
  }

  /** For what may be done twice. @throws HomeAway */
  async #committed(connection: Connection, row: Row | undefined, memory: FoundMemory): Promise<void> {
    const doubt = await this.#commit(connection, row, memory);
    if (doubt !== null) throw doubt;
  }
}

/** The home's time, and what the database's clock shows. */
interface Time extends DatabaseClock {
  readonly nowMs: number;
}

function clockValues({ ledgerMs, countedToMs, highMs }: DatabaseClock): string[] {
  return [ledgerMs, countedToMs, highMs].map(String);
}

function viewOf(state: MemoryState, { ledgerMs, nowMs }: Time, { row }: Found): MemoryView {
  return { state, time: { ms: ledgerMs, wallMs: nowMs }, record: readRecords(row) };
}
