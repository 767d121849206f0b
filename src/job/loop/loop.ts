import PQueue from 'p-queue';
import type { Position } from '../../batch/open.js';
import type { Pacer, Permit } from '../../pacing/pacer.js';
import { type Instant, instantOf } from '../../platform/instant.js';
import type { Cancel, Reply, Sender } from '../../platform/ports.js';
import { classify } from '../../target-api/classify.js';
import { machineFault } from '../../target-api/machine-fault.js';
import { makeOutgoing, type Outgoing } from '../../target-api/prepare.js';
import { redact } from '../../target-api/redact.js';
import type { TriedRow } from '../files/checkpoint.js';
import type { RowResult } from '../results/result.js';
import type { ReadRows } from '../rows/row-source.js';
import type { Hold } from '../terms/events.js';
import { faultStop, lostJobStop, type Stop } from '../terms/stops.js';
import type { Action, Ending } from './health.js';
import { Holds } from './holds.js';
import { Intake } from './intake.js';
import type { EarlierRuns, LoopHooks, LoopOptions, LoopPorts } from './loop-parts.js';
import { Fifo } from './ready-rows.js';
import { type OpenRow, Window } from './row-window.js';

/**
 * One run's loop: rows come in as they are read, tries go out as cap, rate, order and health allow, outcomes are
 * written down.
 *
 * A row is read, then `ready` (none of its visitor is open before it), then under way, then it has ended; between two
 * tries it rests. `#nextStart` alone says whether a try may start, and with which row. It is asked by p-queue's tasks,
 * each of which sends one row after the other for as long as there is one, and by `#pump`, which starts tasks: whatever
 * can make a try possible calls that.
 *
 * Invariants: of one visitor at most one row is ready, resting or under way; no try starts while older outcomes
 * cannot be written, while the lease on the job is in doubt, or after a stop; a row ends once, and its line is handed
 * to the journal in the same step.
 */
export class Loop {
  readonly #options: LoopOptions;
  readonly #ports: LoopPorts;
  readonly #hooks: LoopHooks;
  readonly #window = new Window();
  readonly #ready = new Fifo<OpenRow>();
  readonly #intake: Intake;
  readonly #outgoing: Outgoing;
  readonly #queue: PQueue;
  /** Tries under way: the queue's tasks less those that are just looking for a row. */
  #underWayCount = 0;
  readonly #holds: Holds;
  readonly #rests = new Set<Cancel>();
  #cancelGrace: Cancel | null = null;
  #isPumping = false;
  #hasReadAll = false;
  #stop: Stop | null = null;
  #finish: () => void = () => {};
  readonly #finished: Promise<void>;

  constructor(from: Position, options: LoopOptions, ports: LoopPorts, hooks: LoopHooks) {
    this.#options = options;
    this.#ports = ports;
    this.#hooks = hooks;
    this.#intake = new Intake(from, this.#window, this.#ready, ports, options.idType, {
      isStopped: () => this.#stop !== null,
      pump: () => this.#pump(),
      record: (result) => this.#record(result),
    });
    this.#outgoing = makeOutgoing(options.request);
    this.#queue = new PQueue({ concurrency: options.concurrency });
    this.#holds = new Holds(ports.clock, this.#queue, hooks, {
      pump: () => this.#pump(),
      stop: (stop) => this.stop(stop),
    });
    this.#finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#queue.on('next', () => this.#pump());
    // Units that come back early end a wait, and FILE is looked at again after every wait.
    ports.pacer.onReady = () => {
      if (this.hold?.cause !== 'cap') this.#pump();
      else if (!this.#holds.isLooking) this.#holds.lookAtFile();
    };
    ports.journal.onWritten = () => this.#pump();
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

  get underWayCount(): number {
    return this.#underWayCount;
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
    return this.#stop === null;
  }

  /** No more rows come. Resolves when every row has its end, or the run has stopped and nothing is under way. */
  async drain(): Promise<void> {
    this.#hasReadAll = true;
    this.#pump();
    await this.#finished;
    await this.#queue.onIdle();
  }

  /** The first stop stands; a later one can only shorten how long what is under way may take. */
  stop(stop: Stop): void {
    if (this.#stop === null) {
      this.#stop = stop;
      for (const cancel of this.#rests) cancel();
      this.#rests.clear();
      this.#ports.pacer.onReady = null;
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
      // One for all of the task's tries.
      const sender: Sender = {
        // A connection may have been long in coming: what held when the try was begun must hold still.
        mayStart: () => {
          try {
            const now = instantOf(this.#ports.clock);
            hasLeft = this.#stop === null && start.permit.isValid(now) && this.#ports.lock.isHeld(now);
          } catch (error) {
            this.#hooks.onFault(error);
          }
          return hasLeft;
        },
        settled: (reply) => {
          try {
            const now = instantOf(this.#ports.clock);
            this.#settled(start, reply, hasLeft, now);
            const next = this.#goOn(now);
            if (next !== null) {
              start = next;
              hasLeft = false;
              this.#send(start.row, sender);
              return;
            }
          } catch (error) {
            this.#hooks.onFault(error);
          }
          end();
        },
      };
      this.#send(start.row, sender);
    });
  }

  #send(row: OpenRow, sender: Sender): void {
    const { transport, token } = this.#ports;
    transport.send(this.#outgoing(row.form, token.authorization), sender);
  }

  /** What a task does next; `null`: it ends, and the queue says so. What just ended may let others start as well. */
  #goOn(now: Instant): Start | null {
    if (this.#isPumping) return null;
    if (this.#hasIdleTask()) this.#pump();
    this.#isPumping = true;
    try {
      return this.#nextStart(now);
    } finally {
      this.#isPumping = false;
    }
  }

  /** The next try, or `null`: not now, and `#pump` is called when one may start. */
  #nextStart(now = instantOf(this.#ports.clock)): Start | null {
    if (this.#stop !== null || this.#holds.isLooking) return null;
    const { health, journal, lock, pacer } = this.#ports;
    if (this.#ready.size === 0 && this.#rests.size === 0) return this.#settleIfStuck() ? this.#nextStart(now) : null;
    const nowMs = now.monotonicMs;
    const gate = health.gate(nowMs);
    if (gate.kind === 'closed') {
      this.#holds.waitFor(gate.cause, gate.untilMs, gate.cause === 'token' ? nowMs : health.holdSinceMs);
      return null;
    }
    if (this.#ready.size === 0) return null; // all rest: a hold is told all the same
    if (gate.kind === 'one-at-a-time' && this.#underWayCount > 0) return null;
    // A wait that ended in another way than by its own timer: FILE is looked at all the same.
    if (this.#queue.isPaused && this.hold?.cause !== 'cap') return this.#holds.lookAtFile();
    if (gate.kind === 'open' && this.hold?.cause !== 'cap') this.#holds.release();
    if (!journal.mayStart(nowMs)) return null; // onWritten calls again
    if (!lock.isHeld(now)) {
      return this.#holds.look(async () => ((await lock.confirm()) ? null : lostJobStop));
    }
    return this.#startUnder(pacer.take(now), nowMs);
  }

  #startUnder(take: ReturnType<Pacer['take']>, nowMs: number): Start | null {
    switch (take.kind) {
      case 'go': {
        if (this.#queue.isPaused) {
          this.#ports.pacer.giveBack(take.permit);
          return this.#holds.lookAtFile();
        }
        this.#holds.release();
        const row = this.#ready.take();
        if (row === undefined) throw new Error('the queue of ready rows was seen filled and is empty');
        this.#underWayCount += 1;
        this.#intake.giveRoom();
        return { row, permit: take.permit, startedMs: nowMs };
      }
      case 'wait':
        this.#holds.wakeAt(take.untilMonotonicMs, () => this.#pump());
        return null;
      case 'fetching':
        return null;
      case 'cap-used':
        if (this.#options.onCap === 'stop') this.stop(this.#hooks.capStop());
        else this.#holds.waitFor('cap', take.freeAtMonotonicMs, nowMs);
        return null;
      case 'fault':
        this.stop(faultStop(take.error));
        return null;
    }
  }

  /** Nothing is ready, resting or under way, and no row can come: what waits for evidence gets its end without. */
  #settleIfStuck(): boolean {
    const canMore = this.#underWayCount > 0 || this.#rests.size > 0;
    const canRead = !this.#hasReadAll && !this.#intake.isWaiting;
    if (canMore || canRead || this.#window.openCount === 0) return false;
    const actions = this.#ports.health.settle();
    if (actions.some((action) => action.kind === 'end')) this.#hooks.onSettledWithoutEvidence();
    for (const action of actions) this.#act(action);
    return actions.length > 0;
  }

  #settled({ row, permit, startedMs }: Start, reply: Reply, hasLeft: boolean, now: Instant): void {
    const { pacer, tally } = this.#ports;
    this.#underWayCount -= 1;
    // A unit under which no byte left goes back; one under which bytes may have left never does.
    if (hasLeft) pacer.ended(permit, now);
    else pacer.giveBack(permit);
    if (reply.kind === 'not-started') {
      if (this.#stop === null) this.#ready.putFirst(row);
      return;
    }
    row.attempts += 1;
    row.firstTryMonotonicMs ??= startedMs;
    row.firstTryAtMs ??= now.wallMs - (now.monotonicMs - startedMs);
    tally.tryCount += 1;
    this.#hooks.onProgress();
    this.#answered(row, reply, now);
  }

  #answered(row: OpenRow, reply: Exclude<Reply, { kind: 'not-started' }>, now: Instant): void {
    if (reply.kind === 'aborted') return; // it may have been taken: the row stays to be sent
    const fault = machineFault(reply);
    if (fault !== null) {
      this.stop(faultStop(fault)); // not the row's fault, nor the endpoint's: the row stays to be sent
      return;
    }
    const { health, token } = this.#ports;
    const outcome = classify(reply, now.wallMs);
    const clean =
      outcome.kind === 'submitted' || outcome.reason.text === null
        ? outcome
        : { ...outcome, reason: { ...outcome.reason, text: redact(outcome.reason.text, row.form, token.secret) } };
    for (const action of health.judge(row, clean, now.monotonicMs)) this.#act(action, now);
  }

  #act(action: Action<OpenRow>, now = instantOf(this.#ports.clock)): void {
    switch (action.kind) {
      case 'end':
        this.#end(action.row, action.ending, now);
        return;
      case 'rest':
        if (this.#stop === null) this.#rest(action.row, action.restMs);
        return;
      case 'again':
        this.#ready.putFirst(action.row);
        return;
      case 'reread-token':
        this.#holds.look(async () => {
          await this.#ports.token.reread();
          for (const next of this.#ports.health.tokenReread()) this.#act(next);
          return null;
        });
        return;
      case 'stop':
        this.stop(action.stop);
    }
  }

  #rest(row: OpenRow, restMs: number): void {
    const cancel = this.#ports.clock.schedule(restMs, () => {
      this.#rests.delete(cancel);
      this.#ready.putFirst(row);
      this.#pump();
    });
    this.#rests.add(cancel);
  }

  #end(row: OpenRow, ending: Ending, now: Instant): void {
    const { memory } = this.#ports;
    const durationMs = row.firstTryMonotonicMs === null ? 0 : row.earlierMs + now.monotonicMs - row.firstTryMonotonicMs;
    const resultByte = this.#record({
      rowNumber: row.rowNumber,
      lineNumber: row.lineNumber,
      id: row.id,
      status: ending.status,
      httpStatus: ending.httpStatus,
      attempts: row.attempts,
      durationMs: Math.round(durationMs),
      finishedAtMs: now.wallMs,
      reason: ending.reason,
    });
    if (row.mark !== null && ending.status === 'submitted') memory?.submitted(row.mark);
    const next = this.#window.end(row, resultByte);
    if (next !== null) this.#ready.put(next);
    this.#intake.giveRoom();
  }

  #record(result: RowResult): number {
    const resultByte = this.#ports.journal.write(result);
    this.#ports.tally.add(result);
    this.#hooks.onProgress();
    const stop = this.#hooks.onEnded(result);
    if (stop !== null) this.stop(stop);
    return resultByte;
  }

  #finishIfDone(): void {
    if (this.#queue.pending > 0) return;
    if (this.#stop === null && !(this.#hasReadAll && this.#window.openCount === 0)) return;
    this.#cancelGrace?.();
    this.#holds.end();
    this.#finish();
  }
}

/** A row and the leave to send it. */
interface Start {
  readonly row: OpenRow;
  readonly permit: Permit;
  /** Monotonic. */
  readonly startedMs: number;
}
