/**
 * What the memory holds of one attribute of one visitor, and how that changes: pure, the heart of `--changed-only`.
 *
 * A mark holds for a limited time. Before a row's attempts its attributes are marked: an attempt may leave within `leaveWithinMs` of
 * the mark, and arrives at Target within `--timeout` after it left (assumed). So until the mark's `untilMs`, and no
 * longer, an attempt under it may still be applied. Nothing is renewed, and no run has to say that it is done.
 *
 * - `known`: Target holds the value. Until `openUntilMs` attempts with that same value may still arrive.
 * - `uncertain`: the row of `token` was about to be sent. Its own attempts may arrive until `untilMs`; attempts of other
 *   markers, with values of their own, until `othersUntilMs` (0: of none).
 *
 * Only `known` lets a row be skipped. An attribute becomes known only by the marker whose token it bears, and only if no
 * attempt of another marker could arrive when it was marked: who marks it later takes the token away. A doubt sends.
 *
 * All times are the home's own (memory-home.ts), which never runs ahead of real time.
 */

/** Names one mark: who marks draws another one for each row. */
export interface Token {
  /** 64 bits that no other run has. */
  readonly run: bigint;
  /** Rises within the run, from 1. */
  readonly sequence: number;
}

/** Belongs to no run: what bears it becomes known only by a new mark. */
export const noToken: Token = { run: 0n, sequence: 0 };

export type AttributeState =
  | { readonly kind: 'known'; readonly value: bigint; readonly setAtMinutes: number; readonly openUntilMs: number }
  | { readonly kind: 'uncertain'; readonly token: Token; readonly untilMs: number; readonly othersUntilMs: number };

/** An attempt may leave for so long after its row's mark was asked for. */
export const leaveWithinMs = 60_000;

export interface NewMark {
  readonly token: Token;
  /** The same row's mark before this one: its attempts carry the same values. */
  readonly earlierToken: Token | null;
  readonly untilMs: number;
}

/** What becomes of `state` when a row is about to be sent. */
export function marked(state: AttributeState, mark: NewMark, nowMs: number): AttributeState {
  const { token, untilMs } = mark;
  const isOwn = state.kind === 'uncertain' && (isSame(state.token, token) || isSame(state.token, mark.earlierToken));
  const othersUntilMs = isOwn ? state.othersUntilMs : doubtUntilMs(state);
  return { kind: 'uncertain', token, untilMs, othersUntilMs: othersUntilMs > nowMs ? othersUntilMs : 0 };
}

export interface Submitted {
  readonly value: bigint;
  readonly setAtMinutes: number;
  /** No other attempt of the row was made, so none can arrive late. */
  readonly wasOnlyAttempt: boolean;
}

/** Target took the row of `token`: what becomes of `state`. Applied twice, it changes nothing more. */
export function settled(state: AttributeState, token: Token, submitted: Submitted): AttributeState {
  if (state.kind !== 'uncertain' || !isSame(state.token, token) || state.othersUntilMs > 0) return state;
  const { value, setAtMinutes, wasOnlyAttempt } = submitted;
  return { kind: 'known', value, setAtMinutes, openUntilMs: wasOnlyAttempt ? 0 : state.untilMs };
}

/** Target was seen to hold another value: no pending mark on it counts any more. */
export function doubted(state: AttributeState): AttributeState {
  return { kind: 'uncertain', token: noToken, untilMs: doubtUntilMs(state), othersUntilMs: 0 };
}

/** Until when any attempt may still be applied. */
function doubtUntilMs(state: AttributeState): number {
  return state.kind === 'known' ? state.openUntilMs : Math.max(state.untilMs, state.othersUntilMs);
}

/**
 * Wall time of the last attempt that carried the attribute, or may have; never earlier than it was. `null`: none but those
 * of the mark `own`.
 */
export function lastSentAtMs(state: AttributeState, own: Token | null, now: HomeTimes): number | null {
  if (state.kind === 'known') return (state.setAtMinutes + 1) * 60_000;
  if (isSame(state.token, own)) return null;
  const untilMs = doubtUntilMs(state);
  if (untilMs === 0) return now.wallMs; // what was known has been doubted: its time is gone
  return now.wallMs - Math.max(0, now.ms - untilMs);
}

/** The home's time, and the wall clock's at the same instant. */
export interface HomeTimes {
  readonly ms: number;
  readonly wallMs: number;
}

function isSame(one: Token, other: Token | null): boolean {
  return other !== null && one.run === other.run && one.sequence === other.sequence;
}
