import { afterEach, expect, it, vi } from 'vitest';
import { Health } from '../../src/job/health/health.js';
import { Loop } from '../../src/job/loop/loop.js';
import { Window } from '../../src/job/loop/row-window.js';
import { UpdateOrder } from '../../src/job/loop/update-order.js';
import { endpointStop } from '../../src/job/terms/stops.js';
import { memoryLedgerStore } from '../../src/ledger/in-process-store.js';
import type { Disk, DiskFile } from '../../src/platform/ports.js';
import { type Sabotage, simulate } from './simulate.js';

/** The simulator's own test: a program that is broken on purpose must be found out, within this many seeds. */
const seedCountMax = 120;

afterEach(() => vi.restoreAllMocks());

async function isFoundOut(sabotage: Sabotage, fault: RegExp, firstSeed = 1): Promise<boolean> {
  for (let seed = firstSeed; seed < firstSeed + seedCountMax; seed += 1) {
    const { faults } = await simulate(seed, sabotage);
    if (faults.some((one) => fault.test(one))) return true;
  }
  return false;
}

function withFiles(disk: Disk, change: (path: string, file: DiskFile) => DiskFile): Disk {
  return { ...disk, open: async (path, mode) => change(path, await disk.open(path, mode)) };
}

it('finds out a program that skips the fsync', async () => {
  const disk = (real: Disk) => withFiles(real, (_path, file) => ({ ...file, sync: async () => {} }));
  expect(await isFoundOut({ disk }, /does not match the checkpoint|not one line|ended/)).toBe(true);
});

it('finds out a program that writes the checkpoint before the report', async () => {
  const disk = (real: Disk) => {
    let late: (() => Promise<void>)[] = [];
    const inReport = withFiles(real, (path, file) =>
      path.endsWith('.results.csv')
        ? {
            ...file,
            append: async (bytes) => {
              const copy = Buffer.from(bytes);
              late.push(() => file.append(copy));
            },
            sync: async () => {},
            stat: async () => ({ ...(await file.stat()), sizeBytes: Number.MAX_SAFE_INTEGER }),
          }
        : file,
    );
    return {
      ...inReport,
      rename: async (from: string, to: string) => {
        await real.rename(from, to);
        for (const append of late.splice(0)) await append();
        late = [];
      },
    };
  };
  expect(await isFoundOut({ disk }, /./)).toBe(true);
});

it('finds out a program that drops the order per visitor', async () => {
  const add = Window.prototype.add;
  const end = Window.prototype.end;
  vi.spyOn(Window.prototype, 'add').mockImplementation(function (this: Window, row) {
    add.call(this, row);
    return true;
  });
  vi.spyOn(Window.prototype, 'end').mockImplementation(function (this: Window, row, resultByte) {
    end.call(this, row, resultByte);
    return null;
  });
  expect(await isFoundOut({}, /went out after/)).toBe(true);
});

it('finds out a program that counts after sending', async () => {
  const ledger: Sabotage['ledger'] = (entries, world, isAlive) => {
    const believed = memoryLedgerStore(new Map(entries));
    return {
      transact: (work) => {
        world.at(60_000, () => {
          if (isAlive())
            memoryLedgerStore(entries)
              .transact(work)
              .catch(() => {});
        });
        return believed.transact(work);
      },
      close: async () => {},
    };
  };
  expect(await isFoundOut({ ledger }, /attempts in 24 hours/)).toBe(true);
});

it('finds out a program that loses on resume which rows have ended', async () => {
  const admit = Loop.prototype.admit;
  vi.spyOn(Loop.prototype, 'admit').mockImplementation(function (this: Loop, rows, after, earlier) {
    earlier.ended.clear();
    return admit.call(this, rows, after, earlier);
  });
  // The run itself finds the results at odds with what it counted, or the checks find them.
  expect(await isFoundOut({}, /not one line a row|is in it twice|does not (match|hold)/)).toBe(true);
});

it('finds out a program that one refused row stops', async () => {
  const judge = Health.prototype.judge;
  vi.spyOn(Health.prototype, 'judge').mockImplementation(function (this: Health<never>, row, outcome, nowMs) {
    if (outcome.kind === 'stop') return { kind: 'stop', stop: endpointStop('unauthorized', 'one row', 'none') };
    return judge.call(this, row, outcome, nowMs);
  });
  expect(await isFoundOut({}, /one row blocks the rest/)).toBe(true);
});

const overtaken = /by Delivery within a day of an update/;

it('finds out a program whose Delivery overtakes updates', async () => {
  vi.spyOn(UpdateOrder.prototype, 'staysOnUpdate').mockReturnValue(false);
  expect(await isFoundOut({}, overtaken)).toBe(true);
});

it('finds out a program that forgets on resume which visitors were updated', async () => {
  vi.spyOn(UpdateOrder.prototype, 'noteEarlier').mockImplementation(() => {});
  // Few seeds resume with --on-cap delivery within a day: the first ones do not.
  expect(await isFoundOut({}, overtaken, 160)).toBe(true);
});

it('finds out a program that updates a row before a checkpoint says so', async () => {
  vi.spyOn(UpdateOrder.prototype, 'mayTake').mockReturnValue(true);
  expect(await isFoundOut({}, overtaken)).toBe(true);
});
