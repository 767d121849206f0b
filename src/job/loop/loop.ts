import PQueue from 'p-queue';
import type { Position } from '../../batch/open.js';
import type { MemoryAbsence } from '../../memory/memory.js';
import type { Cancel } from '../../platform/ports.js';
import type { TriedRow } from '../files/checkpoint.js';
import type { ReadRows } from '../rows/row-source.js';
import type { Hold } from '../terms/events.js';
import type { Stop } from '../terms/stops.js';
import { Attempts } from './attempts.js';
import { Holds } from './holds.js';
import { Intake } from './intake.js';
import { Lanes } from './lanes.js';
import { makeDeparture } from './loop-departure.js';
import type { EarlierRuns, LoopHooks, LoopOptions, LoopPorts } from './loop-parts.js';
import { Marking } from './marking.js';
import { Outcomes } from './outcomes.js';
import { ReadyRows } from './ready-rows.js';
import { Recorder } from './recorder.js';
import { type OpenRow, Window } from './row-window.js';

/**
 * One run's loop: rows come in as they are read, attempts leave as departure.ts allows, outcomes are written down.
 *
 * A row is read (intake.ts), then `ready` (none of its visitor is open before it), then in flight (attempts.ts), then it
 * has ended (outcomes.ts); between two attempts it rests, or waits with health. This file is the loop's life: rows are
 * admitted, it drains or stops, and it is over.
 *
 * A task is a row, or with --coalesce several of one visitor that go out as one update; its last row stands for it
 * (coalesce.ts).
 *
 * Invariants: of one visitor at most one task is ready, resting, in flight or with health; the first stop stands; the
 * loop is over when nothing is in flight, and either it has stopped or every row has its end.
 */
export class Loop {
  readonly #options: LoopOptions;
  readonly #ports: LoopPorts;
  readonly #hooks: LoopHooks;
  readonly #window = new Window();
  readonly #ready: ReadyRows;
  readonly #intake: Intake;
  readonly #lanes: Lanes;
  readonly #queue: PQueue;
  readonly #holds: Holds;
  readonly #attempts: Attempts;
  #cancelGrace: Cancel | null = null;
  #hasReadAll = false;
  #stop: Stop | null = null;
  #finish: () => void = () => {};
  readonly #finished: Promise<void>;

  constructor(from: Position, options: LoopOptions, ports: LoopPorts, hooks: LoopHooks) {
    const isStopped = () => this.#stop !== null;
    const stop = (why: Stop) => this.stop(why);
    const pump = () => this.#attempts.pump();
    const onFault = (error: unknown) => hooks.onFault(error);
    const { route, pacer, overflow, order, clock } = ports;
    this.#options = options;
    this.#ports = ports;
    this.#hooks = hooks;
    const window = this.#window;
    const ready = new ReadyRows(clock, ports.merge, pump);
    const recorder = new Recorder(ports, hooks, stop);
    const intake = new Intake(from, window, ready, ports, { isStopped, pump, recorder });
    const mayMoreCome = () => !this.#hasReadAll && !intake.isWaiting;
    const lanes = new Lanes({ route, pacer }, overflow, order, ready, mayMoreCome);
    const queue = new PQueue({ concurrency: options.concurrency });
    const holds = new Holds(clock, queue, hooks, { pump, stop });
    const outcomes = new Outcomes({ ports, hooks, window, ready, intake, holds, recorder }, { isStopped, stop });
    const endUnchanged = (row: OpenRow) => outcomes.endUnchanged(row);
    const marking = new Marking(ports.memory, lanes, { isStopped, endUnchanged, pump, onFault });
    const departure = makeDeparture(ports, holds, marking, hooks, isStopped);
    this.#attempts = new Attempts(
      { options, ports, hooks, queue, window, ready, intake, lanes, marking, holds, departure, outcomes },
      { isStopped, stop, hasReadAll: () => this.#hasReadAll, finishIfDone: () => this.#finishIfDone() },
    );
    this.#ready = ready;
    this.#intake = intake;
    this.#lanes = lanes;
    this.#queue = queue;
    this.#holds = holds;
    this.#finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    queue.on('next', pump);
    lanes.onReady = pump;
    ports.journal.onWritten = pump;
    ports.memory?.watchAbsence(() => this.#memoryTells(ports.memory?.absence() ?? null));
  }

  /** Every row before it has its end. */
  get next(): Position {
    return this.#window.next(this.#intake.readTo);
  }

  /** Where in the report the lines of rows from `next` on begin at the earliest; `endByte` where there are none. */
  resultsFromByte(earlier: EarlierRuns, endByte: number): number {
    // Rows that an earlier run ended and this one has not come by yet are not in the window.
    return Math.min(this.#window.resultsFromByte(endByte), ...earlier.ended.values());
  }

  /** Where the rows end that this run has taken in: blocks of the file are read ahead of them. */
  get readToByte(): number {
    return this.#intake.readTo.byte;
  }

  /** Rows that have been read, by this run or an earlier one. */
  readRowCount(earlier: EarlierRuns): number {
    return Math.max(this.#intake.readTo.rowNumber - 1, ...earlier.ended.keys(), ...earlier.tried.keys());
  }

  /** Rows that were tried and have no end, in this run or an earlier one: their tries count on in the next. */
  triedRows(earlier: EarlierRuns): TriedRow[] {
    const rows: TriedRow[] = [...this.#window.tried()].map(({ rowNumber, attempts, firstTryAtMs }) => ({
      rowNumber,
      attempts,
      firstTryAtMs: firstTryAtMs ?? this.#ports.clock.wallMs(),
    }));
    for (const [rowNumber, { attempts, firstTryAtMs }] of earlier.tried)
      rows.push({ rowNumber, attempts, firstTryAtMs });
    return rows;
  }

  get hold(): Hold | null {
    return this.#holds.hold;
  }

  /** Attempts whose outcome is open. */
  get inFlightCount(): number {
    return this.#attempts.inFlightCount;
  }

  /** No attempt will be made any more, and none is in flight. */
  get isOver(): boolean {
    const isDone = this.#hasReadAll && this.#window.openCount === 0;
    return (this.#stop !== null || isDone) && this.inFlightCount === 0;
  }

  get stopped(): Stop | null {
    return this.#stop;
  }

  /**
   * Takes rows in the file's order, `after` being where the next one begins; resolves when there is room for more.
   * `false`: the run stops, no more are wanted.
   */
  async admit(rows: ReadRows, after: Position, earlier: EarlierRuns): Promise<boolean> {
    await this.#intake.admit(rows, after, earlier);
    this.#attempts.pump();
    return this.#stop === null && !this.#intake.isAtLimit;
  }

  /** No more rows come. Resolves when every row has its end, or the run has stopped and nothing is in flight. */
  async drain(): Promise<void> {
    this.#hasReadAll = true;
    this.#attempts.pump();
    await this.#finished;
    await this.#queue.onIdle();
  }

  /** The first stop stands; a later one can only shorten how long what is in flight may take. */
  stop(stop: Stop): void {
    if (this.#stop === null) {
      this.#stop = stop;
      this.#ready.end();
      this.#lanes.onReady = null;
      this.#ports.memory?.watchAbsence(null);
      this.#holds.end();
      this.#intake.giveRoom();
    }
    if (stop.patience === 'none') this.#ports.transport.abortAll();
    else if (stop.patience === 'grace' && this.#cancelGrace === null) {
      this.#cancelGrace = this.#ports.clock.schedule(this.#options.graceMs, () => this.#ports.transport.abortAll());
    }
    this.#finishIfDone();
  }

  /** Its home is away, or is back: a hold that it began may be over before a row is ready. */
  #memoryTells(absence: MemoryAbsence | null): void {
    const isBack = absence === null && this.#ports.pacer.trouble() === null;
    if (isBack && this.hold?.cause === 'state') this.#holds.release();
    this.#attempts.pump();
  }

  #finishIfDone(): void {
    if (this.#queue.pending > 0) return;
    if (this.#stop === null && !(this.#hasReadAll && this.#window.openCount === 0)) return;
    this.#cancelGrace?.();
    if (this.#stop === null) {
      this.#holds.release();
      if (this.#intake.isAtLimit) this.#stop = this.#hooks.limitStop();
    }
    this.#holds.end();
    this.#finish();
  }
}
