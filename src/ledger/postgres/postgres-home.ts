import { sleep } from '../../platform/clock.js';
import type { BootClock, Clock, Random } from '../../platform/ports.js';
import type { SettledBucket } from '../buckets.js';
import type { HomeTime } from '../home-time.js';
import {
  HomeAway,
  type LedgerChange,
  type LedgerHome,
  type LedgerState,
  type LedgerWork,
  type Outcome,
} from '../ledger-home.js';
import { DamagedRecord, type LedgerKind, ledgerName } from '../ledger-records.js';
import type { MachineTime } from '../ledger-time.js';
import { MachineClocks } from '../machine-time.js';
import type { Connection } from './connect.js';
import { type DatabaseClock, moveOn, Witness } from './database-time.js';
import { checkDurability, checkServer, clockBehind, damagedState, restoredState } from './faults.js';
import {
  type Found,
  type FoundLedger,
  readBucketList,
  readFound,
  writeAnswer,
  writeBucketList,
  writeOpen,
} from './rows.js';
import { Session } from './session.js';
import {
  acceptStatement,
  begin,
  insertLedger,
  readBuckets,
  readStatement,
  sweepDraws,
  touchStatement,
  writeStatement,
} from './statements.js';

/**
 * The ledgers in PostgreSQL, for many machines.
 *
 * Invariants: a ledger's row names the version that its buckets and draws belong to, and every transaction raises it; so
 * of two clients that read the same version one writes.
 */
export interface PostgresHomeOptions {
  /** Host and database, for messages. */
  readonly place: string;
  readonly connect: () => Promise<Connection>;
  /** Names this run among all that ever use the state: a UUID. */
  readonly client: string;
  /** A UUID for a ledger that begins. */
  readonly newId: () => string;
  /** Names this machine: 127.0.0.1 of two machines is two Targets. */
  readonly machine: string;
  readonly clock: Clock;
  readonly bootClock: BootClock;
  readonly random: Random;
  /** SQL for the database's time in milliseconds. */
  readonly clockSql: string;
  /** Creates the tables where they are missing. */
  readonly creates: boolean;
}

/** The database's clock may be wrong by so much. */
const marginMs = 60_000;
/** A draw and its answer take their way: the bucket of its units must not end on it. */
const stampAheadMs = 3_000;
const grantMinMs = 2_000;
/** Clients that write at once make each other try again; then the state is busy. */
const conflictCountMax = 30;
const conflictPauseMs = 20;

/** The error for a ledger that is not where, or what, it was. */
type Restored = 'refuse' | 'accept';

/** What this run saw of a ledger: it must not become another one, nor an older one. */
interface Seen {
  readonly id: string;
  readonly version: number;
  readonly witness: Witness;
}

/** A bucket that was not read with the row: it is read, and the work runs again. */
class NotRead extends Error {
  readonly index: number;

  constructor(index: number) {
    super(`bucket ${index}`);
    this.index = index;
  }
}

export class PostgresHome implements LedgerHome {
  readonly place: string;
  readonly grantMinMs = grantMinMs;
  #drawCount = 0;
  readonly #options: PostgresHomeOptions;
  readonly #clocks: MachineClocks;
  readonly #seen = new Map<string, Seen>();
  readonly #session: Session;

  constructor(options: PostgresHomeOptions) {
    this.#options = options;
    this.place = options.place;
    this.#clocks = new MachineClocks(options.clock, options.bootClock);
    this.#session = new Session(options, (error) => this.#damage(error));
  }

  nextDrawNumber(): number {
    this.#drawCount += 1;
    return this.#drawCount;
  }

  nameOf(clientCode: string, isLoopback: boolean, kind?: LedgerKind): string {
    const name = ledgerName(clientCode, isLoopback, kind);
    return isLoopback ? `${name}@${this.#options.machine}` : name;
  }

  names(): Promise<string[]> {
    return this.#session.inTurn(async (connection) => {
      if (!this.#session.hasTables) return [];
      const { rows } = await connection.run('SELECT name FROM profile_drip.ledger WHERE used IS NOT NULL');
      const all = rows.flatMap(({ name }) => (typeof name === 'string' ? [name] : []));
      return all.filter((name) => !name.includes('@') || name.endsWith(`@${this.#options.machine}`));
    });
  }

  read<T>(name: string, look: (state: LedgerState, time: HomeTime) => T): Promise<T> {
    return this.#session.inTurn(async (connection) => {
      const machine = this.#clocks.read();
      const nothing: LedgerState = { ledger: null, bucket: () => missingBucket(), lastDraw: null };
      if (!this.#session.hasTables) return look(nothing, homeTime(0, machine));
      const found = await this.#find(connection, name, 'all', 'refuse');
      const clock = this.#timeOf(name, found, machine);
      return look(stateOf(found, found.buckets), homeTime(clock.ledgerMs, machine));
    });
  }

  transact<T>(name: string, work: LedgerWork<T>): Promise<Outcome<T>> {
    return this.#transact(name, work, 'refuse');
  }

  /** As `transact`; a ledger that is an older copy, or on another server, is from then on the one that counts. */
  accept<T>(name: string, work: LedgerWork<T>): Promise<Outcome<T>> {
    return this.#transact(name, work, 'accept');
  }

  async #transact<T>(name: string, work: LedgerWork<T>, restored: Restored): Promise<Outcome<T>> {
    try {
      return await this.#session.inTurn(async (connection) => {
        for (let conflictCount = 0; conflictCount < conflictCountMax; conflictCount += 1) {
          const outcome = await this.#attempt(connection, name, work, restored);
          if (outcome !== 'conflict') return outcome;
          const pauseMs = this.#options.random.next() * conflictPauseMs * Math.min(10, conflictCount + 1);
          await sleep(this.#options.clock, pauseMs);
        }
        const message = `${this.place}: other runs always committed first`;
        return { kind: 'not-committed', trouble: new HomeAway('state-busy', message) };
      });
    } catch (error) {
      if (error instanceof HomeAway) return { kind: 'not-committed', trouble: error };
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  /** One transaction. Until COMMIT is sent, whatever goes wrong is `not-committed`: it is thrown. */
  async #attempt<T>(
    connection: Connection,
    name: string,
    work: LedgerWork<T>,
    restored: Restored,
  ): Promise<Outcome<T> | 'conflict'> {
    await connection.run(begin);
    const from = this.#clocks.read(); // before the first byte of the statement in which the server reads its clock
    const found = await this.#find(connection, name, 'ends', restored);
    if (found.row === null) return this.#begin(connection, name, found);
    const clock = this.#timeOf(name, found, from);
    const buckets = new Map(found.buckets);
    const time = homeTime(clock.ledgerMs, from);
    const { change, answer } = await this.#work(connection, name, found, buckets, () =>
      work(stateOf(found, buckets), time),
    );
    const keys = [name, String(found.row.version), found.row.id];
    // What was read may have been committed without having been made durable everywhere: a COMMIT after it says so.
    const written =
      change === null
        ? await connection.run(touchStatement, keys)
        : await connection.run(writeStatement, [...keys, ...this.#valuesOf(clock, change)]);
    if (change?.lastDraw?.number === 1) await connection.run(sweepDraws, [name, String(clock.ledgerMs)]);
    const [row] = written.rows;
    checkDurability(this.place, row);
    if (row?.changed !== '1') {
      await connection.run('ROLLBACK');
      return 'conflict';
    }
    if (restored === 'accept') {
      await connection.run(acceptStatement, [name, this.#options.newId(), found.server, found.timeline]);
      this.#seen.delete(name);
    }
    const end = await this.#session.commit(connection);
    if (end.kind === 'not-committed') return { kind: 'not-committed', trouble: end.trouble };
    if (end.kind === 'unknown') return { kind: 'unknown', from, trouble: end.trouble };
    if (restored === 'refuse')
      this.#seen.set(name, { id: found.row.id, version: found.row.version + 1, witness: this.#witness(name) });
    return { kind: 'committed', answer, from };
  }

  /** A ledger begins: its row is there before anything is drawn, even if another client creates it at the same time. */
  async #begin(connection: Connection, name: string, { server, timeline }: Found): Promise<'conflict'> {
    this.#refuseOther(name, null);
    await connection.run(insertLedger, [name, this.#options.newId(), server, timeline]);
    await connection.run('COMMIT');
    return 'conflict';
  }

  async #work<T>(
    connection: Connection,
    name: string,
    { row }: Found,
    buckets: Map<number, SettledBucket>,
    run: () => T,
  ): Promise<T> {
    for (let count = 1_000; ; count *= 10) {
      try {
        return run();
      } catch (error) {
        if (!(error instanceof NotRead)) throw error;
        const { firstIndex = 0, nextIndex = 0 } = row?.ledger ?? {};
        // It goes through the queue from either end.
        const from = Math.max(firstIndex, Math.min(error.index, nextIndex - count));
        const to = Math.min(nextIndex, Math.max(error.index + 1, from + count));
        const { rows } = await connection.run(readBuckets, [name, String(from), String(to)]);
        for (const [index, bucket] of readBucketList(rows[0]?.buckets ?? null)) buckets.set(index, bucket);
        if (!buckets.has(error.index)) missingBucket();
      }
    }
  }

  #valuesOf(clock: DatabaseClock, { ledger, buckets, lastDraw }: LedgerChange): (string | null)[] {
    if (lastDraw === null) throw new Error('a change of a shared ledger without the draw that it belongs to');
    const numbers = [clock.ledgerMs, clock.countedToMs, clock.highMs, ledger.limit, ledger.reserve, ledger.usedUnits];
    return [
      ...[...numbers, ledger.firstIndex, ledger.nextIndex].map(String),
      writeOpen(ledger.open),
      writeBucketList(buckets),
      this.#options.client,
      String(lastDraw.number),
      writeAnswer(lastDraw.answer),
    ];
  }

  async #find(connection: Connection, name: string, buckets: 'ends' | 'all', restored: Restored): Promise<Found> {
    const { client, clockSql } = this.#options;
    const { rows } = await connection.run(readStatement(clockSql, buckets), [name, client]);
    const [row] = rows;
    if (row === undefined) throw new Error('a row was asked for and none came');
    checkServer(this.place, row);
    const found = readFound(row);
    this.#refuseOther(name, found.row);
    if (found.row !== null && restored === 'refuse') this.#refuseRestored(found, found.row);
    return found;
  }

  #refuseOther(name: string, row: FoundLedger | null): void {
    const seen = this.#seen.get(name);
    if (seen === undefined) return;
    if (row === null) throw restoredState(this.place, 'it is gone');
    if (row.id !== seen.id) throw restoredState(this.place, 'it has another id');
    if (row.version < seen.version) throw restoredState(this.place, `version ${row.version} after ${seen.version}`);
  }

  #refuseRestored({ server, timeline }: Found, row: FoundLedger): void {
    if (row.server !== server) throw restoredState(this.place, 'another server keeps it');
    if (row.timeline !== timeline) throw restoredState(this.place, `timeline ${timeline} after ${row.timeline}`);
  }

  /** The ledger's time at a read that began at `from`. */
  #timeOf(name: string, { row, nowMs }: Found, from: MachineTime): DatabaseClock {
    const witness = this.#witness(name);
    const clock = moveOn(row?.clock ?? null, nowMs, witness.believableMs(this.#clocks.read()));
    if (clock === 'behind') throw clockBehind(this.place);
    if (row?.clock != null) witness.saw(clock.ledgerMs, from);
    if (row !== null) this.#seen.set(name, { id: row.id, version: row.version, witness });
    return clock;
  }

  #witness(name: string): Witness {
    return this.#seen.get(name)?.witness ?? new Witness();
  }

  #damage(error: unknown): Error | null {
    if (error instanceof DamagedRecord) return damagedState(this.place, error.message);
    if (error instanceof NotRead) return damagedState(this.place, 'a settled bucket is missing');
    return null;
  }
}

function homeTime(ledgerMs: number, { wallMs }: MachineTime): HomeTime {
  return { awakeMs: ledgerMs, asleepMs: 0, wallMs, marginMs, stampAheadMs };
}

function stateOf({ row, lastDraw }: Found, buckets: ReadonlyMap<number, SettledBucket>): LedgerState {
  const bucket = (index: number) => {
    const found = buckets.get(index);
    if (found === undefined) throw new NotRead(index);
    return found;
  };
  return { ledger: row?.ledger ?? null, bucket, lastDraw };
}

function missingBucket(): never {
  throw new DamagedRecord('a settled bucket is missing');
}
