import { randomBytes, randomUUID } from 'node:crypto';
import { connect } from '../../../src/ledger/postgres/connect.js';
import { targetOf } from '../../../src/ledger/postgres/open-postgres.js';
import { LiveMemory } from '../../../src/memory/live-memory.js';
import { Patience } from '../../../src/memory/postgres/patience.js';
import { PostgresMemory, type PostgresMemoryOptions } from '../../../src/memory/postgres/postgres-memory.js';
import type { Clock } from '../../../src/platform/ports.js';
import { type Break, BreakingWay, type BreakingWayOptions, withClock } from '../../pacing/postgres/database.js';
import { type MovedClock, movedClock, seededRandom } from '../../support/index.js';

/** One memory in a database, whose clock is the test's and whose connections break where the test says. */
export class PostgresMemories {
  readonly clock: MovedClock = movedClock();
  readonly breaks: Break[];
  /** Of the database's clock before the machine's. */
  leadMs = 0;
  readonly #way: BreakingWay;
  readonly #name: string;
  readonly #homes: PostgresMemory[] = [];
  #runCount = 0n;

  constructor(url: string, name: string, way: Partial<BreakingWayOptions> = {}) {
    // A second statement of the next client waits for the row that a late one holds.
    this.#way = new BreakingWay(url, { behindMax: 2, ...way });
    this.breaks = this.#way.breaks;
    this.#name = name;
  }

  async home(change: Partial<PostgresMemoryOptions> = {}): Promise<PostgresMemory> {
    const target = await targetOf(await this.#way.url(), {});
    const nowMs = () => this.clock.wallMs() + this.leadMs;
    const clock = impatient(this.clock);
    const home = new PostgresMemory({
      place: 'the database',
      connect: async () => withClock(await connect(target, this.#way.clock), nowMs),
      creates: true,
      name: this.#name,
      patience: new Patience({ clock, random: seededRandom(1), giveUpMs: 60_000, signal: null, onAway: () => {} }),
      clock,
      bootClock: this.clock,
      newId: randomUUID,
      newSecret: () => randomBytes(32),
      keyFile: null,
      clockSql: '(/*clock*/0)::bigint',
      ...change,
    });
    this.#homes.push(home);
    return home;
  }

  async open(skipUnchanged = true, change: Partial<PostgresMemoryOptions> = {}): Promise<LiveMemory> {
    const home = await this.home(change);
    const keys = await home.prepareKeys();
    this.#runCount += 1n;
    const settings = { name: 'the database', refreshAfterDays: 7, timeoutMs: 1_000, skipUnchanged };
    return new LiveMemory(home, { ...settings, keys, run: this.#runCount, clock: this.clock, bootClock: this.clock });
  }

  async forget(): Promise<void> {
    const home = await this.home();
    await home.forget(false);
    await home.close();
  }

  async close(): Promise<void> {
    for (const home of this.#homes.splice(0)) await home.close();
    await this.#way.close();
  }
}

/** Pauses between attempts must not wait for a clock that stands still until they are over. */
function impatient(clock: Clock): Clock {
  return {
    wallMs: () => clock.wallMs(),
    monotonicMs: () => clock.monotonicMs(),
    schedule(_delayMs, run) {
      const timer = setImmediate(run);
      return () => clearImmediate(timer);
    },
  };
}
