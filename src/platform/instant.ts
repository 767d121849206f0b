import type { Clock } from './ports.js';

/** One reading of both clocks, for a step that asks several times: reading them costs as much as what is asked. */
export interface Instant {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** The monotonic clock first: a process that stood still in between seems to have slept, which is the safe side. */
export function instantOf(clock: Clock): Instant {
  const monotonicMs = clock.monotonicMs();
  return { monotonicMs, wallMs: clock.wallMs() };
}
