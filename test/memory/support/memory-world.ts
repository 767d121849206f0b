import { createHash } from 'node:crypto';
import { emptyRecords } from '../../../src/memory/forget.js';
import { LiveMemory } from '../../../src/memory/live-memory.js';
import { Participation } from '../../../src/memory/membership.js';
import type { Mark } from '../../../src/memory/memory.js';
import { hashKeys, hashText, RowPrint } from '../../../src/memory/row-hashes.js';
import { decodeRecord } from '../../../src/memory/visitor-record.js';
import type { Clock } from '../../../src/platform/ports.js';
import { type MovedClock, movedClock, settle } from '../../support/index.js';
import { type HeldRecords, heldRecords, heldStore } from './held-store.js';

export type Attributes = Readonly<Record<string, string>>;

export interface Row {
  readonly visitor: string;
  readonly attributes: Attributes;
}

export function formOf({ visitor, attributes }: Row): string {
  const pairs = Object.entries(attributes).map(([name, value]) => `&profile.${name}=${value}`);
  return `mbox3rdPartyId=${visitor}${pairs.join('')}`;
}

export const timeoutMs = 30_000;

interface OpenRow extends Row {
  readonly mark: Mark;
  tryCount: number;
}

interface LateTry extends Row {
  readonly leftMonotonicMs: number;
  readonly bootNumber: number;
}

/** A process with one run of one job. */
interface ModelRun {
  readonly job: string;
  readonly memory: LiveMemory;
  readonly queues: Map<string, OpenRow[]>;
  isCut: boolean;
  isStopped: boolean;
  /** What came due while the process stood still. */
  readonly due: (() => void)[];
}

const keys = hashKeys(createHash('sha256').update('a key for tests').digest());

/**
 * Target, the machine, and processes that come and go on it: everything that may happen to a memory. After each step
 * `check` compares what the memory takes for known with what Target holds.
 */
export class MemoryWorld {
  knownCount = 0;
  unchangedCount = 0;
  readonly #clock: MovedClock = movedClock();
  readonly #held: HeldRecords = heldRecords();
  readonly #target = new Map<string, Map<string, string>>();
  readonly #runs: ModelRun[] = [];
  #late: LateTry[] = [];
  #bootNumber = 1;
  #wallAheadMs = 0;
  readonly #visitors: readonly string[];
  readonly #values: readonly string[];
  readonly #namesBootless: boolean;

  constructor(visitors: readonly string[], values: readonly string[], namesBoot: boolean) {
    this.#visitors = visitors;
    this.#values = values;
    this.#namesBootless = !namesBoot;
  }

  run(choice: number): ModelRun | null {
    const able = this.#runs.filter((run) => !run.isStopped);
    return able[choice % Math.max(1, able.length)] ?? null;
  }

  stoppedRun(choice: number): ModelRun | null {
    const stopped = this.#runs.filter((run) => run.isStopped);
    return stopped[choice % Math.max(1, stopped.length)] ?? null;
  }

  /** A new run of a job; its lock says that an earlier one is dead. */
  async open(job: string, skipUnchanged: boolean): Promise<void> {
    for (const run of [...this.#runs]) if (run.job === job) this.kill(run);
    if (this.#runs.length >= 3) return;
    const run = { job, queues: new Map(), isCut: false, isStopped: false, due: [] as (() => void)[] };
    const clock = this.#clockOf(run);
    const bootClock = { bootId: () => (this.#namesBootless ? null : this.#clock.bootId()), uptimeMs: () => 0 };
    const options = {
      folder: '/m',
      keyPath: '/k',
      keyCheck: keys.check,
      runId: job,
      job: hashText(keys.job, job),
      timeoutMs,
    };
    const participation = new Participation({ ...options, clock, bootClock });
    const store = heldStore(this.#held, () => run.isCut);
    await store.transact((records) => participation.register(records));
    participation.committed();
    const memory = new LiveMemory(store, participation, {
      folder: '/m',
      keys,
      skipUnchanged,
      refreshAfterDays: 7,
      clock,
    });
    this.#runs.push(Object.assign(run, { memory }));
  }

  #clockOf(run: { readonly isCut: boolean; readonly isStopped: boolean; readonly due: (() => void)[] }): Clock {
    return {
      wallMs: () => this.#clock.wallMs(),
      monotonicMs: () => this.#clock.monotonicMs(),
      schedule: (delayMs, work) =>
        this.#clock.schedule(delayMs, () => {
          if (run.isStopped) run.due.push(work);
          else if (!run.isCut) work();
        }),
    };
  }

  /** `cut`: the process is killed before, or right after, what it wrote was durable. */
  async examine(run: ModelRun, rows: readonly Row[], cut: 'before' | 'after' | null): Promise<void> {
    if (cut === 'before') this.kill(run);
    const submissions = rows.map((row) => ({ id: row.visitor, idType: 'thirdPartyId' as const, form: formOf(row) }));
    const examined = run.memory.examine(submissions).catch(() => null);
    if (cut !== null) {
      await Promise.race([examined, settle(1)]);
      this.kill(run);
      return;
    }
    const verdicts = await examined;
    if (verdicts === null) return this.kill(run); // it was lost, and ends
    rows.forEach((row, index) => {
      const verdict = verdicts[index];
      if (verdict?.kind === 'unchanged') this.#checkUnchanged(row);
      if (verdict?.kind !== 'send') return;
      const queue = run.queues.get(row.visitor) ?? [];
      run.queues.set(row.visitor, queue);
      queue.push({ ...row, mark: verdict.mark, tryCount: 0 });
    });
  }

  /** The next row of a visitor goes out, unless the run may not. */
  try(run: ModelRun, visitor: string, outcome: 'taken' | 'silence' | 'refused'): void {
    const row = run.queues.get(visitor)?.[0];
    if (row === undefined || !run.memory.isCurrent()) return;
    row.tryCount += 1;
    if (outcome === 'silence') {
      this.#late.push({ ...row, leftMonotonicMs: this.#clock.monotonicMs(), bootNumber: this.#bootNumber });
      return;
    }
    run.queues.get(visitor)?.shift();
    if (outcome === 'refused') return;
    this.#apply(row);
    run.memory.submitted(row.mark, row.tryCount === 1);
  }

  giveUp(run: ModelRun, visitor: string): void {
    run.queues.get(visitor)?.shift();
  }

  /** A try that nobody waits for any more is applied after all. */
  arrive(choice: number): void {
    const [late] = this.#late.splice(choice % Math.max(1, this.#late.length), 1);
    if (late !== undefined) this.#apply(late);
  }

  /** Hours pass at once only where nobody is there to do something every few seconds. */
  async advance(ms: number): Promise<void> {
    const isBusy = this.#runs.some((run) => !run.isStopped);
    await this.#clock.advance(isBusy ? Math.min(ms, 100_000) : ms);
    await settle(1);
    const arrivesUntil = (late: LateTry) =>
      late.bootNumber === this.#bootNumber && this.#clock.monotonicMs() - late.leftMonotonicMs <= timeoutMs;
    this.#late = this.#late.filter(arrivesUntil);
  }

  /** The wall clock is wrong by less than an hour at any time. */
  setWallAhead(ms: number): void {
    this.#clock.stepWall(ms - this.#wallAheadMs);
    this.#wallAheadMs = ms;
  }

  stop(run: ModelRun): void {
    run.isStopped = true;
  }

  async goOn(run: ModelRun): Promise<void> {
    run.isStopped = false;
    for (const work of run.due.splice(0)) work();
  }

  kill(run: ModelRun): void {
    run.isCut = true;
    const index = this.#runs.indexOf(run);
    if (index >= 0) this.#runs.splice(index, 1);
  }

  async close(run: ModelRun): Promise<void> {
    await run.memory.close().catch(() => {});
    this.kill(run);
  }

  /** The machine goes down for a minute and more, longer than any try takes. */
  reboot(): void {
    for (const run of [...this.#runs]) this.kill(run);
    this.#clock.reboot(timeoutMs * 2);
    this.#bootNumber += 1;
    this.#late = [];
  }

  async forget(): Promise<void> {
    const now = { bootId: this.#namesBootless ? null : this.#clock.bootId(), monotonicMs: this.#clock.monotonicMs() };
    await heldStore(this.#held).transact((records) => {
      emptyRecords(records, '/away', { ...now, wallMs: this.#clock.wallMs() });
    });
  }

  /** @throws where the memory takes for known what Target does not hold. */
  check(): void {
    for (const visitor of this.#visitors) {
      for (const [name, state] of this.#statesOf(visitor)) {
        if (state.kind !== 'known') continue;
        this.knownCount += 1;
        const held = this.#target.get(visitor)?.get(name);
        const value = this.#values.find((each) => printOf(visitor, name, each).value === state.value);
        if (held !== value) throw new Error(`${visitor}.${name}: known is ${value}, Target holds ${held}`);
      }
    }
  }

  #statesOf(visitor: string) {
    const { key, name: a } = printOf(visitor, 'a', '0');
    const nameOf = new Map([[a, 'a'], ...['b', 'c'].map((each) => [printOf(visitor, each, '0').name, each] as const)]);
    const record = this.#held.visitors.get(key);
    if (record === undefined) return [];
    const entries = decodeRecord(new DataView(record.buffer, record.byteOffset, record.byteLength));
    return entries.map(({ name, state }) => [nameOf.get(name) ?? '?', state] as const);
  }

  #checkUnchanged(row: Row): void {
    this.unchangedCount += 1;
    for (const [name, value] of Object.entries(row.attributes)) {
      if (this.#target.get(row.visitor)?.get(name) !== value) throw new Error(`${row.visitor}.${name} was skipped`);
    }
  }

  #apply({ visitor, attributes }: Row): void {
    const profile = this.#target.get(visitor) ?? new Map<string, string>();
    this.#target.set(visitor, profile);
    for (const [name, value] of Object.entries(attributes)) profile.set(name, value);
  }
}

const print = new RowPrint(keys);
const prints = new Map<string, { readonly key: string; readonly name: number; readonly value: bigint }>();

function printOf(visitor: string, name: string, value: string) {
  const form = formOf({ visitor, attributes: { [name]: value } });
  const known = prints.get(form);
  if (known !== undefined) return known;
  print.read(form);
  const made = {
    key: Buffer.from(print.visitor).toString('hex'),
    name: print.names[0] ?? 0,
    value: print.values[0] ?? 0n,
  };
  prints.set(form, made);
  return made;
}
