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
  return (stat: FileStat, ...others: string[]) => {
    const now = { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
    const found = arrivals.look([{ name: 'a.csv', stat }], new Set(['a.csv', ...others]), now).get('a.csv');
    return found?.kind === 'coming' && found.dueMonotonicMs !== null
      ? found.dueMonotonicMs - now.monotonicMs
      : found?.kind;
  };
}

describe('a file without a marker', () => {
  it('has arrived when it was seen to stand still for as long, however old it says it is', async () => {
    const look = looker();
    const stat = statOf(clock.wallMs() - 86_400_000);
    expect(look(stat)).toBe(60_000);
    await clock.advance(59_999);
    expect(look(stat)).toBe(1);
    await clock.advance(1);
    expect(look(stat)).toBe('arrived');
  });

  it('is waited for anew when its size, time or inode is another', async () => {
    const look = looker();
    const stat = statOf(clock.wallMs() - 86_400_000);
    look(stat);
    for (const change of [{ sizeBytes: 11 }, { modifiedNs: '5' }, { identity: '1:3' }]) {
      await clock.advance(60_000);
      expect(look({ ...stat, ...change })).toBe(60_000);
    }
  });

  it('has to be that old by its own time too', async () => {
    const look = looker();
    const stat = statOf(clock.wallMs() + 30_000); // the sender's clock is ahead
    expect(look(stat)).toBe(90_000);
    await clock.advance(60_000);
    expect(look(stat)).toBe(30_000);
    await clock.advance(30_000);
    expect(look(stat)).toBe('arrived');
  });
});

describe('a file with a marker', () => {
  it('has arrived when that is there, and only then', async () => {
    const look = looker('.done');
    const stat = statOf(clock.wallMs());
    expect(look(stat)).toBe('coming');
    await clock.advance(1e9);
    expect(look(stat, 'b.csv.done')).toBe('coming');
    expect(look(stat, 'a.csv.done')).toBe('arrived');
  });
});
