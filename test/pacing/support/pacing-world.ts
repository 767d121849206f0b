import { dayMs } from '../../../src/ledger/buckets.js';
import { folderHome } from '../../../src/ledger/folder/folder-home.js';
import { memoryLedgerStore } from '../../../src/ledger/in-process-store.js';
import type { LedgerHome } from '../../../src/ledger/ledger-home.js';
import { openPacer, type Pacer, type PacerOptions, type Take } from '../../../src/pacing/pacer.js';
import type { Cancel, Clock, LedgerStore } from '../../../src/platform/ports.js';

/**
 * A machine with a ledger, processes that use it, and somebody outside who knows the real time and writes down when each
 * attempt left and when it arrived. Fast enough for days: promises continue by microtasks alone.
 *
 * Faults: processes are killed (what they committed stays, what they were about to hear is lost), stopped for a while,
 * or started again; the machine sleeps or restarts; its wall clock is set, or set wrong over a restart.
 */
export class World {
  readonly startsMs: number[] = [];
  readonly arrivalsMs: number[] = [];
  readonly entries = new Map<string, string>();
  /** Whether the system names its boots. */
  readonly #namesBoots: boolean;
  #processes: WorldProcess[] = [];
  #timers: Timer[] = [];
  /** Real time. */
  nowMs = 0;
  #bootMs = 0;
  #asleepMs = 0;
  #boot = 1;
  #wallLeadMs = 1_700_000_000_000;
  /** The furthest that the wall clock was ahead when a run of this boot looked at it: over a restart it is believed so far. */
  #wallLeadMaxMs: number | null = null;
  /** The same of the boot before, in which there was a run. */
  #wallLeadBeforeMs: number | null = null;
  /** The machine slept, and no run has looked at the ledger since: a restart before one does is beyond what is promised. */
  hasSleptUnseen = false;

  readonly #shared: SharedHome | null;

  /** `shared`: the ledger is not in this machine's folder. */
  constructor({ namesBoots, shared = null }: { readonly namesBoots: boolean; readonly shared?: SharedHome | null }) {
    this.#namesBoots = namesBoots;
    this.#shared = shared;
  }

  /** The ledger's home for one process; `null`: a folder. */
  sharedHome(clock: Clock): LedgerHome | null {
    return this.#shared?.open(this, clock) ?? null;
  }

  async flush(): Promise<void> {
    await flush();
    await this.#shared?.settle();
  }

  wallMs(): number {
    return Math.floor(this.nowMs + this.#wallLeadMs);
  }

  monotonicMs(): number {
    return 500 + this.nowMs - this.#bootMs - this.#asleepMs;
  }

  uptimeMs(): number {
    return Math.floor((500 + this.nowMs - this.#bootMs) / 10) * 10;
  }

  bootId(): string | null {
    return this.#namesBoots ? `boot-${this.#boot}` : null;
  }

  schedule(delayMs: number, run: () => void, arrivesMs: number | null = null): Timer {
    const timer = { dueMs: this.monotonicMs() + delayMs, run, arrivesMs };
    let index = this.#timers.length;
    while (index > 0 && (this.#timers[index - 1]?.dueMs ?? 0) > timer.dueMs) index -= 1;
    this.#timers.splice(index, 0, timer);
    return timer;
  }

  cancel(timer: Timer): void {
    const index = this.#timers.indexOf(timer);
    if (index >= 0) this.#timers.splice(index, 1);
  }

  async advance(ms: number): Promise<void> {
    await this.flush();
    const endMs = this.monotonicMs() + ms;
    for (let timer = this.#timers[0]; timer !== undefined && timer.dueMs <= endMs; timer = this.#timers[0]) {
      this.#timers.shift();
      this.nowMs += Math.max(0, timer.dueMs - this.monotonicMs());
      timer.run();
      await this.flush();
    }
    this.nowMs += Math.max(0, endMs - this.monotonicMs());
  }

  stepWall(ms: number): void {
    this.#wallLeadMs += ms;
  }

  ledgerIsRead(): void {
    this.#wallLeadMaxMs = Math.max(this.#wallLeadMaxMs ?? this.#wallLeadMs, this.#wallLeadMs);
    this.hasSleptUnseen = false;
  }

  /**
   * What is in flight arrives as late after it as it would have without: more than is promised to be borne, which is
   * a time-out of real time. Where boots have no names, it is taken at its word.
   */
  sleep(ms: number): void {
    if (!this.#namesBoots || this.#shared !== null) this.#deliver();
    this.nowMs += ms;
    this.#asleepMs += ms;
    this.hasSleptUnseen = true;
  }

  /** All processes stand still, awake. What has left arrives. */
  standStill(ms: number): void {
    this.#deliver();
    this.nowMs += ms;
  }

  /** What has left arrives, though the machine stands still. */
  #deliver(): void {
    for (const { arrivesMs } of this.#timers) if (arrivesMs !== null) this.arrivalsMs.push(arrivesMs);
    this.#timers = this.#timers.filter((timer) => timer.arrivesMs === null);
  }

  /** All processes end. `wallStepMs`: how the clock is set meanwhile; never further ahead than a run saw it. */
  reboot(downMs: number, wallStepMs: number): void {
    for (const process of this.#processes) process.kill();
    this.#processes = [];
    this.#deliver();
    this.#timers = [];
    this.nowMs += downMs;
    this.#bootMs = this.nowMs;
    this.#asleepMs = 0;
    this.#boot += 1;
    const leadMs = this.#wallLeadMs + wallStepMs;
    this.#wallLeadMs = Math.min(leadMs, this.#wallLeadMaxMs ?? this.#wallLeadBeforeMs ?? leadMs);
    this.#wallLeadBeforeMs = this.#wallLeadMaxMs ?? this.#wallLeadBeforeMs;
    this.#wallLeadMaxMs = null;
  }

  async start(options: WorldOptions, delays: Delays): Promise<WorldProcess> {
    const process = new WorldProcess(this, options, delays);
    this.#processes.push(process);
    await process.open();
    return process;
  }

  /** An attempt leaves now, and arrives after a while, whatever becomes of its process. */
  leave(arrivesAfterMs: number): void {
    this.startsMs.push(this.nowMs);
    this.schedule(arrivesAfterMs, () => this.arrivalsMs.push(this.nowMs), this.nowMs + arrivesAfterMs);
  }
}

/** A home that more than this machine uses. */
export interface SharedHome {
  /** For one process, with its clock. */
  open(world: World, clock: Clock): LedgerHome;
  /** Resolves when what was sent to it is answered. */
  settle(): Promise<void>;
}

/** Homes are waited for as long as it takes. */
export type WorldOptions = Omit<PacerOptions, 'giveUpMs' | 'lateUnits'>;

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
  /** Of an attempt in flight: real time, if the machine runs on. */
  readonly arrivesMs: number | null;
}

/** How long a transaction takes until it is durable, and from there until the process hears of it. */
export interface Delays {
  readonly commitMs: number;
  readonly answerMs: number;
}

/** The course of one attempt: from `take` to leaving, arriving and ending. */
export interface Course {
  readonly startsAfterMs: number;
  /** The process is stopped after the permit was asked, before the bytes leave. */
  readonly stopsBetweenMs: number;
  /** Shares of the time-out, from leaving on. */
  readonly arrivesAt: number;
  readonly endsAt: number;
}

export class WorldProcess {
  readonly options: WorldOptions;
  readonly #world: World;
  readonly #delays: Delays;
  #pacer: Pacer | null = null;
  #isDead = false;
  #stoppedUntilMs = Number.NEGATIVE_INFINITY;
  #betweenCount = 0;

  constructor(world: World, options: WorldOptions, delays: Delays) {
    this.#world = world;
    this.options = options;
    this.#delays = delays;
  }

  get pacer(): Pacer {
    if (this.#pacer === null) throw new Error('the process is not open');
    return this.#pacer;
  }

  get isAlive(): boolean {
    return !this.#isDead;
  }

  get isRunning(): boolean {
    return !this.#isDead && this.#pacer !== null && this.#world.monotonicMs() >= this.#stoppedUntilMs;
  }

  async open(): Promise<void> {
    const clock = this.#clock();
    const home = this.#world.sharedHome(clock) ?? folderHome(this.#store(), clock, this.#world, 'the world');
    const opening = openPacer(home, clock, this.#world, { ...this.options, giveUpMs: 7 * dayMs, lateUnits: 0 }).then(
      ({ pacer }) => {
        this.#pacer = pacer;
      },
    );
    let isOpen = false;
    void opening.then(() => {
      isOpen = true;
    });
    await this.#world.advance(2 * (this.#delays.commitMs + this.#delays.answerMs));
    // A home that is away is asked again.
    for (let turn = 0; !isOpen && !this.#isDead && turn < 500; turn += 1) await this.#world.advance(1_000);
    if (!this.#isDead) await opening;
  }

  kill(): void {
    this.#isDead = true;
  }

  /** For a while only where it is between asking and sending: more than a day there is beyond what can be promised. */
  stop(ms: number): void {
    if (this.#betweenCount === 0) this.#stopFor(ms);
  }

  #stopFor(ms: number): void {
    this.#stoppedUntilMs = Math.max(this.#stoppedUntilMs, this.#world.monotonicMs() + ms);
  }

  async close(): Promise<void> {
    const closing = this.pacer.close();
    await this.#world.advance(2 * (this.#delays.commitMs + this.#delays.answerMs));
    await closing;
    this.#isDead = true;
  }

  /** Starts as many attempts as it may now, `count` at most. */
  startAttempts(count: number, course: Course): void {
    for (let started = 0; started < count; started += 1) {
      if (this.startAttempt(course).kind !== 'go') return;
    }
  }

  startAttempt(course: Course): Take {
    const take = this.pacer.take();
    if (take.kind !== 'go') return take;
    const { permit } = take;
    const start = () => {
      if (!permit.isValid()) {
        this.pacer.giveBack(permit);
        return;
      }
      const leave = () => this.#leave(course, () => this.pacer.ended(permit));
      if (course.stopsBetweenMs === 0) {
        leave();
        return;
      }
      this.#stopFor(course.stopsBetweenMs);
      this.#betweenCount += 1;
      this.schedule(0, () => {
        this.#betweenCount -= 1;
        leave();
      });
    };
    if (course.startsAfterMs > 0) this.schedule(course.startsAfterMs, start);
    else start();
    return take;
  }

  scheduleAt(atMonotonicMs: number, run: () => void): Cancel {
    return this.schedule(atMonotonicMs - this.#world.monotonicMs(), run);
  }

  #leave({ stopsBetweenMs, arrivesAt, endsAt }: Course, ended: () => void): void {
    const { timeoutMs } = this.options;
    if (stopsBetweenMs === 0) {
      this.#world.leave(arrivesAt * timeoutMs);
      this.schedule(Math.max(arrivesAt, endsAt) * timeoutMs, ended);
      return;
    }
    // A process that is stopped in between, and then ends before its late attempt does, is beyond what can be promised.
    this.#world.leave(0);
    ended();
  }

  schedule(delayMs: number, run: () => void): Cancel {
    const guarded = () => {
      if (this.#isDead) return;
      const waitMs = this.#stoppedUntilMs - this.#world.monotonicMs();
      if (waitMs <= 0) run();
      else timer = this.#world.schedule(waitMs, guarded);
    };
    let timer = this.#world.schedule(Math.max(0, delayMs), guarded);
    return () => this.#world.cancel(timer);
  }

  #clock(): Clock {
    return {
      wallMs: () => this.#world.wallMs(),
      monotonicMs: () => this.#world.monotonicMs(),
      schedule: (delayMs, run) => this.schedule(delayMs, run),
    };
  }

  /** A store with the semantics of a disk: what is committed stays, even if no process hears of it. */
  #store(): LedgerStore {
    const inner = memoryLedgerStore(this.#world.entries);
    const pause = (ms: number) => new Promise<void>((resolve) => void this.schedule(ms, resolve));
    return {
      transact: async (work) => {
        await pause(this.#delays.commitMs);
        this.#world.ledgerIsRead();
        const result = await inner.transact(work);
        await pause(this.#delays.answerMs);
        return result;
      },
      close: () => inner.close(),
    };
  }
}

/** The most of `timesMs` in any 24 hours, the end counted and the beginning not. */
export function fullest(timesMs: readonly number[]): number {
  const sorted = [...timesMs].sort((one, other) => one - other);
  let most = 0;
  let first = 0;
  for (const [index, timeMs] of sorted.entries()) {
    while (timeMs - (sorted[first] ?? timeMs) >= dayMs) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

/** Lets promises continue; nothing here waits for more than a few of them in a row. */
export async function flush(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await null;
}
