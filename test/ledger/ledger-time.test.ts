import { describe, expect, it } from 'vitest';
import { type Anchor, advance, elapsed, ledgerMs, type MachineTime } from '../../src/ledger/ledger-time.js';

const hour = 3_600_000;
const start: MachineTime = { wallMs: 1_000 * hour, monotonicMs: 5 * hour, uptimeMs: 5 * hour, timeBase: 'boot 1' };
const anchor: Anchor = { awakeMs: 40, asleepMs: 2, machine: start, wallHighMs: start.wallMs };

/** The clocks, so much later than `start`. */
function later(ms: { wall: number; monotonic: number; uptime?: number }, timeBase = 'boot 1'): MachineTime {
  return {
    wallMs: start.wallMs + ms.wall,
    monotonicMs: start.monotonicMs + ms.monotonic,
    uptimeMs: start.uptimeMs + (ms.uptime ?? ms.monotonic),
    timeBase,
  };
}

describe('elapsed', () => {
  const cases: readonly [string, MachineTime, awakeMs: number, asleepMs: number][] = [
    ['the monotonic clock counts', later({ wall: 10, monotonic: 10 }), 10, 0],
    ['a wall clock set forward moves nothing', later({ wall: 9 * hour, monotonic: 10 }), 10, 0],
    ['a wall clock set back stops nothing', later({ wall: -9 * hour, monotonic: 10 }), 10, 0],
    [
      'sleep counts where uptime and wall clock show it',
      later({ wall: hour + 10, monotonic: 10, uptime: hour + 10 }),
      10,
      hour,
    ],
    ['of two sleeps the shorter is believed', later({ wall: 3 * hour, monotonic: 10, uptime: hour + 10 }), 10, hour],
    ['an uptime alone moves nothing', later({ wall: 10, monotonic: 10, uptime: 9 * hour }), 10, 0],
    ['an uptime that goes back moves nothing', later({ wall: 9 * hour, monotonic: 10, uptime: -hour }), 10, 0],
    ['the grain of the uptime is not taken for sleep', later({ wall: 1_999, monotonic: 0, uptime: 1_999 }), 0, 0],
    ['a monotonic clock that goes back moves nothing', later({ wall: 10, monotonic: -hour }), 0, 0],
    ['over a restart the wall clock counts', later({ wall: 7 * hour, monotonic: -4 * hour }, 'boot 2'), 7 * hour, 0],
    ['over a restart a wall clock behind frees nothing', later({ wall: -hour, monotonic: 60 }, 'boot 2'), 0, 0],
  ];
  it.each(cases)('%s', (_title, now, awakeMs, asleepMs) => {
    expect(elapsed(anchor, now)).toEqual({ awakeMs, asleepMs });
  });
});

describe('advance', () => {
  it('begins at 0', () => {
    expect(ledgerMs(advance(null, start))).toBe(0);
  });

  it('adds up', () => {
    const next = advance(anchor, later({ wall: hour + 10, monotonic: 10, uptime: hour + 10 }));
    expect([next.awakeMs, next.asleepMs]).toEqual([50, 2 + hour]);
  });

  /** The ledger's time after a row of looks, each so much later than `start`. */
  function timeOver(...looks: readonly MachineTime[]): number {
    let at: Anchor = { ...anchor, awakeMs: 0, asleepMs: 0 };
    for (const look of looks) at = advance(at, look);
    return ledgerMs(at);
  }

  it('counts no hour twice when a clock that was set back is set right over a restart', () => {
    const wrong = later({ wall: -4 * hour, monotonic: hour });
    const right = later({ wall: 2 * hour, monotonic: 0 }, 'boot 2');
    expect(timeOver(wrong, right)).toBe(2 * hour);
  });

  it('makes up over a restart for no more than a mistake forward that was set right', () => {
    const wrong = later({ wall: 5 * hour, monotonic: hour });
    const right = later({ wall: 2 * hour, monotonic: 2 * hour });
    const next = later({ wall: 10 * hour, monotonic: 0 }, 'boot 2');
    expect(timeOver(wrong, right, next)).toBe(6 * hour); // ten have gone by, and the clock was four ahead
  });

  it('counts no sleep twice during which the clock was set back, and which it shows when it is set right', () => {
    const awake = later({ wall: 10, monotonic: 10, uptime: 8 * hour });
    const right = later({ wall: 9 * hour, monotonic: 0 }, 'boot 2');
    expect(timeOver(awake, right)).toBe(10 + hour);
  });

  it('continues by the monotonic clock after a restart with a clock far behind', () => {
    const behind = later({ wall: -1_000 * hour, monotonic: 0 }, 'boot 2');
    const hourLater = later({ wall: -999 * hour, monotonic: hour }, 'boot 2');
    expect(timeOver(behind, hourLater)).toBe(hour);
  });
});
