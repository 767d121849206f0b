import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/ledger/buckets.js';
import { type PlanState, plan, planForAttempt } from '../../src/pacing/plan.js';
import { fullest } from './support/pacing-world.js';
import { capLimit, type Episode, PlannedWeek } from './support/planned-week.js';

const weekMs = 7 * dayMs;

const anyEpisode: fc.Arbitrary<Episode> = fc.record({
  afterMs: fc.oneof(
    fc.integer({ min: 0, max: 300 }),
    fc.integer({ min: 0, max: 40_000 }),
    fc.integer({ min: 0, max: 2 * 3_600_000 }),
  ),
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.constant('asks' as const) },
    { weight: 3, arbitrary: fc.constant('gives back' as const) },
    { weight: 2, arbitrary: fc.constantFrom('ends late', 'neighbour draws', 'neighbour returns', 'goes away') },
  ),
  count: fc.integer({ min: 1, max: 60 }),
});

const restingState: PlanState = {
  isDrawing: false,
  giveUpMs: 0,
  absence: null,
  usedUp: null,
  lateUnits: 0,
  stock: { untakenUnits: 0, firstEndMs: null, lastEndMs: null, returnedSinceMs: null },
  consumption: { grantedUnits: 0, grantedAtMs: 0, takenUnits: 0, ranDry: false },
};

describe('the plan of a pacer', () => {
  it('asks for nothing while the cap is used up, unless units have come back that may be granted again', () => {
    const state = { ...restingState, usedUp: { untilMs: 500_000, pollAtMs: 60_000 } };
    expect(planForAttempt(state, 1_000)).toEqual({ kind: 'idle' });
    expect(plan(state, 1_000)).toEqual({ kind: 'wake', atMs: 60_000 });
    const returned = { ...state, stock: { ...state.stock, returnedSinceMs: 1_000 } };
    expect(planForAttempt(returned, 1_000)).toEqual({ kind: 'transact', wantedUnits: 10 });
    expect(plan(returned, 1_000)).toEqual({ kind: 'wake', atMs: 1_100 });
  });

  it('drives any week: no attempt waits in vain, all units go back, and the cap holds', () => {
    let usedUpCount = 0;
    let awayCount = 0;
    let givenUpCount = 0;
    fc.assert(
      fc.property(
        fc.array(anyEpisode, { minLength: 50, maxLength: 300 }),
        fc.constantFrom(0, 3, 700),
        (week, answerMs) => {
          const world = new PlannedWeek(answerMs);
          for (const episode of week) world.happen(episode);
          world.advance(Math.max(0, weekMs - week.reduce((sum, { afterMs }) => sum + afterMs, 0)));
          expect(fullest(world.startsMs)).toBeLessThanOrEqual(capLimit);
          if (world.wasUsedUp) usedUpCount += 1;
          if (world.wasAway) awayCount += 1;
          if (world.hasGivenUp) givenUpCount += 1;

          world.giveBack(Number.POSITIVE_INFINITY);
          world.advance(3_600_000);
          expect(world.hasGivenUp || world.isClean).toBe(true);
          const drawCount = world.drawCount;
          world.advance(3_600_000);
          expect(world.drawCount - drawCount).toBeLessThanOrEqual(60);
        },
      ),
      { numRuns: 50 },
    );
    expect(usedUpCount).toBeGreaterThan(0);
    expect(awayCount).toBeGreaterThan(givenUpCount);
    expect(givenUpCount).toBeGreaterThan(0);
  });
});
