import type { Clock } from '../../platform/ports.js';
import { HomeAway } from '../ledger-home.js';
import type { Connection, StatementResult } from './connect.js';
import { stateFault } from './faults.js';
import { createStatements } from './schema.js';

export interface SessionOptions {
  /** Host and database, for messages. */
  readonly place: string;
  readonly connect: () => Promise<Connection>;
  readonly clock: Clock;
  /** Creates the tables where they are missing. */
  readonly creates: boolean;
}

/** A connection that was idle for longer may be cut without a word by what stands between. */
const idleMsMax = 30_000;
/** Any number that all versions of the program share: who creates the tables holds it. */
const schemaLock = '7236501187';

/** How a COMMIT ended. */
export type CommitEnd =
  | { readonly kind: 'committed' }
  | { readonly kind: 'not-committed' | 'unknown'; readonly trouble: HomeAway };

/**
 * What keeps something in PostgreSQL: one connection, opened when it is needed, and transactions that take turns on it.
 *
 * Invariants: after COMMIT was sent, nothing but its clean answer is taken for `committed`, and nothing but an abort that
 * the server tells for `not-committed`. After any doubt the connection is destroyed: no later answer is taken for
 * another statement's.
 */
export class Session {
  readonly place: string;
  readonly #options: SessionOptions;
  /** What went wrong, as an error of the caller's own; `null`: it is none of his. */
  readonly #ownFault: (error: unknown) => Error | null;
  #connection: Connection | null = null;
  #usedAtMs = 0;
  #wasReached = false;
  #hasTables = false;
  #lastTurn: Promise<unknown> = Promise.resolve();

  constructor(options: SessionOptions, ownFault: (error: unknown) => Error | null) {
    this.place = options.place;
    this.#options = options;
    this.#ownFault = ownFault;
  }

  /** Known once there is a connection. */
  get hasTables(): boolean {
    return this.#hasTables;
  }

  /** Rejects with HomeAway, or with a MachineError that no retry can mend. */
  inTurn<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const run = async () => work(await this.#connected());
    const turn = this.#lastTurn.then(run).catch((error: unknown) => {
      this.#drop(); // its transaction, if any, ends with it
      throw this.#fault(error);
    });
    this.#lastTurn = turn.catch(() => {});
    return turn;
  }

  async commit(connection: Connection): Promise<CommitEnd> {
    let result: StatementResult;
    try {
      result = await connection.run('COMMIT');
    } catch (error) {
      this.#drop();
      const fault = this.#fault(error);
      const message = `${this.place}: COMMIT was not answered (${fault.message})`;
      return { kind: 'unknown', trouble: new HomeAway('state-unreachable', message, { cause: error }) };
    }
    if (result.command === 'ROLLBACK') {
      return {
        kind: 'not-committed',
        trouble: new HomeAway('state-busy', `${this.place}: the transaction was aborted`),
      };
    }
    if (result.command === 'COMMIT' && result.noticeCount === 0) return { kind: 'committed' };
    this.#drop();
    const message = `${this.place}: COMMIT was answered with a warning (a wait for a standby was cancelled?)`;
    return { kind: 'unknown', trouble: new HomeAway('state-unreachable', message) };
  }

  /** Resolves when the transactions in flight are done. */
  async close(): Promise<void> {
    await this.#lastTurn;
    this.#drop();
  }

  async #connected(): Promise<Connection> {
    const { clock, connect } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#usedAtMs > idleMsMax) this.#drop();
    this.#usedAtMs = nowMs;
    if (this.#connection?.isUsable() === true) return this.#connection;
    this.#connection = await connect();
    this.#wasReached = true;
    if (!this.#hasTables) await this.#findTables(this.#connection);
    return this.#connection;
  }

  async #findTables(connection: Connection): Promise<void> {
    const { rows } = await connection.run("SELECT pg_catalog.to_regclass('profile_drip.ledger')::text AS found");
    if (typeof rows[0]?.found !== 'string') {
      if (!this.#options.creates) return;
      const all = [`SELECT pg_catalog.pg_advisory_xact_lock(${schemaLock})`, ...createStatements];
      await connection.run(`BEGIN; ${all.join('; ')}; COMMIT`);
    }
    this.#hasTables = true;
  }

  #fault(error: unknown): Error {
    return this.#ownFault(error) ?? stateFault(error, this.place, this.#wasReached);
  }

  #drop(): void {
    this.#connection?.destroy();
    this.#connection = null;
  }
}
