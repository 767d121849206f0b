import { randomUUID } from 'node:crypto';
import type { LedgerHome, Outcome } from '../../../src/ledger/ledger-home.js';
import { type Connection, connect, type StatementResult } from '../../../src/ledger/postgres/connect.js';
import { targetOf } from '../../../src/ledger/postgres/open-postgres.js';
import { PostgresHome, type PostgresHomeOptions } from '../../../src/ledger/postgres/postgres-home.js';
import { systemBootClock, systemClock } from '../../../src/platform/clock.js';
import type { BootClock, Clock } from '../../../src/platform/ports.js';
import { seededRandom } from '../../support/index.js';
import type { SharedHome, World } from '../support/pacing-world.js';

/** The statements of a transaction, by what they are for. */
export type Step = 'begin' | 'read' | 'write' | 'commit';

/**
 * Where a connection breaks: before the server gets the statement, after it has done it, or while nobody knows. A slow
 * one breaks nothing: time goes by before its answer is there.
 */
export interface Break {
  readonly step: Step;
  readonly when: 'before' | 'after' | 'meanwhile' | 'slow';
}

/** Stands in the SQL in place of the database's clock, and becomes what the test says the clock shows. */
const clockSql = '(/*clock*/0)::bigint';

export function stepOf(text: string): Step | null {
  if (text.startsWith('BEGIN TRANSACTION')) return 'begin';
  if (text.includes('/*clock*/')) return 'read';
  if (text.startsWith('WITH moved')) return 'write';
  return text === 'COMMIT' ? 'commit' : null;
}

export interface Wire {
  /** Of the database, in milliseconds. */
  readonly nowMs: () => number;
  /** Asked before each statement; `null`: all is well. */
  readonly nextBreak: (step: Step) => Break['when'] | null;
  /** A slow statement's time goes by. */
  readonly passTime?: () => void;
}

/** A connection whose database's clock is the test's, and which breaks where the test says. */
export function wired(real: Connection, wire: Wire): Connection {
  return {
    isUsable: () => real.isUsable(),
    destroy: () => real.destroy(),
    async run(text, values): Promise<StatementResult> {
      const step = stepOf(text);
      const how = step === null ? null : wire.nextBreak(step);
      const shown = text.replace('/*clock*/0', () => String(Math.floor(wire.nowMs())));
      if (how === null) return real.run(shown, values);
      if (how === 'slow') {
        const answer = await real.run(shown, values);
        wire.passTime?.();
        return answer;
      }
      if (how === 'after') await real.run(shown, values);
      if (how === 'meanwhile') {
        real.run(shown, values).catch(() => {});
        await new Promise((resolve) => setImmediate(resolve));
      }
      real.destroy();
      throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    },
  };
}

export async function homeAt(
  url: string,
  wire: Wire,
  options: Partial<PostgresHomeOptions> & { readonly clock?: Clock; readonly bootClock?: BootClock } = {},
): Promise<PostgresHome> {
  const target = await targetOf(url, {});
  return new PostgresHome({
    place: 'the database',
    // Its bounds are of real time, whatever the test's clock does.
    connect: async () => wired(await connect(target, systemClock), wire),
    client: randomUUID(),
    newId: randomUUID,
    machine: 'this-machine',
    clock: systemClock,
    bootClock: systemBootClock,
    random: seededRandom(1),
    clockSql,
    creates: true,
    ...options,
  });
}

/** One database for many histories: each has a ledger of its own. */
export class SharedDatabase implements SharedHome {
  readonly #url: string;
  readonly #suffix: string;
  #inFlight = 0;
  readonly #homes: LedgerHome[] = [];
  readonly breaks: Break[] = [];
  slowMs = 0;
  /** Of the database's clock before real time. */
  leadMs = 1_700_000_000_000;

  constructor(url: string, suffix: string) {
    this.#url = url;
    this.#suffix = suffix;
  }

  open(world: World, clock: Clock): LedgerHome {
    const opened = homeAt(
      this.#url,
      {
        nowMs: () => world.nowMs + this.leadMs,
        nextBreak: (step) => {
          const [next] = this.breaks;
          if (next?.step !== step) return null;
          this.breaks.shift();
          return next.when;
        },
        passTime: () => {
          world.nowMs += this.slowMs;
        },
      },
      // Pauses between attempts must not wait for a clock that stands still until this is done.
      { clock: { ...clock, schedule: systemClock.schedule }, bootClock: world },
    );
    void opened.then((home) => this.#homes.push(home));
    const counted = async <T>(work: () => Promise<T>): Promise<T> => {
      this.#inFlight += 1;
      try {
        return await work();
      } finally {
        this.#inFlight -= 1;
      }
    };
    let drawCount = 0;
    return {
      place: 'the database',
      leaseMinMs: 2_000,
      nextDrawNumber: () => ++drawCount,
      nameOf: (clientCode) => `real/${clientCode}-${this.#suffix}`,
      names: async () => (await opened).names(),
      transact: <T>(name: string, work: Parameters<typeof PostgresHome.prototype.transact<T>>[1]) =>
        counted<Outcome<T>>(async () => (await opened).transact(name, work)),
      read: (name, look) => counted(async () => (await opened).read(name, look)),
      close: async () => (await opened).close(),
    };
  }

  async settle(): Promise<void> {
    for (let quietTurns = 0; quietTurns < 2; ) {
      await new Promise((resolve) => setImmediate(resolve));
      quietTurns = this.#inFlight === 0 ? quietTurns + 1 : 0;
    }
  }

  async close(): Promise<void> {
    for (const home of this.#homes.splice(0)) await home.close();
  }
}
