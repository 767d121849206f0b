import { describe, expect, it } from 'vitest';
import { faultFor } from '../../src/sandbox/faults.js';

const visitors = Array.from({ length: 20_000 }, (_, index) => `thirdPartyId:visitor-${index}`);
const faultsOf = (seed: number, rate: number, tryNumber = 1) =>
  visitors.map((visitor) => faultFor(seed, rate, visitor, tryNumber));
const shareOf = (seed: number, rate: number, tryNumber = 1) =>
  faultsOf(seed, rate, tryNumber).filter((fault) => fault !== null).length / visitors.length;

describe('faultFor', () => {
  it('meets none at a rate of 0 and every attempt at 1', () => {
    expect(shareOf(1, 0)).toBe(0);
    expect(shareOf(1, 1)).toBe(1);
  });

  it('comes near to the rate, at first and at later attempts, for neighbouring seeds', () => {
    for (const seed of [0, 1, 2, 12_345, -7])
      for (const tryNumber of [1, 2, 3]) expect(shareOf(seed, 0.1, tryNumber)).toBeCloseTo(0.1, 1);
    expect(shareOf(1, 0.02)).toBeCloseTo(0.02, 2);
  });

  it('is the same for the same seed, visitor and attempt, and another for another', () => {
    const faults = faultsOf(5, 0.3);
    expect(faultsOf(5, 0.3)).toEqual(faults);
    const sameAs = (others: unknown[]) => faults.filter((fault, index) => fault === others[index]).length;
    expect(sameAs(faultsOf(6, 0.3))).toBeLessThan(visitors.length * 0.7);
    expect(sameAs(faultsOf(5, 0.3, 2))).toBeLessThan(visitors.length * 0.7);
  });

  it('draws every kind, 503 and late replies seldom', () => {
    const countOf = (kind: string) => faultsOf(9, 1).filter((fault) => fault === kind).length;
    expect(new Set(faultsOf(9, 1)).size).toBe(6);
    expect(countOf('server-error') / visitors.length).toBeCloseTo(4 / 12, 1);
    expect(countOf('unavailable') / visitors.length).toBeCloseTo(1 / 12, 1);
  });
});
