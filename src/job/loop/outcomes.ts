import { type Instant, instantOf } from '../../platform/instant.js';
import type { Reply } from '../../platform/ports.js';
import { machineFault } from '../../target-api/network/machine-fault.js';
import { redact } from '../../target-api/redact.js';
import type { TryOutcome } from '../../terms/outcome.js';
import type { Ending, Judgement, Move } from '../health/health.js';
import type { RowResult } from '../results/result.js';
import { faultStop, type Stop } from '../terms/stops.js';
import { earlierResult, earlierRows, takeApart, updateForm, updateOf } from './coalesce.js';
import type { Holds } from './holds.js';
import { type Intake, lastSubmitted } from './intake.js';
import type { Lane } from './lanes.js';
import type { LoopHooks, LoopPorts, Start } from './loop-parts.js';
import type { ReadyRows } from './ready-rows.js';
import type { Recorder } from './recorder.js';
import type { OpenRow, Window } from './row-window.js';

export interface OutcomeParts {
  readonly ports: LoopPorts;
  readonly hooks: Pick<LoopHooks, 'onProgress'>;
  readonly window: Window;
  readonly ready: ReadyRows;
  readonly intake: Intake;
  readonly holds: Holds;
  readonly recorder: Recorder;
}

/** What outcomes ask of the loop. */
export interface JudgedLoop {
  isStopped(): boolean;
  stop(stop: Stop): void;
}

/**
 * What follows from a reply: the unit is used or goes back, health judges, and the row ends, rests or waits.
 *
 * Invariants: a permit is resolved once; a row ends once, and the lines of a task are handed to the journal in one step;
 * a row that may have been taken, and of which that is not known, stays open.
 */
export class Outcomes {
  readonly #parts: OutcomeParts;
  readonly #calls: JudgedLoop;

  constructor(parts: OutcomeParts, calls: JudgedLoop) {
    this.#parts = parts;
    this.#calls = calls;
  }

  /** An attempt is over. `hasLeft`: its bytes left, or some of them may have. */
  settled({ row, permit, lane, startedMs }: Start, reply: Reply, hasLeft: boolean, now: Instant): void {
    const { order, tally } = this.#parts.ports;
    // A unit under which no byte left goes back; one under which bytes may have left never does.
    if (hasLeft) lane.pacer.ended(permit, now);
    else lane.pacer.giveBack(permit);
    if (hasLeft) order.left(row, lane.route.name, now);
    if (reply.kind === 'not-started') {
      if (!this.#calls.isStopped()) this.#parts.ready.putFirst(row);
      return;
    }
    row.attempts += 1;
    row.route = lane.route.name;
    row.firstTryMonotonicMs ??= startedMs;
    row.firstTryAtMs ??= now.wallMs - (now.monotonicMs - startedMs);
    tally.tryCount += 1;
    this.#parts.hooks.onProgress();
    this.#answered(row, lane, reply, now);
  }

  #answered(row: OpenRow, lane: Lane, reply: Exclude<Reply, { kind: 'not-started' }>, now: Instant): void {
    if (reply.kind === 'aborted') return; // it may have been taken: the row stays to be sent
    const fault = machineFault(reply);
    if (fault !== null) {
      this.#calls.stop(faultStop(fault)); // not the row's fault, nor the endpoint's: the row stays to be sent
      return;
    }
    const { health, token } = this.#parts.ports;
    const outcome = lane.route.judge(updateOf(row), reply, now.wallMs);
    if (!health.hasTaken && isOfOneRow(outcome) && earlierRows(row).length > 0) {
      this.#parts.ready.putFirst(takeApart(row)); // one bad row must not speak for all that went with it
      return;
    }
    const clean =
      outcome.kind === 'submitted' || outcome.reason.text === null
        ? outcome
        : {
            ...outcome,
            reason: { ...outcome.reason, text: redact(outcome.reason.text, updateForm(row), token.secret) },
          };
    this.follows(health.judge(row, clean, now.monotonicMs), now);
  }

  /** Does what health says. */
  follows(judgement: Judgement<OpenRow>, now = instantOf(this.#parts.ports.clock)): void {
    if (judgement.kind === 'stop') {
      this.#calls.stop(judgement.stop);
      return;
    }
    for (const move of judgement.moves) this.#move(move, now);
    if (judgement.rereadsToken) this.#parts.holds.ask(() => this.#rereadToken());
  }

  async #rereadToken(): Promise<null> {
    const { health, token, clock } = this.#parts.ports;
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
        if (!this.#calls.isStopped()) this.#parts.ready.rest(move.row, move.restMs);
        return;
      case 'again':
        if (move.place === 'first') this.#parts.ready.putFirst(move.row);
        else this.#parts.ready.put(move.row);
        return;
      case 'keep':
        return;
    }
  }

  #end(row: OpenRow, ending: Ending, now: Instant): void {
    if (ending.status === 'refused' && earlierRows(row).length > 0) {
      this.#parts.ready.putFirst(takeApart(row));
      return;
    }
    const { memory } = this.#parts.ports;
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
  endUnchanged(row: OpenRow): void {
    const result = this.#parts.recorder.unsentResult(row, row.id, 'unchanged', lastSubmitted);
    this.#leave(row, result, ({ rowNumber, lineNumber }) => ({ ...result, rowNumber, lineNumber }));
  }

  /** The task has ended: a line for each of its rows, in the file's order. */
  #leave(row: OpenRow, result: RowResult, resultOf: (earlier: OpenRow, last: RowResult) => RowResult): void {
    const { window, ready, intake, recorder } = this.#parts;
    for (const earlier of earlierRows(row)) {
      window.end(earlier, recorder.record(resultOf(earlier, result), 'follow'));
    }
    const next = window.end(row, recorder.record(result, 'done'));
    if (next !== null) ready.put(next);
    intake.giveRoom();
  }
}

/** An answer that may be one row's own. Before a row was taken, such answers stop the run. */
function isOfOneRow(outcome: TryOutcome): boolean {
  if (outcome.kind !== 'stop') return outcome.kind === 'refused';
  const { cause } = outcome;
  return cause === 'unauthorized' || cause === 'forbidden' || cause === 'redirect';
}
