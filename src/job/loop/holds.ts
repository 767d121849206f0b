import type PQueue from 'p-queue';
import type { Cancel, Clock } from '../../platform/ports.js';
import type { Hold } from '../terms/events.js';
import type { Stop } from '../terms/stops.js';
import type { HoldRequest } from './departure.js';
import type { LoopHooks } from './loop-parts.js';

/** A hold whose end moves by less is the same hold. */
const holdNewsMs = 1000;
/** An outage that lasts is told again after this time. */
const repeatMs = 30_000;

/**
 * The waits of a run: until when nothing leaves, and what is asked before anything does again.
 *
 * States: free; held (the queue is paused); asking (nothing starts until every promise has answered). A wait leads from
 * held to a recheck of FILE: only that starts the queue again. `hold`, what people are told, ends later: when rows leave
 * again and not one alone to see whether they can.
 */
export class Holds {
  readonly #clock: Clock;
  readonly #queue: PQueue;
  readonly #hooks: Pick<LoopHooks, 'onHold' | 'onRelease' | 'onFault'>;
  readonly #loop: { readonly pump: () => void; readonly stop: (stop: Stop) => void };
  #hold: Hold | null = null;
  #cancelWake: Cancel | null = null;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #cancelRepeat: Cancel | null = null;
  #askCount = 0;

  constructor(
    clock: Clock,
    queue: PQueue,
    hooks: Pick<LoopHooks, 'onHold' | 'onRelease' | 'onFault'>,
    loop: { readonly pump: () => void; readonly stop: (stop: Stop) => void },
  ) {
    this.#clock = clock;
    this.#queue = queue;
    this.#hooks = hooks;
    this.#loop = loop;
  }

  get hold(): Hold | null {
    return this.#hold;
  }

  get isAsking(): boolean {
    return this.#askCount > 0;
  }

  /**
   * There was a wait, and FILE has not been rechecked since. `hasPermit`: of an attempt that has its unit, and leaves
   * within the unit's few seconds. A wait for units that others began meanwhile does not keep it: it would go back and
   * be acquired again, for ever.
   */
  isFileRecheckDue(hasPermit: boolean): boolean {
    return this.#queue.isPaused && !(hasPermit && isPacersHold(this.#hold));
  }

  /** Nothing leaves until `untilMs`, or until told. */
  wait({ cause, sinceMs, untilMs, lastError }: HoldRequest): void {
    this.#queue.pause();
    const toWall = this.#clock.wallMs() - this.#clock.monotonicMs();
    const before = this.#hold?.cause === cause ? this.#hold : null;
    const sinceWallMs = before?.sinceWallMs ?? sinceMs + toWall;
    const hold = { cause, sinceWallMs, untilWallMs: untilMs === null ? null : untilMs + toWall, lastError };
    if (before === null || isNews(before, hold)) this.#tell(hold);
    if (untilMs !== null) this.wakeAt(untilMs);
  }

  /** Rows leave again. */
  release(): void {
    if (this.#hold === null) return;
    const { cause, sinceWallMs } = this.#hold;
    this.#forget();
    this.#hooks.onRelease(cause, sinceWallMs);
  }

  /** Nothing starts until `ask` has answered: with a stop, or with `null`. */
  ask(ask: () => Promise<Stop | null>): void {
    this.#askCount += 1;
    ask().then(
      (stop) => {
        this.#askCount -= 1;
        if (stop !== null) this.#loop.stop(stop);
        this.#loop.pump();
      },
      (error: unknown) => this.#hooks.onFault(error),
    );
  }

  /** FILE has been rechecked, and is what it was. */
  fileRechecked(): void {
    this.#queue.start();
  }

  /** One alarm at a time: the last one set. */
  wakeAt(atMs: number): void {
    if (this.#cancelWake !== null && this.#wakeAtMs === atMs) return;
    this.#cancelWake?.();
    this.#wakeAtMs = atMs;
    this.#cancelWake = this.#clock.schedule(Math.max(0, atMs - this.#clock.monotonicMs()), () => {
      this.#cancelWake = null;
      this.#loop.pump();
    });
  }

  /** The run ends: nothing is waited for any more. A hold that lasts is not called over. */
  end(): void {
    this.#cancelWake?.();
    this.#forget();
    this.#queue.start();
  }

  #tell(hold: Hold): void {
    this.#hold = hold;
    this.#cancelRepeat?.();
    this.#cancelRepeat = hold.cause === 'outage' ? this.#clock.schedule(repeatMs, () => this.#tell(hold)) : null;
    this.#hooks.onHold(hold);
  }

  #forget(): void {
    this.#hold = null;
    this.#cancelRepeat?.();
    this.#cancelRepeat = null;
  }
}

function isNews(before: Hold, now: Hold): boolean {
  const isMoved = Math.abs((before.untilWallMs ?? 0) - (now.untilWallMs ?? 0)) > holdNewsMs;
  return isMoved || before.lastError !== now.lastError;
}

/** What the pacer waits for: it ends these holds itself, and `Loop.#acquire` releases them. */
export function isPacersHold(hold: Hold | null): boolean {
  return hold?.cause === 'cap' || hold?.cause === 'state';
}
