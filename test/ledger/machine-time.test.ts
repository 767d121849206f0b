import { describe, expect, it } from 'vitest';
import { elapsed } from '../../src/ledger/ledger-time.js';
import { MachineClocks } from '../../src/ledger/machine-time.js';
import { movedClock } from '../support/index.js';

describe('MachineClocks', () => {
  it('take readings of one boot to be comparable, whichever process reads', async () => {
    const clock = movedClock();
    const first = new MachineClocks(clock, clock).read();
    await clock.advance(7);
    clock.stepWall(1_000_000);
    const later = new MachineClocks(clock, clock).read();
    expect(elapsed({ awakeMs: 0, asleepMs: 0, machine: first, wallHighMs: first.wallMs }, later).awakeMs).toBe(7);
  });

  it('compare only what one process reads where boots have no names', async () => {
    const clock = movedClock();
    const unnamed = { bootId: () => null, uptimeMs: clock.uptimeMs };
    const clocks = new MachineClocks(clock, unnamed);
    const first = clocks.read();
    const anchor = { awakeMs: 0, asleepMs: 0, machine: first, wallHighMs: first.wallMs };
    await clock.advance(7);
    clock.stepWall(1_000_000);
    expect(elapsed(anchor, clocks.read()).awakeMs).toBe(7);
    expect(elapsed(anchor, new MachineClocks(clock, unnamed).read()).awakeMs).toBe(1_000_007);
  });
});
