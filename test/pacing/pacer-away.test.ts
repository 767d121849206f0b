import { beforeEach, describe, expect, it, vi } from 'vitest';
import { folderHome } from '../../src/ledger/folder/folder-home.js';
import { memoryLedgerStore } from '../../src/ledger/in-process-store.js';
import {
  type CommittedDraw,
  HomeAway,
  type LedgerHome,
  type LedgerWork,
  type Outcome,
} from '../../src/ledger/ledger-home.js';
import type { MachineTime } from '../../src/ledger/ledger-time.js';
import { openPacer, type Pacer, type PacerOptions, type Patience } from '../../src/pacing/pacer.js';
import { type MovedClock, movedClock, settle } from '../support/index.js';

/** What the home does with a transaction: it does not get there, or it does and nobody hears of it, or all is well. */
type Fate = 'lost' | 'unheard' | 'well';

let clock: MovedClock;
let entries: Map<string, string>;
let fates: Fate[];
let fateOfRest: Fate;
/** Answers that were committed and not heard: by the number of their draw the home gives them again. */
let unheard: unknown;

beforeEach(() => {
  clock = movedClock();
  entries = new Map();
  fates = [];
  fateOfRest = 'well';
  unheard = null;
});

function shakyHome(grantMinMs = 0): LedgerHome {
  const home = folderHome(memoryLedgerStore(entries), clock, clock, 'the home');
  /** Of the one who has this home. */
  let lastDraw: CommittedDraw | null = null;
  const trouble = new HomeAway('state-unreachable', 'ECONNREFUSED');
  const now = (): MachineTime => ({
    wallMs: clock.wallMs(),
    monotonicMs: clock.monotonicMs(),
    uptimeMs: clock.uptimeMs(),
    timeBase: '',
  });
  return {
    ...home,
    grantMinMs,
    async transact<T>(name: string, work: LedgerWork<T>): Promise<Outcome<T>> {
      const fate = fates.shift() ?? fateOfRest;
      if (fate === 'lost') return { kind: 'not-committed', trouble };
      const from = now();
      const outcome = await home.transact<T>(name, (state, time) => {
        const done = work({ ...state, lastDraw }, time);
        lastDraw = done.change?.lastDraw ?? lastDraw;
        return done;
      });
      if (fate === 'well') return outcome;
      unheard = outcome;
      return { kind: 'unknown', from, trouble };
    },
  };
}

async function open(options: Partial<PacerOptions> = {}, home = shakyHome(), patience?: Patience): Promise<Pacer> {
  const all: PacerOptions = {
    ...{ clientCode: 'acme', isLoopback: false, limit: 1_000, reserve: 0, ratePerSecond: 0, pace: 'burst' },
    ...{ timeoutMs: 30_000, giveUpMs: 600_000, lateUnits: 0 },
    ...options,
  };
  return (await openPacer(home, clock, clock, all, patience)).pacer;
}

const usedBy = async () => (await openPacer(shakyHome(), clock, clock, usual)).pacer.view().used;
const usual: PacerOptions = {
  ...{ clientCode: 'acme', isLoopback: false, limit: 1_000, reserve: 0, ratePerSecond: 0, pace: 'burst' },
  ...{ timeoutMs: 30_000, giveUpMs: 0, lateUnits: 0 },
};

describe('a pacer whose home is away', () => {
  it('uses what is granted, says so when that is used up, and continues when the home is back', async () => {
    const pacer = await open();
    expect(pacer.take().kind).toBe('fetching');
    await settle();
    fateOfRest = 'lost';
    let count = 0;
    for (let take = pacer.take(); take.kind === 'go'; take = pacer.take()) {
      take.permit.isValid();
      count += 1;
      await settle();
    }
    expect(count).toBe(10);
    expect(pacer.take()).toMatchObject({ kind: 'away', trouble: { message: 'ECONNREFUSED' } });
    expect(pacer.trouble()?.code).toBe('state-unreachable');
    await clock.advance(60_000);
    pacer.onReady = vi.fn();
    fateOfRest = 'well';
    await clock.advance(5_000);
    expect(pacer.onReady).toHaveBeenCalled();
    expect(pacer.trouble()).toBeNull();
    pacer.take();
    await settle();
    expect(pacer.take().kind).toBe('go');
    await pacer.close();
    expect(clock.timerCount()).toBe(0);
  });

  it('repeats a draw whose end it did not hear, under its number: it is counted once', async () => {
    const pacer = await open();
    fates = ['unheard', 'unheard', 'lost'];
    expect(pacer.take().kind).toBe('fetching');
    await clock.advance(2_000);
    expect(unheard).toMatchObject({ kind: 'committed' });
    const take = pacer.take();
    if (take.kind !== 'go') throw new Error(take.kind);
    take.permit.isValid();
    pacer.ended(take.permit);
    await pacer.close();
    expect(await usedBy()).toBe(1);
  });

  it('draws under numbers of its own where a home is used by one pacer after another: each unit is counted', async () => {
    const home = shakyHome();
    for (let turn = 1; turn <= 3; turn += 1) {
      const pacer = await open({}, home);
      pacer.take();
      await settle();
      const take = pacer.take();
      if (take.kind !== 'go') throw new Error(take.kind);
      take.permit.isValid();
      pacer.ended(take.permit);
      await pacer.close();
      expect(await usedBy()).toBe(turn);
    }
  });

  it('lets a grant count from the first attempt of its draw', async () => {
    const pacer = await open();
    fates = ['unheard', 'unheard'];
    fateOfRest = 'lost';
    const startMs = clock.monotonicMs();
    pacer.take();
    await clock.advance(4_000);
    fateOfRest = 'well';
    await clock.advance(5_500);
    const take = pacer.take();
    expect(take.kind).toBe('go');
    // The bucket of then ends 10 s after the first attempt, and not 10 s after its answer was heard.
    await clock.advance(startMs + 10_000 - clock.monotonicMs());
    expect(take.kind === 'go' && take.permit.isValid()).toBe(false);
    await pacer.close();
  });

  it('does not take a grant that is nearly over, and gives it back', async () => {
    const pacer = await open({}, shakyHome(2_000));
    await clock.advance(8_500);
    pacer.take();
    await settle();
    expect(pacer.take().kind).toBe('fetching');
    await clock.advance(1_500);
    pacer.take();
    await settle();
    const take = pacer.take();
    if (take.kind !== 'go') throw new Error(take.kind);
    take.permit.isValid();
    pacer.ended(take.permit);
    await pacer.close();
    expect(await usedBy()).toBe(1);
  });

  it('gives up after --give-up', async () => {
    const pacer = await open({ giveUpMs: 20_000 });
    fateOfRest = 'lost';
    pacer.take();
    await clock.advance(19_000);
    expect(pacer.take().kind).toBe('away');
    await clock.advance(1_001);
    expect(pacer.take()).toMatchObject({
      kind: 'fault',
      error: { code: 'state-unreachable', exitStatus: 6, message: expect.stringContaining('20 s (--give-up)') },
    });
    await pacer.close();
    expect(clock.timerCount()).toBe(0);
  });

  it('waits for it at the opening, says so once, and gives up or is ended', async () => {
    fates = ['lost', 'lost'];
    const onAway = vi.fn();
    const opening = open({}, shakyHome(), { onAway, signal: undefined });
    await clock.advance(2_000);
    await opening;
    expect(onAway).toHaveBeenCalledTimes(1);
    fateOfRest = 'lost';
    const failing = open({ giveUpMs: 1_000 });
    const failed = expect(failing).rejects.toMatchObject({ code: 'state-unreachable', exitStatus: 6 });
    await clock.advance(5_000);
    await failed;
    const controller = new AbortController();
    const ending = open({}, shakyHome(), { onAway, signal: controller.signal });
    const ended = expect(ending).rejects.toBe('SIGTERM');
    await settle();
    controller.abort('SIGTERM');
    await ended;
  });

  it('has late attempts for the next pacer where the ledger could not be told of them', async () => {
    const pacer = await open();
    pacer.take();
    await settle();
    const take = pacer.take();
    if (take.kind !== 'go') throw new Error(take.kind);
    take.permit.isValid();
    await clock.advance(41_001);
    await settle();
    fateOfRest = 'lost';
    pacer.ended(take.permit);
    await settle();
    await pacer.close();
    expect(pacer.lateUnits()).toBe(1);
    fateOfRest = 'well';
    const before = await usedBy();
    const next = await open({ lateUnits: pacer.lateUnits() });
    expect(next.lateUnits()).toBe(0);
    await next.close();
    expect(await usedBy()).toBe(before + 1);
  });
});
