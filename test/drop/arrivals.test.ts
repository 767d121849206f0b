import { describe, expect, it } from 'vitest';
import { Arrivals } from '../../src/drop/arrivals.js';
import type { FileStat } from '../../src/platform/ports.js';
import { movedClock } from '../support/index.js';

const clock = movedClock();

function statOf(modifiedMs: number, sizeBytes = 10): FileStat {
  const modifiedNs = `${modifiedMs}000000`;
  return { kind: 'file', sizeBytes, modifiedNs, modifiedMs, identity: '1:2', mode: 0o600 };
}

function looker(marker: string | null = null) {
  const arrivals = new Arrivals({ marker, settleMs: 60_000 });
  const look = (stat: FileStat, hasMarker = false) => {
    const nowMs = clock.monotonicMs();
    const found = arrivals.see('a.csv', stat, hasMarker, nowMs);
    return found.kind === 'coming' && found.dueMonotonicMs !== null ? found.dueMonotonicMs - nowMs : found.kind;
  };
  return { look, arrivals };
}

describe('a file without a marker', () => {
  it.each([
    ['of yesterday', -86_400_000],
    ['of now', 0],
    ['of tomorrow', 86_400_000],
  ])('%s by its own time has arrived when it was seen to stand still for --settle', async (_what, ageMs) => {
    const { look } = looker();
    const stat = statOf(clock.wallMs() + ageMs);
    expect(look(stat)).toBe(60_000);
    await clock.advance(59_999);
    expect(look(stat)).toBe(1);
    await clock.advance(1);
    expect(look(stat)).toBe('arrived');
  });

  it('is waited for again when its size, time or inode is another', async () => {
    const { look } = looker();
    const stat = statOf(clock.wallMs() - 86_400_000);
    look(stat);
    for (const change of [{ sizeBytes: 11 }, { modifiedNs: '5' }, { identity: '1:3' }]) {
      await clock.advance(60_000);
      expect(look({ ...stat, ...change })).toBe(60_000);
    }
  });

  it('is waited for again when it had been removed', async () => {
    const { look, arrivals } = looker();
    const stat = statOf(clock.wallMs());
    look(stat);
    await clock.advance(60_000);
    arrivals.forget('a.csv');
    expect(look(stat)).toBe(60_000);
  });
});

describe('a file with a marker', () => {
  it('has arrived when that is there, and only then', async () => {
    const { look } = looker('.done');
    const stat = statOf(clock.wallMs());
    expect(look(stat)).toBe('coming');
    await clock.advance(1e9);
    expect(look(stat)).toBe('coming');
    expect(look(stat, true)).toBe('arrived');
  });
});
