import { describe, expect, it } from 'vitest';
import { type HomeAnchor, homeAnchor } from '../../src/memory/home-time.js';

const start = homeAnchor(null, { monotonicMs: 1_000, wallMs: 50_000, timeBase: 'boot 1' });
const later = (from: HomeAnchor, monotonicMs: number, wallMs: number, timeBase = 'boot 1') =>
  homeAnchor(from, { monotonicMs, wallMs, timeBase });

describe('the time of a memory in a folder', () => {
  it('begins as the wall clock, and goes with the monotonic clock, whatever the wall clock does', () => {
    expect(start.homeMs).toBe(50_000);
    for (const wallMs of [0, 51_000, 9_000_000]) expect(later(start, 2_000, wallMs).homeMs).toBe(51_000);
  });

  it('never goes back', () => {
    expect(later(start, 900, 40_000)).toMatchObject({ homeMs: 50_000, monotonicMs: 1_000, wallHighMs: 50_000 });
    expect(later(start, 0, 40_000, 'boot 2').homeMs).toBe(50_000);
  });

  it('goes by the wall clock from one time base to another, as far as that goes beyond where it has been', () => {
    expect(later(start, 0, 58_000, 'boot 2').homeMs).toBe(58_000);
    const ahead = later(start, 2_000, 90_000);
    expect(later(ahead, 0, 80_000, 'boot 2').homeMs).toBe(51_000);
    expect(later(ahead, 0, 91_000, 'boot 2').homeMs).toBe(52_000);
    const behind = later(start, 11_000, 20_000);
    expect(later(behind, 0, 59_000, 'boot 2').homeMs).toBe(60_000); // where the wall clock would be by now
  });

  it('stands still while the machine sleeps: a doubt lasts longer then', () => {
    expect(later(start, 1_000, 9_000_000).homeMs).toBe(50_000);
  });
});
