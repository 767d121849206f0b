import { readFile, rename, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { formatLease } from '../../../src/job/lock/lease.js';
import { type Attempt, Departure, type DepartureParts, departureConditions } from '../../../src/job/loop/departure.js';
import type { JobEnd } from '../../../src/job/run-job.js';
import type { Machine } from '../../../src/job/terms/machine.js';
import type { Permit } from '../../../src/pacing/pacer.js';
import { type RunWorld, rowsText, runWorld, taken } from '../support/job-run-world.js';

const row: string = 'a row';
const now = { monotonicMs: 1000, wallMs: 2000 };

describe('each condition alone closes both doors', () => {
  const asked: string[] = [];
  const answers = (name: string) => async () => {
    asked.push(name);
    return null;
  };
  const allHold: DepartureParts<typeof row> = {
    isStopped: () => false,
    isAsking: () => false,
    gate: () => ({ kind: 'open', row: 'next' }),
    isFileRecheckDue: () => false,
    recheckFile: answers('recheckFile'),
    canWriteResults: () => true,
    isLockHeld: () => true,
    confirmLock: answers('confirmLock'),
    isMarked: () => true,
    memoryHold: () => null,
  };
  const hold = { cause: 'outage', sinceMs: 0, untilMs: 5000, lastError: null } as const;
  const away = { cause: 'state', sinceMs: 0, untilMs: null, lastError: 'no answer' } as const;
  const valid: Permit = { isValid: () => true };

  interface Closed {
    readonly parts?: Partial<DepartureParts<typeof row>>;
    readonly attempt?: Partial<Attempt<typeof row>>;
    /** What the first door waits for. */
    readonly wait: string;
  }
  const table: Record<string, readonly Closed[]> = {
    stop: [{ parts: { isStopped: () => true }, wait: 'told' }],
    answer: [{ parts: { isAsking: () => true }, wait: 'told' }],
    health: [
      { parts: { gate: () => ({ kind: 'closed', row: 'next', ...hold }) }, wait: 'hold' },
      {
        parts: { gate: () => ({ kind: 'one-at-a-time', row: 'next' }) },
        attempt: { othersInFlight: 1 },
        wait: 'told',
      },
    ],
    row: [
      { attempt: { row: null }, wait: 'told' },
      { attempt: { row: null }, parts: { memoryHold: () => away }, wait: 'hold' },
    ],
    file: [{ parts: { isFileRecheckDue: () => true }, wait: 'ask' }],
    journal: [{ parts: { canWriteResults: () => false }, wait: 'told' }],
    lock: [{ parts: { isLockHeld: () => false }, wait: 'ask' }],
    memory: [
      { parts: { isMarked: () => false }, wait: 'mark' },
      { parts: { isMarked: () => false, memoryHold: () => away }, wait: 'hold' },
    ],
    permit: [{ attempt: { permit: { isValid: () => false } }, wait: 'permit' }],
  };

  it('and there is no condition beside those of this table', () => {
    expect(departureConditions(allHold).map(({ name }) => name)).toEqual(Object.keys(table));
  });

  it('and none closes them where all hold', () => {
    const departure = new Departure<typeof row>(departureConditions(allHold));
    expect(departure.obstacleTo({ row, permit: null, othersInFlight: 0 }, now)).toEqual({ kind: 'permit' });
    expect(departure.mayLeave({ row, permit: valid, othersInFlight: 0 }, now)).toBe(true);
    // What is marked may leave, though the memory cannot be asked.
    const marked = new Departure<typeof row>(departureConditions({ ...allHold, memoryHold: () => away }));
    expect(marked.mayLeave({ row, permit: valid, othersInFlight: 0 }, now)).toBe(true);
  });

  it.each(Object.entries(table).flatMap(([name, each]) => each.map((closed) => [name, closed] as const)))(
    '%s',
    (_, { parts = {}, attempt = {}, wait }) => {
      const departure = new Departure<typeof row>(departureConditions({ ...allHold, ...parts }));
      const usual = { row, othersInFlight: 0 };
      expect(departure.obstacleTo({ ...usual, permit: null, ...attempt }, now)?.kind).toBe(wait);
      expect(departure.mayLeave({ ...usual, permit: valid, ...attempt }, now)).toBe(false);
      expect(asked).toEqual([]); // to ask changes nothing
    },
  );
});

describe('what came to be while an attempt waited for its connection', () => {
  let world: RunWorld;
  beforeEach(async () => {
    world = await runWorld();
  });
  const codes = ({ error, exitStatus }: JobEnd) => [exitStatus, error?.code ?? null];
  const sent = () => world.seen.map(({ id }) => id);

  /** The `nth` attempt, or each, has to wait for its connection until `meanwhile` is over. */
  function slowConnection(nth: number | 'each', meanwhile: () => Promise<void>): Partial<Machine> {
    let count = 0;
    return {
      openTransport: async (origin, options) => {
        const transport = await world.machine.openTransport(origin, options);
        return {
          send(outgoing, sender) {
            count += 1;
            if (nth !== 'each' && count !== nth) transport.send(outgoing, sender);
            else void meanwhile().then(() => transport.send(outgoing, sender));
          },
          abortAll: () => transport.abortAll(),
          close: () => transport.close(),
        };
      },
    };
  }

  it('a stop: the attempt does not leave, and its unit goes back', async () => {
    const file = await world.put('a.csv', rowsText(10));
    const stop = new AbortController();
    const slow = slowConnection(4, async () => stop.abort('SIGTERM'));
    const end = await world.run(file, { concurrency: 1 }, { signal: stop.signal }, slow);
    expect(codes(end)).toEqual([143, 'interrupted']);
    expect(sent()).toEqual(['v1', 'v2', 'v3']);
    expect(end.jobs[0]?.cap.used).toBe(3);
  });

  it('another run that has the job: the attempt does not leave', async () => {
    const file = await world.put('a.csv', rowsText(10));
    const slow = slowConnection(4, async () => {
      const holder = { host: 'other', pid: 1, pidNamespace: null, startedAt: null };
      const nowMs = world.clock.wallMs();
      const lease = { runId: 'x', holder, bootId: null, sinceMs: nowMs, renewedAtMs: nowMs, uptimeMs: 0, hold: null };
      await writeFile(`${file}.other`, formatLease(lease));
      await rename(`${file}.other`, `${file}.lock`);
      world.clock.stepWall(60_000);
    });
    expect(codes(await world.run(file, { concurrency: 1 }, {}, slow))).toEqual([75, 'job-lost']);
    expect(sent()).toEqual(['v1', 'v2', 'v3']);
    expect(await readFile(`${file}.lock`, 'utf8')).toContain('"other"');
  });

  it('a hold: the attempt leaves after it', async () => {
    const file = await world.put('a.csv', rowsText(10));
    let isHeld = () => {};
    const held = new Promise<void>((resolve) => {
      isHeld = resolve;
    });
    world.answer = ({ id }) => (id === 'v5' ? { status: 429, headers: { 'retry-after': '90' } } : taken);
    const slow = slowConnection(4, () => held);
    const onEvent = ({ kind }: { kind: string }) => {
      if (kind === 'hold') {
        world.answer = () => taken;
        isHeld();
      }
    };
    const end = await world.run(file, { concurrency: 2 }, { onEvent }, slow);
    expect(codes(end)).toEqual([0, null]);
    const [later, fourth] = ['v5', 'v4'].map((id) => world.seen.find((one) => one.id === id)?.atMs ?? 0);
    expect((fourth ?? 0) - (later ?? 0)).toBeGreaterThanOrEqual(90_000);
  });

  it('a wait for units: the attempt that has one leaves', async () => {
    const file = await world.put('a.csv', rowsText(2));
    const slow = slowConnection('each', () => world.clock.advance(500));
    const options = { concurrency: 2, dailyCap: 1, maxDurationMs: 60_000 };
    expect(codes(await world.run(file, options, {}, slow))).toEqual([7, 'max-duration']);
    expect(sent()).toEqual(['v1']);
  });

  it('outcomes that cannot be written: the attempt leaves when they are', async () => {
    const file = await world.put('a.csv', rowsText(10));
    let appendedAtMs = 0;
    let isSlow = false;
    world.disk.before = async (operation) => {
      if (!isSlow || !operation.startsWith('append a.csv.results.csv')) return;
      isSlow = false;
      await world.clock.advance(3000);
      appendedAtMs = world.clock.monotonicMs();
    };
    const slow = slowConnection(4, async () => {
      isSlow = true;
      await world.clock.advance(500);
    });
    expect(codes(await world.run(file, { concurrency: 1 }, {}, slow))).toEqual([0, null]);
    expect(appendedAtMs).toBeGreaterThan(0);
    expect(world.seen[3]?.atMs).toBeGreaterThanOrEqual(appendedAtMs);
  });
});
