import { randomUUID } from 'node:crypto';
import type { LedgerHome, Outcome } from '../../../src/ledger/ledger-home.js';
import { type Connection, connect } from '../../../src/ledger/postgres/connect.js';
import { targetOf } from '../../../src/ledger/postgres/open-postgres.js';
import { PostgresHome, type PostgresHomeOptions } from '../../../src/ledger/postgres/postgres-home.js';
import { systemBootClock, systemClock } from '../../../src/platform/clock.js';
import type { Clock } from '../../../src/platform/ports.js';
import { seededRandom } from '../../support/index.js';
import { type Fate, type Relay, startRelay } from '../../support/postgres-relay.js';
import type { SharedHome, World } from '../support/pacing-world.js';

/** The statements of a transaction, by what they are for. */
export type Step = 'begin' | 'read' | 'write' | 'commit';

/** What becomes of the next statement of that kind (test/support/postgres-relay.ts). A slow one breaks nothing. */
export interface Break {
  readonly step: Step;
  readonly when: Exclude<Fate, 'pass'>;
}

export const breakTimes = ['before', 'half', 'meanwhile', 'after', 'late'] as const;

/** Stands in the SQL in place of the database's clock, and becomes what the test says the clock shows. */
const clockSql = '(/*clock*/0)::bigint';

export function stepOf(text: string): Step | null {
  if (text.startsWith('BEGIN TRANSACTION')) return 'begin';
  if (text.includes('/*clock*/')) return 'read';
  if (text.startsWith('WITH moved')) return 'write';
  return text === 'COMMIT' ? 'commit' : null;
}

export interface BreakingWayOptions {
  readonly onSlow?: () => void | Promise<void>;
  /** No late statement is further behind: it may hold what those before it wait for. */
  readonly behindMax: number;
  /** Asked for each statement for which no break is planned. */
  readonly fateOf?: (text: string) => Fate | Promise<Fate>;
}

/** A relay before a database: connections through it break where the test says. */
export class BreakingWay {
  /** The next one first. */
  readonly breaks: Break[] = [];
  /** Waits on it are over when the test's clients have to give up. */
  readonly clock: Clock;
  readonly #waits = new Set<() => void>();
  readonly #relay: Promise<Relay>;
  readonly #url: URL;
  #lateCount = 0;

  constructor(url: string, { onSlow, behindMax, fateOf = () => 'pass' }: BreakingWayOptions) {
    this.#url = new URL(url);
    this.clock = {
      ...systemClock,
      schedule: (delayMs, run) => {
        this.#waits.add(run);
        const cancel = systemClock.schedule(delayMs, run);
        return () => {
          this.#waits.delete(run);
          cancel();
        };
      },
    };
    this.#relay = startRelay({
      port: Number(this.#url.port),
      fateOf: (text) => this.#planned(text) ?? fateOf(text),
      onSlow: onSlow ?? (() => {}),
      onLate: () => this.giveUp(),
      lateBehind: () => 1 + (this.#lateCount++ % behindMax),
    });
  }

  async url(): Promise<string> {
    const url = new URL(this.#url);
    url.port = String((await this.#relay).port);
    return url.href;
  }

  relay(): Promise<Relay> {
    return this.#relay;
  }

  /** Every wait for an answer is over now. */
  giveUp(): void {
    for (const over of [...this.#waits]) over();
  }

  async close(): Promise<void> {
    await (await this.#relay).close();
  }

  #planned(text: string): Fate | null {
    const [next] = this.breaks;
    if (next === undefined || next.step !== stepOf(text)) return null;
    this.breaks.shift();
    return next.when;
  }
}

/** A connection whose database's clock is the test's. */
export function withClock(real: Connection, nowMs: () => number): Connection {
  return {
    ...real,
    run: (text, values) =>
      real.run(
        text.replace('/*clock*/0', () => `/*clock*/${Math.floor(nowMs())}`),
        values,
      ),
  };
}

export async function homeAt(
  way: BreakingWay,
  nowMs: () => number,
  options: Partial<PostgresHomeOptions> = {},
): Promise<PostgresHome> {
  const target = await targetOf(await way.url(), {});
  return new PostgresHome({
    place: 'the database',
    // Its bounds are of real time, whatever the test's clock does.
    connect: async () => withClock(await connect(target, way.clock), nowMs),
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
  readonly #way: BreakingWay;
  readonly #suffix: string;
  #inFlight = 0;
  #world: World | null = null;
  readonly #homes: LedgerHome[] = [];
  readonly breaks: Break[];
  slowMs = 0;
  /** Of the database's clock before real time. */
  leadMs = 1_700_000_000_000;

  constructor(url: string, suffix: string) {
    const onSlow = () => {
      if (this.#world !== null) this.#world.nowMs += this.slowMs;
    };
    // A third statement of the next client waits for the row that a late one holds.
    this.#way = new BreakingWay(url, { onSlow, behindMax: 3 });
    this.breaks = this.#way.breaks;
    this.#suffix = suffix;
  }

  open(world: World, clock: Clock): LedgerHome {
    this.#world = world;
    // Pauses between attempts must not wait for a clock that stands still until this is done.
    const ownClock = { ...clock, schedule: systemClock.schedule };
    const nowMs = () => world.nowMs + this.leadMs;
    const opened = homeAt(this.#way, nowMs, { clock: ownClock, bootClock: world });
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
      grantMinMs: 2_000,
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
    await this.#way.close();
  }
}
