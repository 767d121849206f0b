import type PQueue from 'p-queue';
import { type Instant, instantOf } from '../../platform/instant.js';
import type { Reply, Sender } from '../../platform/ports.js';
import { faultStop, type Stop } from '../terms/stops.js';
import { updateOf } from './coalesce.js';
import type { Attempt, Departure } from './departure.js';
import { type Holds, isPacersHold } from './holds.js';
import type { Intake } from './intake.js';
import type { Lanes } from './lanes.js';
import type { LoopHooks, LoopOptions, LoopPorts, Start } from './loop-parts.js';
import type { Marking } from './marking.js';
import type { Outcomes } from './outcomes.js';
import type { ReadyRows } from './ready-rows.js';
import type { OpenRow, Window } from './row-window.js';

export interface AttemptParts {
  readonly options: Pick<LoopOptions, 'concurrency' | 'onCap'>;
  readonly ports: LoopPorts;
  readonly hooks: LoopHooks;
  readonly queue: PQueue;
  readonly window: Window;
  readonly ready: ReadyRows;
  readonly intake: Intake;
  readonly lanes: Lanes;
  readonly marking: Marking;
  readonly holds: Holds;
  readonly departure: Departure<OpenRow>;
  readonly outcomes: Outcomes;
}

/** What attempts ask of the loop. */
export interface AttemptingLoop {
  isStopped(): boolean;
  hasReadAll(): boolean;
  stop(stop: Stop): void;
  /** Nothing more can be started now: is the loop at its end? */
  finishIfDone(): void;
}

/**
 * Attempts: scheduled, sent, followed by the next.
 *
 * `#nextStart` alone says whether an attempt is scheduled, and with which row. It is asked by p-queue's tasks, each of
 * which sends one row after the other for as long as there is one, and by `pump`, which starts tasks: whatever can make
 * an attempt possible calls that. The queue knows how many attempts are in flight, and whether they are paused.
 *
 * Invariants: no attempt leaves against a condition of departure; no more attempts than --concurrency are in flight;
 * `#nextStart` is not entered again while it is asked.
 */
export class Attempts {
  readonly #parts: AttemptParts;
  readonly #calls: AttemptingLoop;
  #isPumping = false;
  /** A task of the queue has had its reply, and looks for its next row. */
  #isTaskBetween = false;

  constructor(parts: AttemptParts, calls: AttemptingLoop) {
    this.#parts = parts;
    this.#calls = calls;
  }

  /** Attempts whose outcome is open. */
  get inFlightCount(): number {
    return this.#parts.queue.pending - (this.#isTaskBetween ? 1 : 0);
  }

  /** Starts what may start. */
  pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (this.#hasIdleTask()) {
        const start = this.#nextStart();
        if (start === null) break;
        this.#parts.queue.add(() => this.#work(start)).catch((error: unknown) => this.#parts.hooks.onFault(error));
      }
    } catch (error) {
      this.#parts.hooks.onFault(error); // who calls this has something else in hand
    } finally {
      this.#isPumping = false;
    }
    this.#calls.finishIfDone();
  }

  #hasIdleTask(): boolean {
    return this.#parts.queue.pending < this.#parts.options.concurrency;
  }

  /** A task of the queue: sends a row, and after it what may follow it. */
  #work(first: Start): Promise<void> {
    return new Promise((end) => {
      let start = first;
      let hasLeft = false;
      // One for all of the task's attempts.
      const sender: Sender = {
        // A connection may have been long in coming: what held when the attempt was scheduled must hold still.
        mayStart: () => {
          try {
            const { row, permit } = start;
            const attempt = { row, permit, othersInFlight: this.inFlightCount - 1 };
            hasLeft = this.#parts.departure.mayLeave(attempt, instantOf(this.#parts.ports.clock));
          } catch (error) {
            this.#parts.hooks.onFault(error);
          }
          return hasLeft;
        },
        settled: (reply) => {
          const next = this.#follow(start, reply, hasLeft);
          if (next === null) end();
          else {
            start = next;
            hasLeft = false;
            this.#send(start, sender);
          }
        },
      };
      this.#send(start, sender);
    });
  }

  #send({ row, lane }: Start, sender: Sender): void {
    const { transport, token, clock } = this.#parts.ports;
    transport.send(lane.route.outgoing(updateOf(row), token.authorization, clock.wallMs()), sender);
  }

  /** Takes a reply, and says what its task does next; `null`: it ends, and the queue says so. */
  #follow(start: Start, reply: Reply, hasLeft: boolean): Start | null {
    this.#isTaskBetween = true;
    try {
      const now = instantOf(this.#parts.ports.clock);
      this.#parts.outcomes.settled(start, reply, hasLeft, now);
      return this.#nextOfTask(now);
    } catch (error) {
      this.#parts.hooks.onFault(error);
      return null;
    } finally {
      this.#isTaskBetween = false;
    }
  }

  /** What just ended may let other tasks start as well. */
  #nextOfTask(now: Instant): Start | null {
    if (this.#isPumping) return null;
    if (this.#hasIdleTask()) this.pump();
    this.#isPumping = true;
    try {
      return this.#nextStart(now);
    } finally {
      this.#isPumping = false;
    }
  }

  /** The next attempt, or `null`: not now, and `pump` is called when one may be scheduled. */
  #nextStart(now = instantOf(this.#parts.ports.clock)): Start | null {
    if (this.#settleIfStuck()) return this.#nextStart(now);
    if (this.#isLineFilling()) return null;
    const end = this.#parts.ports.health.gate(now.monotonicMs).row;
    const row = this.#parts.lanes.peek(end);
    const isWaiting = this.#parts.ready.restingCount > 0 || (this.#parts.ports.memory?.absence() ?? null) !== null;
    if (row === null && !isWaiting) return null;
    const attempt: Attempt<OpenRow> = { row, permit: null, othersInFlight: this.inFlightCount };
    const obstacle = this.#parts.departure.obstacleTo(attempt, now);
    switch (obstacle?.kind) {
      case 'hold':
        this.#parts.holds.wait(obstacle.hold);
        return null;
      case 'ask':
        this.#parts.holds.ask(obstacle.ask);
        return null;
      case 'mark':
        // What is taken out to be marked calls again.
        return this.#parts.marking.hasReady(end, now) ? this.#nextStart(now) : null;
      case 'permit':
        return row === null ? null : this.#acquire(row, end, now);
      default:
        return null;
    }
  }

  /** With --coalesce nothing starts while reading still brings rows that it could go with. */
  #isLineFilling(): boolean {
    return this.#parts.ports.merge !== null && !this.#calls.hasReadAll() && !this.#parts.intake.isWaiting;
  }

  /** Acquires a permit for the row at that end of the ready ones. */
  #acquire(row: OpenRow, end: 'next' | 'far', now: Instant): Start | null {
    const take = this.#parts.lanes.acquire(row, end, now);
    const nowMs = now.monotonicMs;
    switch (take.kind) {
      case 'go': {
        // One attempt that sees whether an outage is over does not end it.
        if (isPacersHold(this.#parts.holds.hold) || this.#parts.ports.health.gate(nowMs).kind === 'open')
          this.#parts.holds.release();
        this.#parts.intake.giveRoom();
        return { row, permit: take.permit, lane: take.lane, startedMs: nowMs };
      }
      case 'again':
        this.#parts.intake.giveRoom();
        return this.#nextStart(now);
      case 'save':
        this.#parts.holds.ask(() => this.#parts.hooks.saveCheckpoint());
        return null;
      case 'wait':
        this.#parts.holds.wakeAt(take.untilMonotonicMs);
        return null;
      case 'fetching':
        return null;
      case 'cap-used': {
        const untilMs = take.freeAtMonotonicMs;
        if (this.#parts.options.onCap === 'stop') this.#calls.stop(this.#parts.hooks.capStop());
        else this.#parts.holds.wait({ cause: 'cap', sinceMs: nowMs, untilMs, lastError: null });
        return null;
      }
      case 'away': {
        const { sinceMonotonicMs: sinceMs, trouble } = take;
        this.#parts.holds.wait({ cause: 'state', sinceMs, untilMs: null, lastError: trouble.message });
        return null;
      }
      case 'fault':
        this.#calls.stop(faultStop(take.error));
        return null;
    }
  }

  /** Nothing is ready, resting or in flight, and no row can come: what waits for evidence gets its end without. */
  #settleIfStuck(): boolean {
    const { size, asideCount, restingCount } = this.#parts.ready;
    if (size > 0 || asideCount > 0 || restingCount > 0 || this.inFlightCount > 0) return false;
    if (this.#parts.marking.size > 0) return false;
    if (this.#calls.isStopped() || this.#parts.holds.isAsking || this.#parts.window.openCount === 0) return false;
    if (!this.#calls.hasReadAll() && !this.#parts.intake.isWaiting) return false;
    const settled = this.#parts.ports.health.settle(this.#parts.intake.isAtLimit);
    if (settled.kind === 'continue' && settled.moves.length === 0) return false;
    this.#parts.outcomes.follows(settled);
    if (settled.endsWithoutEvidence) this.#parts.hooks.onSettledWithoutEvidence();
    return true;
  }
}
