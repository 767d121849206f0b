import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RollingWindow } from '../../src/sandbox/rolling-window.js';

describe('RollingWindow', () => {
  it('holds a time for exactly the window: it is out at the millisecond at which the window has passed', () => {
    const window = new RollingWindow(1_000);
    window.add(0);
    window.add(600);
    expect(window.settle(999)).toBe(2);
    expect(window.settle(1_000)).toBe(1);
    expect(window.untilOneLessMs(1_000)).toBe(600);
    expect(window.settle(1_600)).toBe(0);
    expect(window.untilOneLessMs(1_600)).toBe(1_000);
  });

  it('agrees with counting every window again, however many it holds', () => {
    const gapsMs = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 30 })), { maxLength: 300 });
    fc.assert(
      fc.property(gapsMs, fc.integer({ min: 1, max: 200 }), (gaps, windowMs) => {
        const window = new RollingWindow(windowMs);
        const times: number[] = [];
        let nowMs = 0;
        let largest = 0;
        for (const gap of gaps) {
          nowMs += gap;
          times.push(nowMs);
          window.add(nowMs);
          const held = times.filter((time) => nowMs - time < windowMs).length;
          largest = Math.max(largest, held);
          expect(window.settle(nowMs)).toBe(held);
        }
        expect(window.largest).toBe(largest);
      }),
    );
  });

  it('keeps its order when it has to grow after its start has moved on', () => {
    const window = new RollingWindow(10_000);
    const timesMs = [...Array.from({ length: 900 }, (_, index) => index), ...Array(3_000).fill(10_500)];
    for (const timeMs of timesMs) window.add(timeMs);
    expect(window.settle(10_500)).toBe(399 + 3_000);
    expect(window.untilOneLessMs(10_500)).toBe(1);
    expect(window.settle(20_499)).toBe(3_000);
    expect(window.settle(20_500)).toBe(0);
  });
});
