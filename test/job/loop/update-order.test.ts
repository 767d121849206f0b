import { describe, expect, it } from 'vitest';
import { type EarlierUpdates, mayBeOpen, noUpdates, UpdateOrder } from '../../../src/job/loop/update-order.js';
import { seededRandom } from '../../support/index.js';

const hourMs = 3_600_000;
const bootClock = { bootId: () => null, uptimeMs: () => 0 };
const wallMs = Date.UTC(2026, 0, 1);
/** `hours` after the start of the run. */
const at = (hours: number) => ({ monotonicMs: 5000 + hours * hourMs, wallMs: wallMs + hours * hourMs });

function order(changes: Partial<EarlierUpdates> = {}, hasOverflow = true): UpdateOrder {
  const earlier = { ...noUpdates(true, hasOverflow, wallMs, bootClock), ...changes };
  return new UpdateOrder({ earlier, isUpdate: true, hasOverflow, random: seededRandom(1), bootClock, now: at(0) });
}

const row = (rowNumber: number, id = `v${rowNumber}`, lastSentAtMs: number | null = null) => ({
  rowNumber,
  id,
  mark: { lastSentAtMs },
});

describe('a visitor of whom an update has left', () => {
  it.each([
    [0, true],
    [1, true],
    [24, true],
    [27, false],
  ])('stays on updates for a day: %i hours later %s', (hours, stays) => {
    const one = order();
    one.left(row(1, 'v1'), 'update', at(0.5));
    expect(one.staysOnUpdate(row(9, 'v1'), at(hours + 0.5))).toBe(stays);
    expect(one.staysOnUpdate(row(9, 'v2'), at(hours + 0.5))).toBe(false);
  });

  it('counts from its last update', () => {
    const one = order();
    one.left(row(1, 'v1'), 'update', at(0));
    one.left(row(2, 'v1'), 'update', at(20));
    expect(one.staysOnUpdate(row(9, 'v1'), at(40))).toBe(true);
  });
});

describe('a visitor that the memory knows', () => {
  it.each([
    [1, true],
    [24, true],
    [26, false],
    [-1, true],
  ])('of an attempt %i hours ago stays on updates: %s', (hours, stays) => {
    expect(order().staysOnUpdate(row(9, 'v1', wallMs - hours * hourMs), at(0))).toBe(stays);
  });

  it('is not kept on updates by an attempt that this job made by Delivery', () => {
    const one = order();
    one.left(row(1, 'v1'), 'delivery', at(1));
    one.noteEarlier('v2', 'delivery', at(1));
    expect(one.staysOnUpdate(row(8, 'v1', at(1).wallMs), at(2))).toBe(false);
    expect(one.staysOnUpdate(row(9, 'v2', at(1).wallMs), at(2))).toBe(false);
    one.left(row(8, 'v1'), 'update', at(2));
    expect(one.staysOnUpdate(row(10, 'v1', at(2).wallMs), at(3))).toBe(true);
  });
});

describe('rows that an earlier run may have attempted', () => {
  it.each([
    ['an hour ago', -1, 9, true],
    ['an hour ago, the first row that was not', -1, 10, false],
    ['two days ago', -48, 9, false],
  ])('%s', (_, hours, rowNumber, stays) => {
    const one = order({ toRow: 10, lastAtMs: wallMs + hours * hourMs });
    expect(one.staysOnUpdate(row(rowNumber), at(0))).toBe(stays);
    expect(one.staysOnUpdate(row(rowNumber), at(26))).toBe(false);
  });

  it('are still such in the checkpoints of this run', () => {
    const one = order({ toRow: 10, lastAtMs: wallMs - hourMs });
    expect(one.state(20, true, at(1))).toEqual({ toRow: 10, lastAtMs: wallMs - hourMs, lastUptime: null });
    expect(one.state(20, true, at(30))).toEqual({ toRow: 1, lastAtMs: null, lastUptime: null });
  });
});

describe('an attempt by update', () => {
  it('waits for a checkpoint that says so, and a lower one that is being written forbids it again', () => {
    const one = order();
    expect(one.mayTake(1, at(0))).toBe(false);
    const first = one.state(5, false, at(0));
    one.saving(first);
    expect(one.mayTake(1, at(0))).toBe(false);
    one.saved(first);
    expect(one.mayTake(1, at(0))).toBe(true);
    expect(one.mayTake(first.toRow - 1, at(0))).toBe(true);
    expect(one.mayTake(first.toRow, at(0))).toBe(false);
    one.took(row(7));
    one.isUsedUp = true;
    const overflowing = order();
    overflowing.took(row(7));
    overflowing.isUsedUp = true;
    const second = overflowing.state(20, false, at(0));
    expect(second.toRow).toBe(8);
    one.saving(second);
    expect(one.mayTake(7, at(0))).toBe(true);
    expect(one.mayTake(8, at(0))).toBe(false);
  });

  it('is not made on a checkpoint that is older than ten minutes', () => {
    const one = order();
    one.saved({ toRow: 100, lastAtMs: wallMs, lastUptime: null });
    expect(one.mayTake(1, at(0.1))).toBe(true);
    expect(one.mayTake(1, at(0.2))).toBe(false);
  });
});

describe('the state of a job', () => {
  it('that has ended says exactly what was attempted, and when', () => {
    const one = order({}, false);
    one.took(row(3));
    one.left(row(3), 'update', at(1));
    expect(one.state(50, false, at(2))).toEqual({ toRow: 40_050, lastAtMs: at(2).wallMs, lastUptime: null });
    expect(one.state(50, true, at(2))).toEqual({ toRow: 40_000, lastAtMs: at(1).wallMs, lastUptime: null });
  });

  it('that has ended has the last update by uptime, which is asked for at the end alone', () => {
    let askedCount = 0;
    const boot = {
      bootId: () => 'boot-1',
      uptimeMs: () => {
        askedCount += 1;
        return 100 * hourMs;
      },
    };
    const earlier = noUpdates(true, true, wallMs, bootClock);
    const one = new UpdateOrder({
      ...{ earlier, isUpdate: true, hasOverflow: true, random: seededRandom(1) },
      ...{ bootClock: boot, now: at(0) },
    });
    const before = askedCount;
    one.left(row(3), 'update', at(1));
    expect(askedCount).toBe(before);
    expect(one.state(50, true, at(3)).lastUptime).toEqual({ bootId: 'boot-1', ms: 98 * hourMs });
  });

  it('knows nothing of a new job, and everything of one that sends by updates alone', () => {
    expect(noUpdates(true, true, wallMs, bootClock)).toEqual({ toRow: 1, lastAtMs: null, lastUptime: null });
    expect(noUpdates(false, false, wallMs, bootClock)).toEqual({ toRow: 1, lastAtMs: null, lastUptime: null });
    expect(noUpdates(true, false, wallMs, bootClock)).toEqual({ toRow: 40_000, lastAtMs: wallMs, lastUptime: null });
  });
});

describe('the time of the last update', () => {
  it('goes by the uptime within a boot, whatever somebody sets the clock to', () => {
    const boot = { bootId: () => 'boot-1', uptimeMs: () => 30 * hourMs };
    const lastUptime = { bootId: 'boot-1', ms: 10 * hourMs };
    expect(mayBeOpen({ toRow: 1, lastAtMs: wallMs - 90 * hourMs, lastUptime }, wallMs, boot)).toBe(true);
    expect(mayBeOpen({ toRow: 1, lastAtMs: wallMs, lastUptime: { ...lastUptime, ms: 0 } }, wallMs, boot)).toBe(false);
    const other = { bootId: 'boot-0', ms: 0 };
    expect(mayBeOpen({ toRow: 1, lastAtMs: wallMs - hourMs, lastUptime: other }, wallMs, boot)).toBe(true);
  });
});
