import type { Memory } from '../../memory/memory.js';
import type { Pacer, Permit } from '../../pacing/pacer.js';
import type { Clock, Transport } from '../../platform/ports.js';
import type { MergeForms } from '../../target-api/merge-forms.js';
import type { Route } from '../../target-api/routes/route.js';
import type { Health } from '../health/health.js';
import type { Lock } from '../lock/lock.js';
import type { Journal } from '../results/journal.js';
import type { RowResult } from '../results/result.js';
import type { Hold, HoldCause } from '../terms/events.js';
import type { Stop } from '../terms/stops.js';
import type { Lane } from './lanes.js';
import type { RowQuota } from './row-quota.js';
import type { OpenRow } from './row-window.js';
import type { Tally } from './tally.js';
import type { TokenSource } from './token.js';
import type { UpdateOrder } from './update-order.js';

/** What the loop is made with, and what it tells. */

export interface LoopOptions {
  readonly concurrency: number;
  readonly graceMs: number;
  readonly onCap: 'wait' | 'stop' | 'delivery';
}

export interface LoopPorts {
  readonly clock: Clock;
  readonly transport: Transport;
  /** Of the main route, which `pacer` counts. */
  readonly route: Route;
  readonly pacer: Pacer;
  /** --on-cap delivery: where rows go while the main route's cap is used up. */
  readonly overflow: Lane | null;
  readonly order: UpdateOrder;
  readonly journal: Journal;
  readonly lock: Lock;
  readonly memory: Memory | null;
  /** --coalesce: makes one update of several; `null`: each row is its own. */
  readonly merge: MergeForms | null;
  readonly health: Health<OpenRow>;
  readonly token: TokenSource;
  readonly tally: Tally;
  readonly quota: RowQuota;
}

export interface LoopHooks {
  /** An attempt has ended, or a row: the checkpoint has something new to hold. */
  onProgress(): void;
  /** Called as a row ends, its line handed to the journal; a stop where it was one too many. */
  onEnded(result: RowResult): Stop | null;
  onHold(hold: Hold): void;
  onRelease(cause: HoldCause, sinceWallMs: number): void;
  /** Held-back rows ended without the evidence that they were held back for. */
  onSettledWithoutEvidence(): void;
  /** After a wait: a stop where FILE is no longer what it was. */
  recheckFile(): Promise<Stop | null>;
  capStop(): Stop;
  /** Rows are left that --limit keeps back. */
  limitStop(): Stop;
  /** Resolves when a checkpoint of now is durable. */
  saveCheckpoint(): Promise<null>;
  /** A fault of the program; the run stops. */
  onFault(error: unknown): void;
}

/** What earlier runs of the job left behind for rows from `next` on, by row number; used up as the rows come by. */
export interface EarlierRuns {
  /** Rows that have their line in the report, and where it begins. */
  readonly ended: Map<number, number>;
  /** Rows that were tried and have no end. */
  readonly tried: Map<number, EarlierTries>;
}

export interface EarlierTries {
  readonly attempts: number;
  readonly firstTryAtMs: number;
  /** From the first try to the beginning of this run. */
  readonly earlierMs: number;
}

/** A row and the permit to send it. */
export interface Start {
  readonly row: OpenRow;
  readonly permit: Permit;
  readonly lane: Lane;
  /** Monotonic. */
  readonly startedMs: number;
}
