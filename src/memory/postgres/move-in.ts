import { createHash } from 'node:crypto';
import { HomeAway } from '../../ledger/ledger-home.js';
import { DamagedRecord } from '../../ledger/ledger-records.js';
import type { Connection } from '../../ledger/postgres/connect.js';
import { checkDurability, checkServer } from '../../ledger/postgres/faults.js';
import { Session, type SessionOptions } from '../../ledger/postgres/session.js';
import { begin } from '../../ledger/postgres/statements.js';
import { damagedMemory } from '../memory-errors.js';
import type { VisitorKey } from '../memory-home.js';
import { type FoundMemory, readMemory } from './memory-rows.js';
import { dropMemory, lastKeyStatement, lockBoth, readStatement, renameMemory } from './memory-statements.js';

/**
 * A memory moves into a database under a name of its own, piece by piece, and takes its place in one transaction at the
 * end: no run ever sees half of it. Invariant: it takes that place only where no run has ever marked anything, because
 * of what was sent since the copied memory knows nothing.
 */
export class MoveIn {
  /** Under which it is collected. */
  readonly stagedName: string;
  /** Of its row, however often the copy is begun. */
  readonly id: string;
  readonly #name: string;
  readonly #session: Session;
  readonly #readSql: string;

  /** `source`: of the folder (UUID). `name`: of the memory. */
  constructor(options: SessionOptions & { readonly clockSql: string }, source: string, name: string) {
    this.#name = name;
    this.stagedName = `copy ${source} ${name}`;
    this.id = idOf(this.stagedName);
    this.#readSql = readStatement(options.clockSql);
    this.#session = new Session(options, (error) =>
      error instanceof DamagedRecord ? damagedMemory(options.place, error.message) : null,
    );
  }

  /** `unused`: nobody has ever marked anything there; `copied`: this one is there. */
  state(): Promise<'unused' | 'used' | 'copied'> {
    return this.#session.inTurn(async (connection) => this.#stateOf(await this.#find(connection)));
  }

  /** The last visitor of what is collected, in the order of keys; `null`: there is none yet. */
  lastKey(): Promise<VisitorKey | null> {
    return this.#session.inTurn(async (connection) => {
      const { rows } = await connection.run(lastKeyStatement, [this.stagedName]);
      const digits = rows[0]?.key;
      return typeof digits === 'string' ? Buffer.from(digits, 'hex') : null;
    });
  }

  /** `used`: a run came first, and nothing is changed. @throws HomeAway: nobody knows; it may be asked again. */
  finish(): Promise<'copied' | 'used'> {
    return this.#session.inTurn(async (connection) => {
      await connection.run(begin);
      await connection.run(lockBoth, [this.#name, this.stagedName]);
      const state = this.#stateOf(await this.#find(connection));
      if (state !== 'unused') {
        await connection.run('ROLLBACK');
        return state;
      }
      await connection.run(dropMemory, [this.#name]); // nobody has used it: it has no visitors
      const { rows } = await connection.run(renameMemory, [this.#name, this.stagedName]);
      checkDurability(this.#session.place, rows[0]);
      if (rows[0]?.changed !== '1') throw new HomeAway('state-busy', `${this.#session.place}: the copy is gone`);
      const end = await this.#session.commit(connection);
      if (end.kind !== 'committed') throw end.trouble;
      return 'copied';
    });
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  #stateOf(memory: FoundMemory | null): 'unused' | 'used' | 'copied' {
    if (memory === null) return 'unused';
    if (memory.id === this.id) return 'copied';
    const { isMade, latestUntilMs } = memory.state;
    return isMade || latestUntilMs > 0 ? 'used' : 'unused';
  }

  async #find(connection: Connection): Promise<FoundMemory | null> {
    const { rows } = await connection.run(this.#readSql, [this.#name, '{}']);
    const [row] = rows;
    if (row === undefined) throw new Error('a row was asked for and none came');
    checkServer(this.#session.place, row);
    return readMemory(row);
  }
}

/** A UUID that is the same for the same name. */
function idOf(name: string): string {
  const digits = createHash('sha256').update(name).digest('hex');
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}
