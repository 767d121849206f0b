import { createHash } from 'node:crypto';
import { runJob } from '../../src/job/run-job.js';
import type { Machine } from '../../src/job/terms/machine.js';
import type { SendOptions } from '../../src/job/terms/options.js';
import { folderHome } from '../../src/ledger/folder/folder-home.js';
import { memoryLedgerStore } from '../../src/ledger/in-process-store.js';
import { LiveMemory } from '../../src/memory/live-memory.js';
import type { MemoryHome, MemoryView } from '../../src/memory/memory-home.js';
import type { AttributeState } from '../../src/memory/record/attribute-state.js';
import { hashKeys, RowPrint } from '../../src/memory/record/row-hashes.js';
import { decodeRecord } from '../../src/memory/record/visitor-record.js';
import type { Reply, Transport } from '../../src/platform/ports.js';
import { seededRandom } from '../support/index.js';
import { usualSendOptions } from '../support/usual-send-options.js';
import { readAhead } from './read-ahead.js';
import { SimDisk } from './sim-disk.js';
import { SimProcess } from './sim-process.js';
import { World } from './simulated-world.js';

/** Where the memory of all nights is kept. */
export interface NightsHome {
  /** For one process of the program, which sees it until it is killed. */
  open(process: SimProcess): MemoryHome;
  /** All records as they are durable now, by the visitor's key in hexadecimal digits. */
  records(): ReadonlyMap<string, Uint8Array>;
  forget(): void;
}

/** Makes a home in a world; `keyCheck` is that of the key which all processes share. */
export type MakeNightsHome = (world: World, keyCheck: string) => NightsHome;

export interface Nights {
  /** Broken promises; empty: all were kept. */
  readonly faults: readonly string[];
  readonly unchangedCount: number;
  readonly submittedCount: number;
  readonly stillCount: number;
}

const visitors = ['v1', 'v2', 'v3'];
const attributes = ['a', 'b'];
const values = ['x', 'y'];
const eventCountMax = 200_000;
const keys = hashKeys(createHash('sha256').update('a key for tests').digest());

/**
 * Some nights over few visitors: files with and without `--changed-only`, one or two at a time, by the program's own
 * `runJob`. Processes are killed and stand still, attempts are lost and arrive late. At every instant: *what the memory
 * takes for known is what Target holds*; and no row is unchanged while an earlier row of its visitor is open.
 */
export function simulateNights(seed: number, makeHome: MakeNightsHome): Promise<Nights> {
  return new NightsWorld(seed, makeHome).run();
}

class NightsWorld {
  readonly #world: World;
  readonly #disk: SimDisk;
  readonly #home: NightsHome;
  readonly #target = new Map<string, string>();
  readonly #faults = new Set<string>();
  readonly #refused: string | null;
  readonly #faultRate: number;
  readonly #hasTrouble: boolean;
  #runCount = 0;
  #unchangedCount = 0;
  #submittedCount = 0;
  #stillCount = 0;

  constructor(seed: number, makeHome: MakeNightsHome) {
    this.#world = new World(seededRandom(seed));
    this.#disk = new SimDisk(this.#world);
    this.#home = makeHome(this.#world, keys.check);
    this.#refused = this.#world.chance(0.3) ? this.#pick(visitors) : null;
    this.#faultRate = this.#world.chance(0.7) ? this.#world.random.next() * 0.4 : 0;
    this.#hasTrouble = this.#world.chance(0.8);
  }

  async run(): Promise<Nights> {
    const nightCount = this.#world.whole(3, 7);
    for (let night = 1; night <= nightCount && this.#faults.size === 0; night += 1) {
      let openCount = 0;
      for (let number = this.#world.chance(0.5) ? 2 : 1; number > 0; number -= 1) {
        openCount += 1;
        this.#world.at(this.#world.chance(0.5) ? 0 : this.#world.whole(0, 150_000), () => {
          void this.#work(`/drop/night-${night}-${number}.csv`).finally(() => {
            openCount -= 1;
          });
        });
      }
      if (this.#world.chance(0.2)) this.#world.at(this.#world.whole(0, 60_000), () => this.#home.forget());
      const end = await this.#world.run(() => openCount === 0 || this.#faults.size > 0, eventCountMax);
      if (end !== 'done') this.#faults.add(`night ${night}: ${end}`);
      if (this.#world.chance(0.7)) await this.#pause(this.#world.whole(0, 400_000));
    }
    return {
      faults: [...this.#faults],
      unchangedCount: this.#unchangedCount,
      submittedCount: this.#submittedCount,
      stillCount: this.#stillCount,
    };
  }

  /** One file, until its job is done or given up. */
  async #work(file: string): Promise<void> {
    const rows = Array.from({ length: this.#world.whole(1, 10) }, () => this.#makeRow());
    this.#disk.put(file, Buffer.from(`batch=thirdPartyId,a,b\n${rows.map(lineOf).join('\n')}\n`));
    const options = this.#options();
    const ended = new Set<number>();
    for (let life = 1; life <= 4; life += 1) {
      const status = await this.#live(file, options, rows, ended);
      if (status === 0 || status === 1) return;
    }
  }

  /** `null`: it was killed. */
  #live(file: string, options: SendOptions, rows: readonly Row[], ended: Set<number>): Promise<number | null> {
    const process = new SimProcess(this.#world);
    if (this.#hasTrouble) this.#trouble(process);
    return new Promise((resolve) => {
      if (this.#world.chance(0.3)) {
        this.#world.at(this.#world.whole(0, 20_000), () => {
          process.isAlive = false;
          resolve(null);
        });
      }
      const onRow = ({ rowNumber, status }: { readonly rowNumber: number; readonly status: string }) =>
        this.#ended(rows, ended, rowNumber, status);
      runJob(file, options, { onRow }, this.#machine(process)).then(
        (end) => {
          const isExpected = [0, 1, 3, 75].includes(end.exitStatus);
          if (!isExpected) this.#faults.add(`a run ended with ${end.exitStatus}: ${end.error?.message}`);
          process.isAlive = false;
          resolve(end.exitStatus);
        },
        (error: unknown) => {
          this.#faults.add(error instanceof Error ? `${error.stack}` : String(error));
          resolve(null);
        },
      );
    });
  }

  #ended(rows: readonly Row[], ended: Set<number>, rowNumber: number, status: string): void {
    ended.add(rowNumber);
    if (status === 'submitted') this.#submittedCount += 1;
    if (status !== 'unchanged') return;
    this.#unchangedCount += 1;
    const visitor = rows[rowNumber - 1]?.visitor;
    const isBehind = rows.some(
      (row, index) => index + 1 < rowNumber && row.visitor === visitor && !ended.has(index + 1),
    );
    if (isBehind) this.#faults.add(`row ${rowNumber} was called unchanged before the row in front of it had ended`);
  }

  #trouble(process: SimProcess): void {
    this.#world.at(this.#world.whole(0, 40_000), () => {
      if (!process.isAlive) return;
      if (this.#world.chance(0.5)) this.#standStill(process, 1_000);
      this.#trouble(process);
    });
  }

  #standStill(process: SimProcess, minMs: number): void {
    this.#stillCount += 1;
    process.standStill(this.#world.whole(minMs, 400_000), this.#world.chance(0.5));
  }

  #machine(process: SimProcess): Machine {
    const clock = process.clocks();
    const isAlive = () => process.isAlive;
    this.#runCount += 1;
    const run = this.#runCount;
    const ledger = memoryLedgerStore();
    return {
      clock,
      bootClock: clock,
      random: this.#world.random,
      disk: this.#disk.face(isAlive, (run) => process.enter(run)),
      processProbe: {
        self: () => ({ pid: run, host: 'sim', pidNamespace: null, startedAt: null }),
        look: () => ({ kind: 'alive', startedAt: null }),
      },
      input: () => {
        throw new Error('there is no standard input here');
      },
      readTextFile: () => Promise.reject(new Error('there is no token file here')),
      lookUp: async () => [],
      openRowSource: readAhead,
      openTransport: async () => this.#transport(process),
      openLedger: async () => folderHome(ledger, clock, clock, 'memory'),
      lookAtCap: async ({ dailyCap }) => ({ limit: dailyCap, used: 0, left: 0, nextFreeAtMs: null }),
      openMemory: async ({ options: { changedOnly, timeoutMs, refreshAfterDays } }) =>
        new LiveMemory(this.#checked(this.#home.open(process), process), {
          name: '/state',
          keys,
          skipUnchanged: changedOnly,
          refreshAfterDays,
          timeoutMs,
          run: BigInt(run),
          clock,
          bootClock: clock,
        }),
      forgetMemory: async () => {},
      newRunId: () => `run-${run}`,
    };
  }

  /** Looks at the promise whenever a process has looked at the memory or changed it; some stand still just then. */
  #checked(home: MemoryHome, process: SimProcess): MemoryHome {
    return {
      marginMs: home.marginMs,
      read: (wanted, look) => home.read(wanted, look).finally(() => this.#check()),
      transact: (wanted, work) => {
        const workAndStandStill = (view: MemoryView) => {
          const written = work(view);
          if (this.#hasTrouble && this.#world.chance(0.05)) this.#standStill(process, 60_000);
          return written;
        };
        return home.transact(wanted, workAndStandStill).finally(() => this.#check());
      },
      absence: () => home.absence(),
      watchAbsence: (told) => home.watchAbsence(told),
      size: () => home.size(),
      close: () => home.close(),
    };
  }

  #transport(process: SimProcess): Transport {
    const world = this.#world;
    const aborts = new Set<() => void>();
    return {
      send: ({ body, timeoutMs }, sender) => {
        let hasLeft = false;
        const settle = (reply: Reply) => {
          if (aborts.delete(abort)) queueMicrotask(() => sender.settled(reply));
        };
        const abort = () => settle({ kind: hasLeft ? 'aborted' : 'not-started' });
        aborts.add(abort);
        // A connection may be long in coming: the process may stand still before its bytes leave.
        const connectMs = world.chance(0.8) ? world.whole(0, 2_000) : world.whole(0, timeoutMs);
        process.at(connectMs, () => {
          if (!aborts.has(abort)) return;
          if (!sender.mayStart()) return settle({ kind: 'not-started' });
          hasLeft = true;
          this.#carry(process, body ?? '', timeoutMs, settle);
        });
      },
      abortAll: () => {
        for (const abort of [...aborts]) abort();
      },
      close: async () => {},
    };
  }

  #carry(process: SimProcess, body: string, timeoutMs: number, settle: (reply: Reply) => void): void {
    const world = this.#world;
    const form = new URLSearchParams(body);
    const id = form.get('mbox3rdPartyId') ?? '';
    const fault = world.chance(this.#faultRate) ? world.whole(1, 6) : 0;
    const isBroken = fault === 5 || fault === 6; // a proxy loses the connection, and carries the request on
    const isLate = fault === 1 || fault === 2 || isBroken;
    const arrivesMs = isLate ? world.whole(1, Math.floor(timeoutMs * 0.99)) : world.whole(1, 300);
    if (fault !== 3) {
      world.at(arrivesMs, () => {
        if (id === this.#refused || fault === 4) return;
        for (const [name, value] of form) {
          if (name.startsWith('profile.')) this.#target.set(`${id} ${name.slice('profile.'.length)}`, value);
        }
        this.#check();
      });
    }
    if (isBroken) {
      const broken: Reply = { kind: 'broken', errorCode: 'ECONNRESET', message: 'read ECONNRESET' };
      process.at(world.whole(1, 300), () => settle(broken));
      return;
    }
    if (isLate || fault === 3) {
      process.at(timeoutMs, () => settle({ kind: 'timed-out' }));
      return;
    }
    const isRefused = id === this.#refused;
    const httpStatus = fault === 4 ? 500 : isRefused ? 400 : 200;
    const text = httpStatus === 200 ? 'trueRequest successfully submitted' : '<error>no such thing</error>';
    process.at(arrivesMs + world.whole(1, 300), () => {
      settle({ kind: 'answered', httpStatus, body: text, retryAfter: null });
      // The worst moment: how the row ended is known to this process alone.
      if (this.#hasTrouble && world.chance(0.1)) this.#standStill(process, 60_000);
    });
  }

  /** The promise: what is known is what Target holds. */
  #check(): void {
    for (const [key, record] of this.#home.records()) {
      const visitor = visitorsByKey.get(key) ?? '';
      const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
      for (const { name, state } of decodeRecord(Buffer.from(key, 'hex'), view)) this.#checkState(visitor, name, state);
    }
  }

  #checkState(visitor: string, name: number, state: AttributeState): void {
    if (state.kind !== 'known') return;
    const found = known.get(`${visitor} ${name} ${state.value}`);
    const held = this.#target.get(`${visitor} ${found?.attribute}`);
    if (found === undefined || held !== found.value) {
      this.#faults.add(`${visitor} ${found?.attribute} is known to be ${found?.value}, and Target holds ${held}`);
    }
  }

  async #pause(forMs: number): Promise<void> {
    let isOver = false;
    this.#world.at(forMs, () => {
      isOver = true;
    });
    await this.#world.run(() => isOver, eventCountMax);
  }

  #makeRow(): Row {
    const cells = attributes.map(() => (this.#world.chance(0.6) ? this.#pick(values) : ''));
    return { visitor: this.#pick(visitors), cells: cells.every((cell) => cell === '') ? ['x', ''] : cells };
  }

  #pick(from: readonly string[]): string {
    return from[this.#world.whole(0, from.length - 1)] ?? '';
  }

  #options(): SendOptions {
    const world = this.#world;
    return usualSendOptions({
      concurrency: world.whole(1, 4),
      ratePerSecond: world.chance(0.4) ? 0 : world.whole(1, 10) / 20,
      retries: world.whole(0, 3),
      timeoutMs: world.whole(1, 40) * 1_000,
      giveUpMs: 60_000,
      maxFailures: { kind: 'rows', rows: 1_000_000 },
      changedOnly: world.chance(0.8),
      coalesce: world.chance(0.5),
      stateDir: '/state',
    });
  }
}

interface Row {
  readonly visitor: string;
  readonly cells: readonly string[];
}

function lineOf({ visitor, cells }: Row): string {
  return `${visitor},${cells.join(',')}`;
}

/** What the memory calls each visitor, attribute and value that there is. */
const visitorsByKey = new Map<string, string>();
const known = new Map<string, { readonly attribute: string; readonly value: string }>();
const print = new RowPrint(keys);
const words = new Int32Array(2);
for (const visitor of visitors) {
  for (const attribute of attributes) {
    for (const value of values) {
      const hashes = print.read(`mbox3rdPartyId=${visitor}&profile.${attribute}=${value}`);
      visitorsByKey.set(Buffer.from(hashes.visitor).toString('hex'), visitor);
      words.set(hashes.valueWords.slice(0, 2));
      known.set(`${visitor} ${hashes.names[0]} ${new BigInt64Array(words.buffer)[0]}`, { attribute, value });
    }
  }
}
