import PQueue from 'p-queue';
import type { Position } from '../../batch/open.js';
import type { MemoryAbsence } from '../../memory/memory.js';
import type { Permit } from '../../pacing/pacer.js';
import { type Instant, instantOf } from '../../platform/instant.js';
import type { Cancel, Reply, Sender } from '../../platform/ports.js';
import { machineFault } from '../../target-api/network/machine-fault.js';
import { redact } from '../../target-api/redact.js';
import type { TryOutcome } from '../../terms/outcome.js';
import type { TriedRow } from '../files/checkpoint.js';
import type { Ending, Judgement, Move } from '../health/health.js';
import type { MoreLines } from '../results/journal.js';
import type { RowResult } from '../results/result.js';
import type { ReadRows } from '../rows/row-source.js';
import type { Hold } from '../terms/events.js';
import { faultStop, type Stop } from '../terms/stops.js';
import { earlierResult, earlierRows, takeApart, updateForm, updateOf } from './coalesce.js';
import type { Attempt, Departure } from './departure.js';
import { Holds, isPacersHold } from './holds.js';
import { Intake, lastSubmitted } from './intake.js';
import { type Lane, Lanes } from './lanes.js';
import { makeDeparture } from './loop-departure.js';
import type { EarlierRuns, LoopHooks, LoopOptions, LoopPorts } from './loop-parts.js';
import { Marking } from './marking.js';
import { ReadyRows } from './ready-rows.js';
import { type OpenRow, Window } from './row-window.js';

/**
 * One run's loop: rows come in as they are read, attempts leave as departure.ts allows, outcomes are written down.
 *
 * A row is read, then `ready` (none of its visitor is open before it), then in flight, then it has ended; between two
 * attempts it rests, or waits with health. `#nextStart` alone says whether an attempt is scheduled, and with which row.
 * It is asked by p-queue's tasks, each of which sends one row after the other for as long as there is one, and by
 * `#pump`, which starts tasks: whatever can make an attempt possible calls that. The queue knows how many attempts are
 * in flight, and whether they are paused.
 *
 * A task is a row, or with --coalesce several of one visitor that go out as one update; its last row stands for it
 * (coalesce.ts).
 *
 * Invariants: of one visitor at most one task is ready, resting, in flight or with health; no attempt leaves against a
 * condition of departure; a row ends once, and the lines of a task are handed to the journal in one step.
 */
export class Loop {
  readonly #options: LoopOptions;
  readonly #ports: LoopPorts;
  readonly #hooks: LoopHooks;
  readonly #window = new Window();
  readonly #ready: ReadyRows;
  readonly #intake: Intake;
  readonly #lanes: Lanes;
  readonly #marking: Marking;
  readonly #queue: PQueue;
  readonly #holds: Holds;
  readonly #departure: Departure<OpenRow>;
  #cancelGrace: Cancel | null = null;
  #isPumping = false;
  /** A task of the queue has had its reply, and looks for its next row. */
  #isTaskBetween = false;
  #hasReadAll = false;
  #stop: Stop | null = null;
  #finish: () => void = () => {};
  readonly #finished: Promise<void>;

  constructor(from: Position, options: LoopOptions, ports: LoopPorts, hooks: LoopHooks) {
    this.#options = options;
    this.#ports = ports;
    this.#hooks = hooks;
    this.#ready = new ReadyRows(ports.clock, ports.merge, () => this.#pump());
    this.#intake = new Intake(from, this.#window, this.#ready, ports, {
      isStopped: () => this.#stop !== null,
      pump: () => this.#pump(),
      record: (result) => this.#record(result, 'done'),
    });
    const { route, pacer, overflow, order } = ports;
    this.#lanes = new Lanes(
      { route, pacer },
      overflow,
      order,
      this.#ready,
      () => !this.#hasReadAll && !this.#intake.isWaiting,
    );
    this.#marking = new Marking(ports.memory, this.#lanes, {
      isStopped: () => this.#stop !== null,
      endUnchanged: (row) => this.#endUnchanged(row),
      pump: () => this.#pump(),
      onFault: (error) => hooks.onFault(error),
    });
    this.#queue = new PQueue({ concurrency: options.concurrency });
    this.#holds = new Holds(ports.clock, this.#queue, hooks, {
      pump: () => this.#pump(),
      stop: (stop) => this.stop(stop),
    });
    this.#departure = makeDeparture(ports, this.#holds, this.#marking, hooks, () => this.#stop !== null);
    this.#finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#queue.on('next', () => this.#pump());
    this.#lanes.onReady = () => this.#pump();
    ports.journal.onWritten = () => this.#pump();
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
    return this.#queue.pending - (this.#isTaskBetween ? 1 : 0);
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
    this.#pump();
    return this.#stop === null && !this.#intake.isAtLimit;
  }

  /** No more rows come. Resolves when every row has its end, or the run has stopped and nothing is in flight. */
  async drain(): Promise<void> {
    this.#hasReadAll = true;
    this.#pump();
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

  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (this.#hasIdleTask()) {
        const start = this.#nextStart();
        if (start === null) break;
        this.#queue.add(() => this.#work(start)).catch((error: unknown) => this.#hooks.onFault(error));
      }
    } catch (error) {
      this.#hooks.onFault(error); // who calls this has something else in hand
    } finally {
      this.#isPumping = false;
    }
    this.#finishIfDone();
  }

  #hasIdleTask(): boolean {
    return this.#queue.pending < this.#options.concurrency;
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
            hasLeft = this.#departure.mayLeave(attempt, instantOf(this.#ports.clock));
          } catch (error) {
            this.#hooks.onFault(error);
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
    const { transport, token, clock } = this.#ports;
    transport.send(lane.route.outgoing(updateOf(row), token.authorization, clock.wallMs()), sender);
  }

  /** Takes a reply, and says what its task does next; `null`: it ends, and the queue says so. */
  #follow(start: Start, reply: Reply, hasLeft: boolean): Start | null {
    this.#isTaskBetween = true;
    try {
      const now = instantOf(this.#ports.clock);
      this.#settled(start, reply, hasLeft, now);
      return this.#nextOfTask(now);
    } catch (error) {
      this.#hooks.onFault(error);
      return null;
    } finally {
      this.#isTaskBetween = false;
    }
  }

  /** Its home is away, or is back: a hold that it began may be over before a row is ready. */
  #memoryTells(absence: MemoryAbsence | null): void {
    const isBack = absence === null && this.#ports.pacer.trouble() === null;
    if (isBack && this.hold?.cause === 'state') this.#holds.release();
    this.#pump();
  }

  /** What just ended may let other tasks start as well. */
  #nextOfTask(now: Instant): Start | null {
    if (this.#isPumping) return null;
    if (this.#hasIdleTask()) this.#pump();
    this.#isPumping = true;
    try {
      return this.#nextStart(now);
    } finally {
      this.#isPumping = false;
    }
  }

  /** The next attempt, or `null`: not now, and `#pump` is called when one may be scheduled. */
  #nextStart(now = instantOf(this.#ports.clock)): Start | null {
    if (this.#settleIfStuck()) return this.#nextStart(now);
    if (this.#isLineFilling()) return null;
    const end = this.#ports.health.gate(now.monotonicMs).row;
    const row = this.#lanes.peek(end);
    const isWaiting = this.#ready.restingCount > 0 || (this.#ports.memory?.absence() ?? null) !== null;
    if (row === null && !isWaiting) return null;
    const attempt: Attempt<OpenRow> = { row, permit: null, othersInFlight: this.inFlightCount };
    const obstacle = this.#departure.obstacleTo(attempt, now);
    switch (obstacle?.kind) {
      case 'hold':
        this.#holds.wait(obstacle.hold);
        return null;
      case 'ask':
        this.#holds.ask(obstacle.ask);
        return null;
      case 'mark':
        // What is taken out to be marked calls again.
        return this.#marking.hasReady(end, now) ? this.#nextStart(now) : null;
      case 'permit':
        return row === null ? null : this.#acquire(row, end, now);
      default:
        return null;
    }
  }

  /** With --coalesce nothing starts while reading still brings rows that it could go with. */
  #isLineFilling(): boolean {
    return this.#ports.merge !== null && !this.#hasReadAll && !this.#intake.isWaiting;
  }

  /** Acquires a permit for the row at that end of the ready ones. */
  #acquire(row: OpenRow, end: 'next' | 'far', now: Instant): Start | null {
    const take = this.#lanes.acquire(row, end, now);
    const nowMs = now.monotonicMs;
    switch (take.kind) {
      case 'go': {
        // One attempt that sees whether an outage is over does not end it.
        if (isPacersHold(this.hold) || this.#ports.health.gate(nowMs).kind === 'open') this.#holds.release();
        this.#intake.giveRoom();
        return { row, permit: take.permit, lane: take.lane, startedMs: nowMs };
      }
      case 'again':
        this.#intake.giveRoom();
        return this.#nextStart(now);
      case 'save':
        this.#holds.ask(() => this.#hooks.saveCheckpoint());
        return null;
      case 'wait':
        this.#holds.wakeAt(take.untilMonotonicMs);
        return null;
      case 'fetching':
        return null;
      case 'cap-used': {
        const untilMs = take.freeAtMonotonicMs;
        if (this.#options.onCap === 'stop') this.stop(this.#hooks.capStop());
        else this.#holds.wait({ cause: 'cap', sinceMs: nowMs, untilMs, lastError: null });
        return null;
      }
      case 'away': {
        const { sinceMonotonicMs: sinceMs, trouble } = take;
        this.#holds.wait({ cause: 'state', sinceMs, untilMs: null, lastError: trouble.message });
        return null;
      }
      case 'fault':
        this.stop(faultStop(take.error));
        return null;
    }
  }

  /** Nothing is ready, resting or in flight, and no row can come: what waits for evidence gets its end without. */
  #settleIfStuck(): boolean {
    const { size, asideCount, restingCount } = this.#ready;
    if (size > 0 || asideCount > 0 || restingCount > 0 || this.inFlightCount > 0) return false;
    if (this.#marking.size > 0) return false;
    if (this.#stop !== null || this.#holds.isAsking || this.#window.openCount === 0) return false;
    if (!this.#hasReadAll && !this.#intake.isWaiting) return false;
    const settled = this.#ports.health.settle(this.#intake.isAtLimit);
    if (settled.kind === 'continue' && settled.moves.length === 0) return false;
    this.#follows(settled);
    if (settled.endsWithoutEvidence) this.#hooks.onSettledWithoutEvidence();
    return true;
  }

  #settled({ row, permit, lane, startedMs }: Start, reply: Reply, hasLeft: boolean, now: Instant): void {
    const { order, tally } = this.#ports;
    // A unit under which no byte left goes back; one under which bytes may have left never does.
    if (hasLeft) lane.pacer.ended(permit, now);
    else lane.pacer.giveBack(permit);
    if (hasLeft) order.left(row, lane.route.name, now);
    if (reply.kind === 'not-started') {
      if (this.#stop === null) this.#ready.putFirst(row);
      return;
    }
    row.attempts += 1;
    row.route = lane.route.name;
    row.firstTryMonotonicMs ??= startedMs;
    row.firstTryAtMs ??= now.wallMs - (now.monotonicMs - startedMs);
    tally.tryCount += 1;
    this.#hooks.onProgress();
    this.#answered(row, lane, reply, now);
  }

  #answered(row: OpenRow, lane: Lane, reply: Exclude<Reply, { kind: 'not-started' }>, now: Instant): void {
    if (reply.kind === 'aborted') return; // it may have been taken: the row stays to be sent
    const fault = machineFault(reply);
    if (fault !== null) {
      this.stop(faultStop(fault)); // not the row's fault, nor the endpoint's: the row stays to be sent
      return;
    }
    const { health, token } = this.#ports;
    const outcome = lane.route.judge(updateOf(row), reply, now.wallMs);
    if (!health.hasTaken && isOfOneRow(outcome) && earlierRows(row).length > 0) {
      this.#ready.putFirst(takeApart(row)); // one bad row must not speak for all that went with it
      return;
    }
    const clean =
      outcome.kind === 'submitted' || outcome.reason.text === null
        ? outcome
        : {
            ...outcome,
            reason: { ...outcome.reason, text: redact(outcome.reason.text, updateForm(row), token.secret) },
          };
    this.#follows(health.judge(row, clean, now.monotonicMs), now);
  }

  /** Does what health says. */
  #follows(judgement: Judgement<OpenRow>, now = instantOf(this.#ports.clock)): void {
    if (judgement.kind === 'stop') {
      this.stop(judgement.stop);
      return;
    }
    for (const move of judgement.moves) this.#move(move, now);
    if (judgement.rereadsToken) this.#holds.ask(() => this.#rereadToken());
  }

  async #rereadToken(): Promise<null> {
    const { health, token, clock } = this.#ports;
    await token.reread();
    for (const move of health.tokenReread()) this.#move(move, instantOf(clock));
    return null;
  }

  #move(move: Move<OpenRow>, now: Instant): void {
    switch (move.kind) {
      case 'end':
        this.#end(move.row, move.ending, now);
        return;
      case 'rest':
        if (this.#stop === null) this.#ready.rest(move.row, move.restMs);
        return;
      case 'again':
        if (move.place === 'first') this.#ready.putFirst(move.row);
        else this.#ready.put(move.row);
        return;
      case 'keep':
        return;
    }
  }

  #end(row: OpenRow, ending: Ending, now: Instant): void {
    if (ending.status === 'refused' && earlierRows(row).length > 0) {
      this.#ready.putFirst(takeApart(row));
      return;
    }
    const { memory } = this.#ports;
    const durationMs = row.firstTryMonotonicMs === null ? 0 : row.earlierMs + now.monotonicMs - row.firstTryMonotonicMs;
    const result: RowResult = {
      rowNumber: row.rowNumber,
      lineNumber: row.lineNumber,
      id: row.id,
      status: ending.status,
      httpStatus: ending.httpStatus,
      attempts: row.attempts,
      durationMs: Math.round(durationMs),
      finishedAtMs: now.wallMs,
      reason: ending.reason,
      route: row.route,
    };
    if (row.mark !== null && ending.status === 'submitted') memory?.submitted(row.mark, row.attempts === 1);
    this.#leave(row, result, earlierResult);
  }

  /** Judged again in its turn: the memory knows by now that Target holds its values. */
  #endUnchanged(row: OpenRow): void {
    const result = this.#intake.unsentResult(row, row.id, 'unchanged', lastSubmitted);
    this.#leave(row, result, ({ rowNumber, lineNumber }) => ({ ...result, rowNumber, lineNumber }));
  }

  /** The task has ended: a line for each of its rows, in the file's order. */
  #leave(row: OpenRow, result: RowResult, resultOf: (earlier: OpenRow, last: RowResult) => RowResult): void {
    for (const earlier of earlierRows(row)) {
      this.#window.end(earlier, this.#record(resultOf(earlier, result), 'follow'));
    }
    const next = this.#window.end(row, this.#record(result, 'done'));
    if (next !== null) this.#ready.put(next);
    this.#intake.giveRoom();
  }

  #record(result: RowResult, more: MoreLines): number {
    const resultByte = this.#ports.journal.write(result, more);
    this.#ports.tally.add(result);
    this.#ports.quota.ended(result.status);
    this.#hooks.onProgress();
    const stop = this.#hooks.onEnded(result);
    if (stop !== null) this.stop(stop);
    return resultByte;
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

/** An answer that may be one row's own. Before a row was taken, such answers stop the run. */
function isOfOneRow(outcome: TryOutcome): boolean {
  if (outcome.kind !== 'stop') return outcome.kind === 'refused';
  const { cause } = outcome;
  return cause === 'unauthorized' || cause === 'forbidden' || cause === 'redirect';
}

/** A row and the permit to send it. */
interface Start {
  readonly row: OpenRow;
  readonly permit: Permit;
  readonly lane: Lane;
  /** Monotonic. */
  readonly startedMs: number;
}
