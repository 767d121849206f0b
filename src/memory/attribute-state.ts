/**
 * What the memory holds of one attribute of one visitor, and how that changes: pure, the heart of `--changed-only`.
 *
 * A try is *open* while it may still be applied at Target: it may yet go out, is under way, or ended without a whole
 * answer less than `--timeout` ago (a try is taken to arrive up to `--timeout` after it left: assumed). A run is
 * *present* while one of its tries may be open (runs.ts). What each state promises:
 *
 * - `known`: Target holds the value, and every open try carries that same value and belongs to a run up to `echo`.
 * - `pending`: the row of `run` with `sequence` is on its way with the value. Every other open try either carries the
 *   same value (runs up to `echo`), or is one of `earlierOpen` rows of the same run, which end before it begins.
 * - `contested`: open tries of runs up to `through` may differ in value, and their order at Target is unknown. Where the
 *   memory has no entry for an attribute, it is contested through the runs that it had when it was last forgotten.
 *
 * Only `known` lets a row be skipped. A mark that meets open tries with another value, of whatever run, leaves
 * `contested`, which no success makes `known`; a mark after all of them are over begins anew.
 */

/** Runs are numbered from 1 in the order in which they register; 0: none. */
export type RunNumber = number;

export type AttributeState =
  | { readonly kind: 'known'; readonly value: bigint; readonly setAtMinutes: number; readonly echo: RunNumber }
  | {
      readonly kind: 'pending';
      readonly value: bigint;
      readonly run: RunNumber;
      readonly sequence: number;
      readonly earlierOpen: number;
      readonly echo: RunNumber;
    }
  | { readonly kind: 'contested'; readonly through: RunNumber };

/** The runs whose tries may still be applied. */
export interface Presence {
  has(run: RunNumber): boolean;
  /** Whether any run with this number or a lower one is present; `false` for 0. */
  anyUpTo(run: RunNumber): boolean;
}

/** The row that marks: its run, its number among the rows that the run marked. */
export interface Marker {
  readonly run: RunNumber;
  readonly sequence: number;
}

/** More rows of one visitor on their way at once than this are contested: the count has a byte. */
const earlierOpenMax = 255;

/** Before a row's first try: what becomes of `state` when `marker` is about to submit `value`. */
export function marked(state: AttributeState, value: bigint, marker: Marker, present: Presence): AttributeState {
  const { run } = marker;
  const pending = (earlierOpen: number, echo: RunNumber): AttributeState => ({
    kind: 'pending',
    value,
    ...marker,
    earlierOpen,
    echo: present.anyUpTo(echo) ? echo : 0,
  });
  const contested = (...runs: RunNumber[]): AttributeState => ({ kind: 'contested', through: Math.max(run, ...runs) });

  switch (state.kind) {
    case 'contested':
      return present.anyUpTo(state.through) ? contested(state.through) : pending(0, 0);
    case 'known':
      if (state.value === value) return pending(0, state.echo);
      return present.anyUpTo(state.echo) ? contested(state.echo) : pending(0, 0);
    case 'pending': {
      if (state.value === value && state.earlierOpen === 0) return pending(0, Math.max(state.echo, state.run));
      const isOwnAlone = state.run === run && !present.anyUpTo(state.echo);
      if (isOwnAlone && state.earlierOpen < earlierOpenMax) return pending(state.earlierOpen + 1, 0);
      const mayBeOpen = present.has(state.run) || present.anyUpTo(state.echo);
      return mayBeOpen ? contested(state.run, state.echo) : pending(0, 0);
    }
  }
}

export interface Submitted {
  readonly value: bigint;
  /** No other try of the row, in this run, ended without a whole answer. */
  readonly wasOnlyTry: boolean;
  readonly atMinutes: number;
}

/** Target took the row of `marker`: what becomes of `state`. A state that is not the marker's own is never set known. */
export function settled(state: AttributeState, marker: Marker, submitted: Submitted): AttributeState {
  switch (state.kind) {
    case 'contested':
      return state;
    case 'known':
      // Another run set it while this one was taken to be over: which came last at Target is unknown.
      return state.value === submitted.value ? state : { kind: 'contested', through: Math.max(state.echo, marker.run) };
    case 'pending':
      if (state.run === marker.run) return settledOwn(state, marker, submitted);
      if (state.value === submitted.value) return state;
      return { kind: 'contested', through: Math.max(state.run, state.echo, marker.run) };
  }
}

function settledOwn(
  state: Extract<AttributeState, { kind: 'pending' }>,
  marker: Marker,
  { value, wasOnlyTry, atMinutes }: Submitted,
): AttributeState {
  if (state.sequence !== marker.sequence) {
    // A later row of this run has marked it since: that row has one open try less before it.
    if (!wasOnlyTry || state.earlierOpen === 0) return state;
    return { ...state, earlierOpen: state.earlierOpen - 1 };
  }
  if (state.value !== value) return state; // two names of one row that share a place
  if (state.earlierOpen > 0) return { kind: 'contested', through: Math.max(state.echo, marker.run) };
  return {
    kind: 'known',
    value,
    setAtMinutes: atMinutes,
    echo: wasOnlyTry ? state.echo : Math.max(state.echo, marker.run),
  };
}
