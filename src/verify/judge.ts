import type { FetchedAttribute } from '../target-api/fetch-profile.js';
import type { Verdict } from './terms.js';
import type { Expected, ExpectedAttribute } from './visitor-draw.js';

/** What a reply says of a visitor, compared with what FILE says. Pure. */

/** Adobe's documentation: an update is applied within 24 hours. */
const appliedWithinMs = 86_400_000;
/** `Date` and stamps are exact to a second. */
const clockGrainMs = 1_000;

export interface Judged {
  readonly verdict: Verdict;
  readonly matching: number;
  readonly compared: number;
}

/** When a row was submitted, by row number; `null`: the results do not say. Our clock. */
export type SubmittedAt = (rowNumber: number) => number | null;

export function judgeNotFound(expected: Expected, submittedAt: SubmittedAt, nowMs: number): Judged {
  const isPending = [...expected.attributes.values()].some((one) => isRecent(one, submittedAt, nowMs));
  return { verdict: isPending ? 'pending' : 'not-found', matching: 0, compared: expected.attributes.size };
}

/** `aheadMs`: how far the server's clock is ahead of ours. */
export function judgeProfile(
  expected: Expected,
  found: ReadonlyMap<string, FetchedAttribute>,
  submittedAt: SubmittedAt,
  nowMs: number,
  aheadMs: number,
): Judged {
  let matching = 0;
  let isPending = false;
  let isOverwritten = true;
  for (const [name, attribute] of expected.attributes) {
    const held = found.get(name);
    if (held !== undefined && (held.value === attribute.value || attribute.orElse.includes(held.value))) {
      matching += 1;
      continue;
    }
    if (isRecent(attribute, submittedAt, nowMs)) isPending = true;
    const atMs = submittedAt(attribute.rowNumber);
    const modifiedAtMs = held?.modifiedAtMs ?? null;
    const isLater = atMs !== null && modifiedAtMs !== null && modifiedAtMs > atMs + aheadMs + clockGrainMs;
    if (!isLater) isOverwritten = false;
  }
  const compared = expected.attributes.size;
  return { verdict: verdictOf(matching === compared, isPending, isOverwritten), matching, compared };
}

function verdictOf(isApplied: boolean, isPending: boolean, isOverwritten: boolean): Verdict {
  if (isApplied) return 'applied';
  if (isPending) return 'pending';
  return isOverwritten ? 'overwritten' : 'different';
}

/** An `unchanged` row was submitted in an earlier job: it is never waited for. */
function isRecent(attribute: ExpectedAttribute, submittedAt: SubmittedAt, nowMs: number): boolean {
  if (attribute.isUnchanged) return false;
  const atMs = submittedAt(attribute.rowNumber);
  return atMs !== null && nowMs - atMs < appliedWithinMs;
}
