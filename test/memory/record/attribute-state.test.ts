import { describe, expect, it } from 'vitest';
import {
  type AttributeState,
  doubted,
  marked,
  noToken,
  settled,
  type Token,
} from '../../../src/memory/record/attribute-state.js';

const unknown: AttributeState = { kind: 'uncertain', token: noToken, untilMs: 0, othersUntilMs: 0 };
const known = (value: bigint, openUntilMs = 0): AttributeState => ({
  kind: 'known',
  value,
  setAtMinutes: 100,
  openUntilMs,
});

const one: Token = { run: 1n, sequence: 1 };
const oneLater: Token = { run: 1n, sequence: 2 };
const other: Token = { run: 2n, sequence: 1 };

/** Marks last 100. */
const mark = (state: AttributeState, token: Token, nowMs: number, earlierToken: Token | null = null) =>
  marked(state, { token, earlierToken, untilMs: nowMs + 100 }, nowMs);
const take = (state: AttributeState, token: Token, value: bigint, wasOnlyAttempt = true) =>
  settled(state, token, { value, setAtMinutes: 100, wasOnlyAttempt });

describe('an attribute in the memory', () => {
  it('is known once the row that marked it was taken, and not before', () => {
    const state = mark(unknown, one, 1_000);
    expect(state).toEqual({ kind: 'uncertain', token: one, untilMs: 1_100, othersUntilMs: 0 });
    expect(take(state, one, 5n)).toEqual(known(5n));
  });

  it('is uncertain again as soon as a row is about to set it, to the same value too', () => {
    expect(mark(known(5n), one, 1_000)).toMatchObject({ kind: 'uncertain', othersUntilMs: 0 });
  });

  it('becomes known by the marker alone whose token it bears', () => {
    const state = mark(mark(unknown, one, 1_000), other, 2_000);
    expect(take(state, one, 5n)).toBe(state);
    expect(take(state, other, 6n)).toEqual(known(6n));
    expect(take(unknown, noToken, 6n)).toMatchObject({ kind: 'known' }); // hence no mark bears it
  });

  it('is settled once: applied again, a settlement changes nothing', () => {
    const first = take(mark(unknown, one, 1_000), one, 5n);
    expect(take(first, one, 5n)).toBe(first);
    const again = mark(first, other, 2_000);
    expect(take(again, one, 5n)).toBe(again);
  });

  it('stays uncertain where an attempt of another marker could arrive when it was marked', () => {
    const both = mark(mark(unknown, one, 1_000), other, 1_050);
    expect(both).toEqual({ kind: 'uncertain', token: other, untilMs: 1_150, othersUntilMs: 1_100 });
    expect(take(both, other, 6n)).toBe(both);
    expect(take(both, one, 5n)).toBe(both);
    expect(take(mark(both, oneLater, 1_120), oneLater, 7n).kind).toBe('uncertain'); // the second one's still may
    expect(take(mark(both, oneLater, 1_150), oneLater, 7n)).toEqual(known(7n));
  });

  it('keeps in mind what may still arrive of a marker whose own word was overtaken', () => {
    const long = marked(unknown, { token: one, earlierToken: null, untilMs: 9_000 }, 1_000);
    const third = mark(mark(long, other, 2_000), oneLater, 3_000);
    expect(third).toMatchObject({ othersUntilMs: 9_000 });
  });

  it('is known after several attempts, if an earlier one may undo what is submitted next', () => {
    const state = take(mark(unknown, one, 1_000), one, 5n, false);
    expect(state).toEqual(known(5n, 1_100));
    expect(take(mark(state, other, 1_050), other, 6n).kind).toBe('uncertain');
    expect(take(mark(state, other, 1_100), other, 6n)).toEqual(known(6n));
  });

  it('may be marked again for the same row: its earlier attempts carry the same values', () => {
    const again = mark(mark(unknown, one, 1_000), oneLater, 1_050, one);
    expect(again).toEqual({ kind: 'uncertain', token: oneLater, untilMs: 1_150, othersUntilMs: 0 });
    expect(take(again, one, 5n)).toBe(again);
    expect(take(again, oneLater, 5n, false)).toEqual(known(5n, 1_150));
  });

  it('keeps another marker in mind when it is marked again for the same row', () => {
    const both = mark(mark(unknown, other, 1_000), one, 1_050);
    expect(mark(both, oneLater, 1_060, one)).toMatchObject({ token: oneLater, othersUntilMs: 1_100 });
    expect(mark(both, oneLater, 1_100, one)).toMatchObject({ othersUntilMs: 0 });
    expect(mark(both, one, 1_060)).toMatchObject({ token: one, othersUntilMs: 1_100 }); // the commit was repeated
  });

  it('is nobody’s word any more when Target was seen to hold something else', () => {
    const state = doubted(mark(unknown, one, 1_000));
    expect(state).toEqual({ kind: 'uncertain', token: noToken, untilMs: 1_100, othersUntilMs: 0 });
    expect(take(state, one, 5n)).toBe(state);
    expect(doubted(known(5n))).toEqual(unknown);
    expect(doubted(known(5n, 1_100))).toMatchObject({ untilMs: 1_100 });
  });
});
