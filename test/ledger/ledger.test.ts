import { beforeEach, describe, expect, it } from 'vitest';
import { dayMs } from '../../src/ledger/buckets.js';
import { folderHome } from '../../src/ledger/folder/folder-home.js';
import { memoryLedgerStore } from '../../src/ledger/in-process-store.js';
import { type Draw, draw, verify } from '../../src/ledger/ledger.js';
import type { Drawn } from '../../src/ledger/ledger-home.js';
import { DamagedRecord } from '../../src/ledger/ledger-records.js';

const name = 'real/acme';
const timeoutMs = 30_000;
/** From a unit's bucket on: its rest, the time-out, the clocks' tolerance, a day. */
const lifeMs = 10_000 + timeoutMs + 1_000 + dayMs;

let entries: Map<string, string>;

let nowMs = 0;
const clock = { wallMs: () => 1e12 + nowMs, monotonicMs: () => nowMs, schedule: () => () => {} };
const bootClock = { bootId: () => 'boot', uptimeMs: () => nowMs };
const home = () => folderHome(memoryLedgerStore(entries), clock, bootClock, 'memory');

async function drawAt(ms: number, request: Partial<Draw> = {}): Promise<Drawn> {
  nowMs = ms;
  const none = { wantedUnits: 0, returned: new Map<number, number>(), lateUnits: 0 };
  const draft = { name, number: 1, limit: 100, reserve: 0, timeoutMs, ...none, ...request };
  const outcome = await home().transact(draft.name, draw(draft));
  if (outcome.kind !== 'committed') throw new Error(outcome.kind);
  return outcome.answer.drawn;
}

const isWhole = () => home().read(name, (state) => verify(state, name));

beforeEach(() => {
  entries = new Map();
});

describe('draw', () => {
  it('grants half of what is left at most, stamped with a bucket that lasts a second still', async () => {
    expect(await drawAt(0, { wantedUnits: 500 })).toMatchObject({ grantedUnits: 50, usedUnits: 50, bucketNumber: 0 });
    expect(await drawAt(9_500, { wantedUnits: 500 })).toMatchObject({
      grantedUnits: 25,
      bucketNumber: 1,
      goodForMs: 10_500,
    });
  });

  it('frees a bucket once a day has gone by since no attempt of it can be in flight, and not before', async () => {
    for (let turn = 0; turn < 8; turn += 1) await drawAt(3, { wantedUnits: 100 });
    expect(await drawAt(4, { wantedUnits: 1 })).toMatchObject({
      grantedUnits: 0,
      usedUnits: 100,
      nextFreeInMs: lifeMs - 1,
    });
    expect(await drawAt(3 + lifeMs - 1, { wantedUnits: 1 })).toMatchObject({ grantedUnits: 0, nextFreeInMs: 1 });
    expect(await drawAt(3 + lifeMs, { wantedUnits: 1 })).toMatchObject({ grantedUnits: 1, usedUnits: 1 });
  });

  it('takes back units into the bucket that they are of, open or settled, and forgets those of one that is free', async () => {
    await drawAt(0, { wantedUnits: 8 });
    await drawAt(20_000, { wantedUnits: 8 });
    expect((await drawAt(20_001, { returned: new Map([[0, 3]]) })).usedUnits).toBe(13);
    expect(
      (
        await drawAt(200_000, {
          returned: new Map([
            [2, 8],
            [0, 1],
          ]),
        })
      ).usedUnits,
    ).toBe(4);
    expect(await isWhole()).toBe(true);
    expect((await drawAt(2 * dayMs, { returned: new Map([[0, 4]]) })).usedUnits).toBe(0);
  });

  it('counts late attempts whatever is left, and grants nothing until that has come free', async () => {
    await drawAt(0, { wantedUnits: 1 });
    expect(await drawAt(1, { lateUnits: 150, wantedUnits: 5 })).toMatchObject({ grantedUnits: 0, usedUnits: 151 });
  });

  it('applies a lower cap and a reserve at once, to what is used already', async () => {
    for (const ms of [0, 10_000, 20_000]) await drawAt(ms, { wantedUnits: 10 });
    expect(await drawAt(30_000, { limit: 40, reserve: 25, wantedUnits: 5 })).toMatchObject({
      grantedUnits: 0,
      usedUnits: 30,
      nextFreeInMs: lifeMs + 10_000 - 30_000, // 16 units, of two buckets, have to go
    });
    expect((await drawAt(30_001, { limit: 40, reserve: 5, wantedUnits: 5 })).grantedUnits).toBe(3);
  });

  it('knows no time at which a cap of nothing brings a unit', async () => {
    expect((await drawAt(0, { limit: 5, reserve: 5, wantedUnits: 1 })).nextFreeInMs).toBeNull();
  });

  it('keeps the longest time-out of a bucket, and lets buckets come free in their order', async () => {
    await drawAt(0, { wantedUnits: 1 });
    await drawAt(1, { wantedUnits: 1, timeoutMs: 600_000 });
    await drawAt(2, { wantedUnits: 1 });
    await drawAt(20_000, { wantedUnits: 1 });
    const freeMs = lifeMs - timeoutMs + 600_000;
    expect((await drawAt(freeMs - 1)).usedUnits).toBe(4);
    expect((await drawAt(freeMs)).usedUnits).toBe(0);
  });

  it('counts each client code by itself', async () => {
    await drawAt(0, { wantedUnits: 5 });
    expect((await drawAt(0, { name: 'loopback/acme' })).usedUnits).toBe(0);
    expect(await home().names()).toEqual([name, 'loopback/acme']);
  });
});

describe('verify', () => {
  it('tells a new ledger from a whole one', async () => {
    expect(await isWhole()).toBe(false);
    for (const ms of [0, 50_000, 100_000, 150_000]) await drawAt(ms, { wantedUnits: 4 });
    expect(await isWhole()).toBe(true);
  });

  it.each([
    ['a settled bucket is gone', () => entries.delete('bucket real/acme 0')],
    ['a bucket holds other units', () => entries.set('bucket real/acme 0', '[0,3,0,86441000]')],
    ['buckets are out of order', () => entries.set('bucket real/acme 0', '[9,4,0,86441000]')],
    ['a record is cut off', () => entries.set('ledger real/acme', '[100,0,8,0')],
    ['a record has another form', () => entries.set('ledger real/acme', '[100,0,8]')],
    ['a count is none', () => entries.set('bucket real/acme 0', '[0,-4,0,86441000]')],
  ])('refuses a ledger where %s', async (_title, damage) => {
    for (const ms of [0, 50_000, 100_000]) await drawAt(ms, { wantedUnits: 4 });
    damage();
    await expect(isWhole()).rejects.toThrow(DamagedRecord);
  });

  it('refuses to continue without the clock that the ledger was kept by', async () => {
    await drawAt(0, { wantedUnits: 1 });
    entries.delete('clock');
    await expect(drawAt(1)).rejects.toThrow(DamagedRecord);
  });
});

it('work that throws leaves nothing behind', async () => {
  await drawAt(0, { wantedUnits: 1 });
  const before = new Map(entries);
  await expect(drawAt(20_000, { wantedUnits: 1, returned: new Map([[0, 5]]) })).rejects.toThrow(DamagedRecord);
  expect(entries).toEqual(before);
});
