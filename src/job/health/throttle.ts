import type { Random } from '../../platform/ports.js';
import { holdMs } from './backoff.js';
import { serverWaitStop } from './stops.js';
import { errorText, type HealthRow, pass, type Seen, type Step } from './terms.js';

/** 429 and 503: the server says "later", and nothing leaves until then. Enters by such an answer, leaves by time. */
export interface Throttle {
  readonly untilMs: number;
  readonly sinceMs: number;
  /** Holds in a row, each longer than the one before. */
  readonly level: number;
  readonly lastError: string | null;
}

export const noThrottle: Throttle = { untilMs: 0, sinceMs: 0, level: 0, lastError: null };

export function throttle<Row extends HealthRow>(state: Throttle, seen: Seen<Row>, random: Random): Step<Throttle, Row> {
  const { outcome, nowMs, options } = seen;
  if (outcome.kind === 'submitted') {
    return { state: state.level === 0 ? state : { ...state, level: 0 }, verdict: pass, freed: [] };
  }
  if (outcome.kind !== 'retry' || outcome.trouble !== 'throttled') return { state, verdict: pass, freed: [] };
  const askedMs = outcome.retryAfterMs ?? 0;
  const lastError = errorText(seen);
  if (options.stopsAtLongWaits && askedMs > 60_000) {
    const stop = serverWaitStop(outcome.httpStatus, askedMs, lastError);
    return { state, verdict: { kind: 'stop', stop }, freed: [] };
  }
  const isHeld = nowMs < state.untilMs;
  // Answers to attempts that left before the hold began say nothing new: only a hold after a hold grows.
  const pauseMs = isHeld ? 0 : holdMs(state.level, random);
  const next: Throttle = {
    untilMs: Math.max(state.untilMs, nowMs + Math.max(pauseMs, askedMs)),
    sinceMs: isHeld ? state.sinceMs : nowMs,
    level: isHeld ? state.level : state.level + 1,
    lastError,
  };
  return { state: next, verdict: pass, freed: [] };
}
