import { beforeEach, describe, expect, it } from 'vitest';
import { dayMs } from '../../src/ledger/buckets.js';
import { folderHome } from '../../src/ledger/folder/folder-home.js';
import { memoryLedgerStore } from '../../src/ledger/in-process-store.js';
import { capView, ledgerStatus } from '../../src/ledger/status.js';
import { openPacer, type PacerOptions } from '../../src/pacing/pacer.js';
import { type MovedClock, movedClock, settle } from '../support/index.js';

const hour = 3_600_000;
const timeoutMs = 30_000;
/** How long after the end of its bucket, 10 s, a unit comes free. */
const afterBucketMs = timeoutMs + 1_000 + dayMs;

let clock: MovedClock;
let entries: Map<string, string>;

beforeEach(() => {
  clock = movedClock({ monotonicMs: 0 });
  entries = new Map();
});

const home = () => folderHome(memoryLedgerStore(entries), clock, clock, 'memory');
const status = () => ledgerStatus(home());

async function use(units: number, options: Partial<PacerOptions> = {}): Promise<void> {
  const all = {
    clientCode: 'acme',
    isLoopback: false,
    limit: 10_000,
    reserve: 0,
    ratePerSecond: 0,
    timeoutMs,
    giveUpMs: 0,
    lateUnits: 0,
    ...options,
  };
  const { pacer } = await openPacer(home(), clock, clock, { pace: 'burst', ...all });
  for (let used = 0; used < units; ) {
    const take = pacer.take();
    if (take.kind === 'go') {
      take.permit.isValid();
      pacer.ended(take.permit);
      used += 1;
    } else await settle();
  }
  await pacer.close();
}

describe('ledgerStatus', () => {
  it('is empty without a ledger', async () => {
    expect(await ledgerStatus(null)).toEqual([]);
    expect(await status()).toEqual([]);
  });

  it('tells what is used and left, and when it comes free, for each client code', async () => {
    const firstMs = clock.wallMs();
    await use(700, { reserve: 500 });
    await clock.advance(2 * hour);
    await use(600, { reserve: 500 });
    await use(3, { clientCode: 'Beta', isLoopback: true, limit: 5 });
    const [beta, acme] = await status();
    expect(acme).toMatchObject({
      clientCode: 'acme',
      isLoopback: false,
      limit: 10_000,
      reserve: 500,
      used: 1_300,
      left: 8_200,
      nextFreeAtMs: firstMs + 10_000 + afterBucketMs,
      next1000FreeAtMs: firstMs + 2 * hour + 10_000 + afterBucketMs,
      allFreeAtMs: firstMs + 2 * hour + 10_000 + afterBucketMs,
    });
    expect(beta).toMatchObject({ clientCode: 'beta', isLoopback: true, limit: 5, used: 3, left: 2 });
  });

  it('draws the last 24 hours by hour', async () => {
    await use(5);
    await clock.advance(3 * hour);
    await use(7);
    await clock.advance(hour / 2);
    const [acme] = await status();
    const used = acme?.hours.map((each) => each.used);
    expect(used).toEqual([...Array(20).fill(0), 5, 0, 0, 7]);
    expect(acme?.hours[0]?.fromMs).toBe(clock.wallMs() - dayMs);
    await clock.advance(dayMs - 3.5 * hour + 20_000); // a little over a day, and counted still
    expect((await status())[0]?.hours[0]?.used).toBe(5);
  });

  it('sees what has come free since a run was there, and writes nothing', async () => {
    await use(5);
    await clock.advance(afterBucketMs + 10_000 - 1);
    const before = new Map(entries);
    expect((await status())[0]).toMatchObject({ used: 5 });
    await clock.advance(1);
    expect((await status())[0]).toMatchObject({ used: 0, left: 10_000, nextFreeAtMs: null, allFreeAtMs: null });
    expect(entries).toEqual(before);
  });

  it('tells the time of day by the wall clock as it stands', async () => {
    await use(5);
    clock.stepWall(-3 * hour);
    expect((await status())[0]?.nextFreeAtMs).toBe(clock.wallMs() + 10_000 + afterBucketMs);
  });

  it('is never below 0 when more is used than may be', async () => {
    await use(50);
    await use(0, { limit: 20 });
    expect((await status())[0]).toMatchObject({ limit: 20, used: 50, left: 0 });
  });
});

describe('capView', () => {
  const acme = { clientCode: 'ACME', isLoopback: false, limit: 100, reserve: 20 };

  it('is all of the cap without a ledger, or without one of this name', async () => {
    const whole = { limit: 80, used: 0, left: 80, nextFreeAtMs: null };
    expect(await capView(null, acme)).toEqual(whole);
    await use(5, { clientCode: 'other' });
    expect(await capView(home(), acme)).toEqual(whole);
  });

  it('says when one more may go out', async () => {
    await use(40);
    expect(await capView(home(), acme)).toMatchObject({ used: 40, left: 40, nextFreeAtMs: null });
    await clock.advance(hour);
    await use(60);
    const secondMs = clock.wallMs();
    expect(await capView(home(), acme)).toEqual({
      limit: 80,
      used: 100,
      left: 0,
      nextFreeAtMs: secondMs - hour + 10_000 + afterBucketMs,
    });
    const lower = await capView(home(), { ...acme, limit: 30 });
    expect(lower.nextFreeAtMs).toBe(secondMs + 10_000 + afterBucketMs);
  });
});
