import type { BootClock, Cancel, Clock } from '../../src/platform/ports.js';

/**
 * Time that moves by hand: a Clock and a BootClock in one.
 *
 * Invariants: monotonic time never goes back but at `reboot`; timers run in the order of their due times, those due at
 * the same instant in the order in which they were set; while one runs, the clock stands exactly at its due time.
 */
export interface MovedClock extends Clock, BootClock {
  /** Moves all clocks on by `ms` (0 or more) and runs what comes due, letting promises settle before and after each. */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock on (or back, below 0) by `ms`; nothing else moves and no timer runs. */
  stepWall(ms: number): void;
  /** The machine sleeps: wall clock and uptime move on by `ms`, the monotonic clock and its timers stand still. */
  sleepMachine(ms: number): void;
  /** Another boot after `downMs` (default 0): a new boot id, monotonic time and uptime from 0, all timers gone. */
  reboot(downMs?: number): void;
  /** How many timers are set: 0 at the end of a test that leaks none. */
  timerCount(): number;
  /** How long until the next timer is due; `null` if none is set. */
  untilNextMs(): number | null;
}

interface Timer {
  readonly dueMonotonicMs: number;
  readonly run: () => void;
}

/** Timers at one instant above which the code under test is taken to be waiting in a circle. */
const timersAtOneInstantMax = 100_000;

/** Lets promises, and what they call, come to rest: `setImmediate` runs when no microtask is left. */
export async function settle(rounds = 3): Promise<void> {
  for (let round = 0; round < rounds; round += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

export interface MovedClockStart {
  /** Default 2026-01-01T00:00:00Z. */
  readonly wallMs?: number;
  /** Default 1,000,000: not 0, so that a forgotten start value shows. */
  readonly monotonicMs?: number;
}

export function movedClock(start: MovedClockStart = {}): MovedClock {
  let wallMs = start.wallMs ?? Date.UTC(2026, 0, 1);
  let monotonicMs = start.monotonicMs ?? 1_000_000;
  let uptimeMs = monotonicMs;
  let bootNumber = 1;
  /** In the order in which they will run. */
  let timers: Timer[] = [];

  const moveAwake = (ms: number) => {
    monotonicMs += ms;
    uptimeMs += ms;
    wallMs += ms;
  };

  const takeDue = (endMonotonicMs: number): Timer | null => {
    const first = timers[0];
    if (first === undefined || first.dueMonotonicMs > endMonotonicMs) return null;
    timers.shift();
    return first;
  };

  return {
    wallMs: () => Math.floor(wallMs),
    monotonicMs: () => monotonicMs,
    bootId: () => `boot-${bootNumber}`,
    uptimeMs: () => uptimeMs,

    schedule(delayMs, run): Cancel {
      if (!(delayMs >= 0)) throw new RangeError(`a delay must be 0 or more, not ${delayMs}`);
      const timer: Timer = { dueMonotonicMs: monotonicMs + delayMs, run };
      timers.splice(placeOf(timers, timer.dueMonotonicMs), 0, timer);
      return () => {
        const index = timers.indexOf(timer);
        if (index >= 0) timers.splice(index, 1);
      };
    },

    async advance(ms) {
      if (!(ms >= 0)) throw new RangeError(`time moves on by 0 or more, not ${ms}: stepWall moves the wall clock back`);
      await settle();
      const endMonotonicMs = monotonicMs + ms;
      let instantMs = monotonicMs;
      let atInstantCount = 0;
      for (let timer = takeDue(endMonotonicMs); timer !== null; timer = takeDue(endMonotonicMs)) {
        moveAwake(Math.max(0, timer.dueMonotonicMs - monotonicMs));
        atInstantCount = monotonicMs === instantMs ? atInstantCount + 1 : 1;
        instantMs = monotonicMs;
        if (atInstantCount > timersAtOneInstantMax) throw new Error('timers without end at one instant: a circle?');
        timer.run();
        await settle();
      }
      moveAwake(Math.max(0, endMonotonicMs - monotonicMs));
    },

    stepWall(ms) {
      wallMs += ms;
    },
    sleepMachine(ms) {
      uptimeMs += ms;
      wallMs += ms;
    },
    reboot(downMs = 0) {
      wallMs += downMs;
      monotonicMs = 0;
      uptimeMs = 0;
      bootNumber += 1;
      timers = [];
    },
    timerCount: () => timers.length,
    untilNextMs: () => {
      const first = timers[0];
      return first === undefined ? null : Math.max(0, first.dueMonotonicMs - monotonicMs);
    },
  };
}

/** Behind every timer that is due no later. */
function placeOf(timers: readonly Timer[], dueMonotonicMs: number): number {
  let low = 0;
  let high = timers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const timer = timers[middle];
    if (timer !== undefined && timer.dueMonotonicMs <= dueMonotonicMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
