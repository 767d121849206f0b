import { beforeEach, describe, expect, it, vi } from 'vitest';
import { dayMs } from '../../src/ledger/buckets.js';
import { folderHome } from '../../src/ledger/folder/folder-home.js';
import { memoryLedgerStore } from '../../src/ledger/in-process-store.js';
import { openPacer, type Pacer, type PacerOptions, type Permit } from '../../src/pacing/pacer.js';
import type { LedgerStore } from '../../src/platform/ports.js';
import { MachineError } from '../../src/terms/errors.js';
import { type MovedClock, movedClock, settle } from '../support/index.js';

const timeoutMs = 30_000;
let clock: MovedClock;
let entries: Map<string, string>;

beforeEach(() => {
  clock = movedClock();
  entries = new Map();
});

const homeOf = (store: LedgerStore) => folderHome(store, clock, clock, 'memory');

async function open(
  options: Partial<PacerOptions> = {},
  store: LedgerStore = memoryLedgerStore(entries),
): Promise<Pacer> {
  const all = {
    clientCode: 'acme',
    isLoopback: false,
    limit: 1_000,
    reserve: 0,
    ratePerSecond: 0,
    timeoutMs,
    giveUpMs: 0,
    lateUnits: 0,
    ...options,
  };
  return (await openPacer(homeOf(store), clock, clock, { pace: 'burst', ...all })).pacer;
}

/** Takes `count` permits, and fails if it may not. */
async function takeAll(pacer: Pacer, count: number): Promise<Permit[]> {
  const permits: Permit[] = [];
  while (permits.length < count) {
    const take = pacer.take();
    if (take.kind === 'go') permits.push(take.permit);
    else if (take.kind === 'fetching') await settle();
    else throw new Error(`${take.kind} after ${permits.length}`);
  }
  return permits;
}

/** Uses what there is, until there is no more. */
async function useUp(pacer: Pacer): Promise<number> {
  for (let used = 0; ; ) {
    const take = pacer.take();
    if (take.kind === 'cap-used') return used;
    if (take.kind === 'go') {
      expect(take.permit.isValid()).toBe(true);
      pacer.ended(take.permit);
      used += 1;
    } else await settle();
  }
}

describe('a pacer', () => {
  it('grants the cap to the unit, over all that share a ledger, and says when more comes free', async () => {
    const one = await open();
    const other = await open();
    const used = (await Promise.all([useUp(one), useUp(other)])).reduce((sum, count) => sum + count);
    expect(used).toBe(1_000);
    expect(one.take()).toEqual({
      kind: 'cap-used',
      freeAtMonotonicMs: clock.monotonicMs() + 10_000 + timeoutMs + 1_001 + dayMs,
    });
    await one.close();
    await other.close();
    expect(clock.timerCount()).toBe(0);
  });

  it('tells who waits for units when they are there', async () => {
    const pacer = await open();
    const onReady = vi.fn();
    pacer.onReady = onReady;
    expect(pacer.take().kind).toBe('fetching');
    expect(onReady).not.toHaveBeenCalled();
    await settle();
    expect(onReady).toHaveBeenCalledTimes(1);
    expect(pacer.take().kind).toBe('go');
  });

  it('continues by itself when the cap comes free', async () => {
    const pacer = await open({ limit: 20 });
    await useUp(pacer);
    pacer.onReady = vi.fn();
    await clock.advance(dayMs + timeoutMs + 10_000);
    expect(pacer.onReady).not.toHaveBeenCalled();
    await clock.advance(1_001);
    expect(pacer.onReady).toHaveBeenCalled();
    expect(await useUp(pacer)).toBe(20);
  });

  it('finds out within a minute that another run has given units back', async () => {
    const holder = await open({ limit: 20 });
    const held = await takeAll(holder, 20);
    const waiting = await open({ limit: 20 });
    expect(await useUp(waiting)).toBe(0);
    for (const permit of held) holder.giveBack(permit);
    await holder.close();
    await clock.advance(60_000);
    expect(await useUp(waiting)).toBe(20);
  });

  it('lets no permit start after its bucket', async () => {
    const pacer = await open();
    const [permit] = await takeAll(pacer, 1);
    await clock.advance(8_900);
    expect(permit?.isValid()).toBe(true);
    await clock.advance(1_100);
    expect(permit?.isValid()).toBe(false);
  });

  it('lets no permit start after the machine slept, or the wall clock was set forward', async () => {
    const pacer = await open();
    const [permit] = await takeAll(pacer, 1);
    clock.stepWall(-3_600_000);
    expect(permit?.isValid()).toBe(true);
    clock.stepWall(3_600_000);
    clock.sleepMachine(1_500);
    expect(permit?.isValid()).toBe(false);
    expect((await takeAll(pacer, 1))[0]?.isValid()).toBe(true);
  });

  it('gives unused units back when their bucket ends, though nothing more is taken', async () => {
    const pacer = await open();
    const permits = await takeAll(pacer, 3);
    for (const permit of permits.slice(1)) pacer.giveBack(permit);
    expect(pacer.view().used).toBe(1);
    await clock.advance(12_000);
    expect((await open()).view().used).toBe(1);
  });

  it('gives back on closing what was not used, and lets nothing start then', async () => {
    const pacer = await open();
    const [first, second] = await takeAll(pacer, 2);
    if (first === undefined || second === undefined) throw new Error('no permits');
    expect(first.isValid()).toBe(true);
    pacer.ended(first);
    await Promise.all([pacer.close(), pacer.close()]);
    expect(second.isValid()).toBe(false);
    expect(pacer.view()).toEqual({ limit: 1_000, used: 2, left: 998, nextFreeAtMs: null });
    expect(() => pacer.take()).toThrow('after close');
    expect(clock.timerCount()).toBe(0);
  });

  it('counts an attempt again when its end is seen so late that it may have arrived late', async () => {
    const pacer = await open({ limit: 10 });
    const permits = await takeAll(pacer, 2);
    for (const permit of permits) permit.isValid();
    const [onTime, late] = permits;
    if (onTime === undefined || late === undefined) throw new Error('no permits');
    await clock.advance(10_000 + timeoutMs);
    pacer.ended(onTime);
    await clock.advance(1_000);
    pacer.ended(late);
    await settle();
    await pacer.close();
    expect(pacer.view().used).toBe(3);
  });

  it('refuses that a permit is resolved twice', async () => {
    const pacer = await open();
    const [permit] = await takeAll(pacer, 1);
    if (permit === undefined) throw new Error('no permit');
    pacer.giveBack(permit);
    expect(permit.isValid()).toBe(false);
    expect(() => pacer.ended(permit)).toThrow('twice');
  });

  it('leaves the reserve alone, and waits where a lowered cap is used up already', async () => {
    const pacer = await open({ limit: 100, reserve: 60 });
    expect(await useUp(pacer)).toBe(40);
    await pacer.close();
    const lowered = await open({ limit: 50, reserve: 20 });
    expect(await useUp(lowered)).toBe(0);
    expect(lowered.view()).toMatchObject({ limit: 30, used: 40, left: 0 });
    expect(lowered.view().nextFreeAtMs).toBeGreaterThan(clock.wallMs() + dayMs);
    expect(await useUp(await open({ limit: 100, reserve: 50 }))).toBe(10);
  });

  it('counts a client code in lower case, and loopback by itself', async () => {
    await useUp(await open({ limit: 5, clientCode: 'Acme' }));
    expect(await useUp(await open({ limit: 5, clientCode: 'ACME' }))).toBe(0);
    expect(await useUp(await open({ limit: 5, isLoopback: true }))).toBe(5);
    expect(await useUp(await open({ limit: 5, clientCode: 'other' }))).toBe(5);
  });

  it('says that a ledger is new, once', async () => {
    const options = {
      clientCode: 'acme',
      isLoopback: false,
      limit: 1,
      reserve: 0,
      ratePerSecond: 0,
      timeoutMs,
      giveUpMs: 0,
      lateUnits: 0,
    };
    const store = memoryLedgerStore(entries);
    expect((await openPacer(homeOf(store), clock, clock, { pace: 'burst', ...options })).isNew).toBe(true);
    expect((await openPacer(homeOf(store), clock, clock, { pace: 'burst', ...options })).isNew).toBe(false);
  });

  it('keeps its rate in attempts, and asks for about a second of units at a time', async () => {
    let transactions = 0;
    const store = memoryLedgerStore(entries);
    const counting: LedgerStore = {
      transact: (work) => {
        transactions += 1;
        return store.transact(work);
      },
      close: store.close,
    };
    const pacer = await open({ ratePerSecond: 100, limit: 100_000 }, counting);
    let started = 0;
    for (const endMs = clock.monotonicMs() + 20_000; clock.monotonicMs() < endMs; ) {
      const take = pacer.take();
      if (take.kind === 'go') {
        take.permit.isValid();
        pacer.ended(take.permit);
        started += 1;
      } else if (take.kind === 'wait') await clock.advance(take.untilMonotonicMs - clock.monotonicMs());
      else await settle();
    }
    expect(started).toBeGreaterThan(0.99 * 2_000);
    expect(started).toBeLessThanOrEqual(2_000);
    expect(transactions).toBeLessThan(70);
  });
});

describe('a pacer whose ledger fails', () => {
  /** A ledger that works until it is told what to do instead. */
  function breakable() {
    const store = memoryLedgerStore(entries);
    let failing: (() => Promise<never>) | null = null;
    const breaking: LedgerStore = {
      transact: (work) => failing?.() ?? store.transact(work),
      close: store.close,
    };
    return {
      breaking,
      failWith(fail: () => Promise<never>) {
        failing = fail;
      },
    };
  }

  it('reports it, and lets nothing start that was granted before', async () => {
    const { breaking, failWith } = breakable();
    const pacer = await open({}, breaking);
    const [permit] = await takeAll(pacer, 1);
    const error = new MachineError('ledger-damaged', 'broken');
    failWith(() => Promise.reject(error));
    await clock.advance(20_000);
    expect(pacer.take()).toEqual({ kind: 'fault', error });
    expect(permit?.isValid()).toBe(false);
    await pacer.close();
    expect(clock.timerCount()).toBe(0);
  });

  it('throws an error that is not of the machine as it is', async () => {
    const { breaking, failWith } = breakable();
    const pacer = await open({}, breaking);
    failWith(() => Promise.reject(new TypeError('an internal error')));
    pacer.take();
    await settle();
    expect(() => pacer.take()).toThrow(TypeError);
  });

  it('gives up on a ledger that another process holds for more than a minute', async () => {
    const { breaking, failWith } = breakable();
    const pacer = await open({}, breaking);
    failWith(() => new Promise(() => {}));
    pacer.onReady = vi.fn();
    expect(pacer.take().kind).toBe('fetching');
    await clock.advance(60_000);
    expect(pacer.take().kind).toBe('fetching');
    await clock.advance(5_000);
    expect(pacer.onReady).toHaveBeenCalledTimes(1);
    expect(pacer.take()).toMatchObject({ kind: 'fault', error: { code: 'ledger-held', exitStatus: 6 } });
    await pacer.close();
  });

  it('rejects the opening', async () => {
    const { breaking, failWith } = breakable();
    failWith(() => Promise.reject(new MachineError('ledger-damaged', 'broken')));
    await expect(open({}, breaking)).rejects.toMatchObject({ code: 'ledger-damaged' });
  });
});
