import { wrongEndpointStop } from './stops.js';
import { differentRowsMax, errorText, evidenceOf, type HealthRow, pass, type Seen, type Step } from './terms.js';

/** The guard of the first answers: before a row of the job has been taken, how many were refusals or not understood. */
export interface FirstAnswers {
  readonly wrongCount: number;
}

export const noFirstAnswers: FirstAnswers = { wrongCount: 0 };

export function firstAnswers<Row extends HealthRow>(state: FirstAnswers, seen: Seen<Row>): Step<FirstAnswers, Row> {
  const { outcome, hasTaken, options } = seen;
  const evidence = evidenceOf(outcome);
  const isWrong = evidence === 'own' || evidence === 'strange';
  if (hasTaken || !options.guardsFirstAnswers || !isWrong) return { state, verdict: pass, freed: [] };
  const next = { wrongCount: state.wrongCount + 1 };
  if (next.wrongCount >= differentRowsMax) {
    return { state: next, verdict: { kind: 'stop', stop: wrongEndpointStop(errorText(seen)) }, freed: [] };
  }
  if (outcome.kind !== 'refused') return { state: next, verdict: pass, freed: [] };
  const ending = { status: 'refused', httpStatus: outcome.httpStatus, reason: outcome.reason } as const;
  return { state: next, verdict: { kind: 'await', ending, evidence: 'own-answer' }, freed: [] };
}
