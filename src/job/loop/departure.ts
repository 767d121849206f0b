import type { Permit } from '../../pacing/pacer.js';
import type { Instant } from '../../platform/instant.js';
import type { Gate } from '../health/terms.js';
import type { Hold } from '../terms/events.js';
import type { Stop } from '../terms/stops.js';

/**
 * When an attempt may leave: one ordered list of conditions.
 *
 * The list is asked twice, in the same form: before an attempt is scheduled (`obstacleTo`), and in the step in which
 * its bytes leave (`mayLeave`), because a connection may take long to come. A condition cannot be asked at one of the
 * two doors and forgotten at the other: there is no other way to ask.
 *
 * Invariants: asking changes nothing, so a condition may be asked any number of times; the permit comes last, because
 * its `isValid` counts on the bytes leaving. What removes an obstacle is the loop's work: an obstacle is a value that
 * says what to wait for.
 */
export class Departure<Row> {
  readonly #conditions: readonly Condition<Row>[];

  constructor(conditions: readonly Condition<Row>[]) {
    this.#conditions = conditions;
  }

  /** The first obstacle in the order of the list. An attempt without a permit has one at least: that. */
  obstacleTo(attempt: Attempt<Row>, now: Instant): Obstacle | null {
    for (const condition of this.#conditions) {
      const obstacle = condition.obstacle(attempt, now);
      if (obstacle !== null) return obstacle;
    }
    return null;
  }

  /** Whether the bytes of this attempt may leave in this step. */
  mayLeave(attempt: Attempt<Row>, now: Instant): boolean {
    return this.obstacleTo(attempt, now) === null;
  }
}

/** An attempt that wants to leave. */
export interface Attempt<Row> {
  /** `null`: no row is ready. It is asked all the same, so that a hold is told. */
  readonly row: Row | null;
  /** `null`: none has been acquired. */
  readonly permit: Permit | null;
  /** Attempts in flight beside this one. */
  readonly othersInFlight: number;
}

/** What keeps an attempt from leaving, and what to wait for. */
export type Obstacle =
  /** Until told: whoever removes it calls the loop. */
  | { readonly kind: 'told' }
  /** Until a time, or until told (`null`); people hear of it. */
  | { readonly kind: 'hold'; readonly hold: HoldRequest }
  /** Nothing is scheduled until the promise has answered: with a stop, or `null`. */
  | { readonly kind: 'ask'; readonly ask: () => Promise<Stop | null> }
  /** The row is to be marked, durably, and judged again. */
  | { readonly kind: 'mark' }
  /** A permit is to be acquired. */
  | { readonly kind: 'permit' };

/** On the monotonic clock. */
export interface HoldRequest extends Pick<Hold, 'cause' | 'lastError'> {
  readonly sinceMs: number;
  readonly untilMs: number | null;
}

export interface Condition<Row> {
  readonly name: 'stop' | 'answer' | 'health' | 'row' | 'file' | 'journal' | 'lock' | 'memory' | 'permit';
  /** `null`: it holds. Changes nothing. `now`: read in this step. */
  obstacle(attempt: Attempt<Row>, now: Instant): Obstacle | null;
}

/** What the conditions ask of the run. */
export interface DepartureParts<Row> {
  isStopped(): boolean;
  /** Whether a promise that was asked has not answered. */
  isAsking(): boolean;
  gate(nowMs: number): Gate;
  /** After a wait, before anything leaves. `hasPermit`: a wait for units is none of this attempt. */
  isFileRecheckDue(hasPermit: boolean): boolean;
  recheckFile(): Promise<Stop | null>;
  canWriteResults(nowMs: number): boolean;
  isLockHeld(now: Instant): boolean;
  confirmLock(): Promise<Stop | null>;
  /** Whether the memory of --changed-only knows of an attempt of this row that leaves now. */
  isMarked(row: Row, now: Instant): boolean;
  /** The memory's home is away, and somebody waits for it; `null`: not so. */
  memoryHold(): HoldRequest | null;
}

/** The conditions in their order: what is final first, then what people hear of, then what costs a look, the permit last. */
export function departureConditions<Row>(parts: DepartureParts<Row>): readonly Condition<Row>[] {
  return [
    { name: 'stop', obstacle: () => (parts.isStopped() ? told : null) },
    { name: 'answer', obstacle: () => (parts.isAsking() ? told : null) },
    {
      name: 'health',
      obstacle: ({ othersInFlight }, now) => {
        const gate = parts.gate(now.monotonicMs);
        if (gate.kind === 'closed') return { kind: 'hold', hold: gate };
        return gate.kind === 'one-at-a-time' && othersInFlight > 0 ? told : null;
      },
    },
    // Without a row there is nothing to leave; but rows that wait for the memory are not ready.
    { name: 'row', obstacle: ({ row }) => (row === null ? (held(parts.memoryHold()) ?? told) : null) },
    {
      name: 'file',
      obstacle: ({ permit }) => (parts.isFileRecheckDue(permit !== null) ? ask(() => parts.recheckFile()) : null),
    },
    { name: 'journal', obstacle: (_, now) => (parts.canWriteResults(now.monotonicMs) ? null : told) },
    { name: 'lock', obstacle: (_, now) => (parts.isLockHeld(now) ? null : ask(() => parts.confirmLock())) },
    {
      name: 'memory',
      obstacle: ({ row }, now) =>
        row === null || parts.isMarked(row, now) ? null : (held(parts.memoryHold()) ?? { kind: 'mark' }),
    },
    { name: 'permit', obstacle: ({ permit }, now) => (permit?.isValid(now) ? null : { kind: 'permit' }) },
  ];
}

const told = { kind: 'told' } as const;

function held(hold: HoldRequest | null): Obstacle | null {
  return hold === null ? null : { kind: 'hold', hold };
}

function ask(run: () => Promise<Stop | null>): { readonly kind: 'ask'; readonly ask: () => Promise<Stop | null> } {
  return { kind: 'ask', ask: run };
}
