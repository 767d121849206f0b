import type { Random } from '../../platform/ports.js';
import type { TryOutcome } from '../../terms/outcome.js';
import { restMs } from './backoff.js';
import { unresolvedStop } from './stops.js';
import { type Ending, errorText, evidenceOf, type HealthRow, type Seen, type Verdict } from './terms.js';

type Retried<Row> = Seen<Row> & { readonly outcome: Extract<TryOutcome, { kind: 'retry' }> };

/** One row's retries: growing backoff, then its end. `mustAnswer`: the run waits for this row's answer, and it has no last attempt. */
export function retry<Row extends HealthRow>(
  countedTries: number,
  seen: Retried<Row>,
  mustAnswer: boolean,
  random: Random,
): { readonly state: number; readonly verdict: Verdict<Row> } {
  const { row, outcome, options } = seen;
  const next = countedTries + 1;
  if (next <= options.retries || mustAnswer) {
    const pauseMs = Math.max(outcome.retryAfterMs ?? 0, restMs(next, random));
    return { state: next, verdict: { kind: 'move', move: { kind: 'rest', row, restMs: pauseMs } } };
  }
  return { state: next, verdict: exhausted(seen) };
}

/** All its attempts are used. Without evidence that the row is the cause, its end waits. */
function exhausted<Row extends HealthRow>(seen: Retried<Row>): Verdict<Row> {
  const { row, outcome, hasTaken, options } = seen;
  if (outcome.trouble === 'dns') return { kind: 'stop', stop: unresolvedStop(outcome.reason, errorText(seen)) };
  const ending: Ending = { status: 'failed', httpStatus: outcome.httpStatus, reason: outcome.reason };
  switch (evidenceOf(outcome)) {
    case 'trouble':
      return { kind: 'await', ending, evidence: 'answer' };
    case 'strange':
      if (hasTaken || options.guardsFirstAnswers) return { kind: 'await', ending, evidence: 'own-answer' };
      return { kind: 'move', move: { kind: 'end', row, ending } };
    default:
      return { kind: 'move', move: { kind: 'end', row, ending } };
  }
}
