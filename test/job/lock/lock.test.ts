import { rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseLease } from '../../../src/job/lock/lease.js';
import { acquireLock, type Lock } from '../../../src/job/lock/lock.js';
import type { ProcessIdentity, ProcessProbe, ProcessState } from '../../../src/platform/process-probe.js';
import type { ProfileDripError } from '../../../src/terms/errors.js';
import { type MovedClock, movedClock, settle, temporaryFolder } from '../../support/index.js';
import { systemError, type WatchedDisk, watchedDisk } from '../support/watched-disk.js';

let folder = '';
let path = '';
let clock: MovedClock;
/** What the processes of this machine are in; those that are not here are gone. */
let processes: Map<number, ProcessState>;

beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder, 'drop.csv.lock');
  clock = movedClock();
  processes = new Map();
});

const disks: WatchedDisk[] = [];
const locks: Lock[] = [];

afterEach(async () => {
  for (const disk of disks.splice(0)) disk.before = () => {};
  await Promise.all(locks.splice(0).map((lock) => running(lock.release())));
});

/** A process that takes locks: alive from the start. */
function someone(pid: number, changes: Partial<ProcessIdentity> = {}) {
  const identity: ProcessIdentity = { pid, host: 'web1', pidNamespace: 'pid:[1]', startedAt: `${pid}00`, ...changes };
  if (identity.pidNamespace === 'pid:[1]') processes.set(pid, { kind: 'alive', startedAt: identity.startedAt });
  const processProbe: ProcessProbe = { self: () => identity, look: (of) => processes.get(of) ?? { kind: 'gone' } };
  const disk = watchedDisk();
  disks.push(disk);
  const acquire = async (by: { clock?: MovedClock } = {}): Promise<Lock> => {
    const time = by.clock ?? clock;
    const lock = await acquireLock({ disk, clock: time, bootClock: time, processProbe, path, runId: `run-${pid}` });
    locks.push(lock);
    return lock;
  };
  return { disk, acquire };
}

const elsewhere = { host: 'web2', pidNamespace: 'pid:[2]' };
const names = async () => (await readdir(folder)).sort();
const holder = async () => parseLease(await readFile(path, 'utf8'))?.holder.pid;
const busy = { code: 'job-busy', exitStatus: 75 };

/** Lets what was started on the disks come to its end: time stands still for that long. */
async function idle(): Promise<void> {
  do await settle();
  while (!disks.every((disk) => disk.isIdle()));
}

/** Moves time forward until `work` has ended. */
async function running<Value>(work: Promise<Value>, by = clock): Promise<Value> {
  let hasEnded = false;
  const watch = () => {
    hasEnded = true;
  };
  work.then(watch, watch);
  for (await idle(); !hasEnded; await idle()) await by.advance(50);
  return work;
}

/** Moves time forward by `ms`, and lets what the timers start on the disk end. */
async function pass(ms: number, by = clock): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += 500) {
    await by.advance(500);
    await idle();
  }
}

/** As the file system's clock would have it. */
async function age(ms: number): Promise<void> {
  const at = new Date(Date.now() - ms);
  await utimes(path, at, at);
}

describe('a free job', () => {
  it('is locked with who has it, in one file, and released without a trace', async () => {
    const lock = await someone(1).acquire();
    expect(lock.isHeld()).toBe(true);
    expect(await names()).toEqual(['drop.csv.lock']);
    expect(parseLease(await readFile(path, 'utf8'))).toMatchObject({
      runId: 'run-1',
      holder: { pid: 1, host: 'web1', pidNamespace: 'pid:[1]', startedAt: '100' },
      sinceMs: clock.wallMs(),
    });
    await lock.release();
    await lock.release();
    expect(await names()).toEqual([]);
    expect(lock.isHeld()).toBe(false);
    expect(clock.timerCount()).toBe(0);
  });

  it('is had by one of many that want it at once', async () => {
    const all = await Promise.allSettled([1, 2, 3, 4, 5, 6].map((pid) => running(someone(pid).acquire())));
    expect(all.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    for (const one of all) if (one.status === 'rejected') expect(one.reason).toMatchObject(busy);
    expect(await names()).toEqual(['drop.csv.lock']);
  });

  it('says that a file system without hard links will not do', async () => {
    const { disk, acquire } = someone(1);
    disk.before = (operation) => {
      if (operation.startsWith('link')) throw systemError('EPERM');
    };
    await expect(acquire()).rejects.toMatchObject({ code: 'lock-no-links', exitStatus: 6 });
    expect(await names()).toEqual([]);
  });
});

describe('a job that another run has', () => {
  it('is refused with who has it and since when, and nothing is changed', async () => {
    await someone(4711).acquire();
    await pass(20_000);
    const text = await readFile(path, 'utf8');
    const refusal = someone(2).acquire();
    await expect(refusal).rejects.toMatchObject(busy);
    await expect(refusal).rejects.toThrow(/process 4711 on web1, since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d/);
    expect(await readFile(path, 'utf8')).toBe(text);
    expect(await names()).toEqual(['drop.csv.lock']);
  });

  it('stays its for as long as it is renewed', async () => {
    const lock = await someone(1).acquire();
    for (let minute = 0; minute < 3; minute += 1) {
      await pass(60_000);
      await expect(someone(2).acquire()).rejects.toMatchObject(busy);
      expect(lock.isHeld()).toBe(true);
    }
  });

  it('is taken over when it has not been renewed for 30 seconds', async () => {
    const hung = await someone(1).acquire();
    const others = movedClock(); // their time moves forward, and its own stands still
    others.sleepMachine(30_000);
    await expect(someone(2).acquire({ clock: others })).rejects.toMatchObject(busy);
    others.sleepMachine(1);
    const lock = await someone(2).acquire({ clock: others });
    expect(await holder()).toBe(2);
    expect(lock.isHeld()).toBe(true);
    await hung.release();
    expect(await holder()).toBe(2);
    expect(await names()).toEqual(['drop.csv.lock']);
  });

  it('is taken over at once when its process is dead', async () => {
    await someone(1).acquire();
    processes.delete(1);
    await someone(2).acquire();
    expect(await holder()).toBe(2);
  });

  it('is taken over at once when its process number belongs to another by now', async () => {
    await someone(1).acquire();
    processes.set(1, { kind: 'alive', startedAt: 'later' });
    await someone(2).acquire();
    expect(await holder()).toBe(2);
  });

  it('is not taken for dead where the process numbers are of another container, host or boot', async () => {
    const others = [elsewhere, { pidNamespace: null }];
    for (const other of others) {
      const lock = await someone(1, other).acquire();
      await expect(someone(2).acquire()).rejects.toMatchObject(busy);
      await age(29_000);
      await expect(someone(2).acquire()).rejects.toMatchObject(busy);
      await lock.release();
    }
    await someone(1).acquire();
    processes.delete(1);
    const rebooted = movedClock();
    rebooted.reboot();
    await expect(someone(2).acquire({ clock: rebooted })).rejects.toMatchObject(busy);
  });

  it('is taken over from another host or boot by the clock of the file system alone', async () => {
    await someone(1, elsewhere).acquire();
    const wrong = movedClock();
    wrong.stepWall(86_400_000);
    wrong.sleepMachine(86_400_000);
    await expect(someone(2).acquire({ clock: wrong })).rejects.toMatchObject(busy);
    await age(31_000);
    await someone(2).acquire();
    expect(await holder()).toBe(2);
  });

  it('is taken over from a lock file that is torn, by its age', async () => {
    for (const text of ['', '{"schema": 1, "run_', '{"schema": 2}', '[]', '\0\0\0']) {
      await writeFile(path, text);
      const refusal = running(someone(2).acquire());
      await expect(refusal).rejects.toMatchObject(busy);
      await expect(refusal).rejects.toThrow(/another run has this job: another run/);
      await age(31_000);
      const lock = await someone(2).acquire();
      expect(await holder()).toBe(2);
      await lock.release();
    }
  });

  it('never shows what a stranger wrote into a lock file', async () => {
    const lock = await someone(1, { host: '\u001b[2Jevil\nhost', ...{ pidNamespace: 'pid:[9]' } }).acquire();
    await expect(someone(2).acquire()).rejects.toThrow(/process 1 on an unnamed host/);
    await lock.release();
  });

  it("is watched for a while where the file system's clock has stepped back", async () => {
    const lock = await someone(1, elsewhere).acquire();
    await age(-3_600_000);
    const startedMs = clock.monotonicMs();
    await expect(running(someone(2).acquire())).rejects.toMatchObject(busy); // it was renewed meanwhile
    expect(clock.monotonicMs() - startedMs).toBeLessThan(40_000);
    await lock.release();

    await writeFile(path, 'of a run that is dead');
    await age(-3_600_000);
    await running(someone(3).acquire());
    expect(await holder()).toBe(3);
  });
});

describe('taking over', () => {
  it('is done by one of many that find the same stale lock', async () => {
    for (let round = 0; round < 10; round += 1) {
      await writeFile(path, 'stale');
      await age(31_000);
      const all = await Promise.allSettled([1, 2, 3, 4, 5].map((pid) => running(someone(pid).acquire())));
      const locks = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      const sure = await Promise.all(locks.map((lock) => running(lock.confirm())));
      expect(sure.filter((isOurs) => isOurs)).toHaveLength(1);
      for (const lock of locks) await lock.release();
      expect(await names()).toEqual([]);
    }
  });

  it('puts a lock back that was renewed just as it was taken', async () => {
    const slow = someone(1, elsewhere);
    const lock = await slow.acquire();
    await age(31_000);
    const taker = someone(2);
    taker.disk.before = async (operation) => {
      if (operation.startsWith('rename')) await running(lock.confirm());
    };
    await expect(taker.acquire()).rejects.toMatchObject(busy);
    expect(await holder()).toBe(1);
    expect(await running(lock.confirm())).toBe(true);
    expect(await names()).toEqual(['drop.csv.lock']);
  });

  it('waits with its judgement while a taker may be putting its lock back', async () => {
    const lock = await someone(1).acquire();
    await rename(path, `${path}.aside`);
    const confirming = lock.confirm();
    await settle(20);
    await rename(`${path}.aside`, path);
    expect(await running(confirming)).toBe(true);
  });

  it('does not even touch a lock that came while it judged the one before', async () => {
    await someone(1).acquire();
    const other = await readFile(path, 'utf8');
    const disk = watchedDisk();
    const look = (): ProcessState => {
      rmSync(path);
      writeFileSync(path, other.replace('run-1', 'run-3'));
      return { kind: 'gone' };
    };
    const self = () => ({ pid: 2, host: 'web1', pidNamespace: 'pid:[1]', startedAt: '200' });
    const looks = [look];
    const processProbe = { self, look: () => looks.pop()?.() ?? { kind: 'alive' as const, startedAt: '100' } };
    const taking = acquireLock({ disk, clock, bootClock: clock, processProbe, path, runId: 'run-2' });
    await expect(taking).rejects.toMatchObject(busy);
    expect(disk.operations.filter((operation) => operation.startsWith('rename'))).toEqual([]);
  });

  it('leaves alone what has come into the place of the lock that it judged', async () => {
    await writeFile(path, 'stale');
    await age(31_000);
    const taker = someone(2);
    const third = someone(3);
    let isDone = false;
    taker.disk.before = async (operation) => {
      if (!operation.startsWith('rename') || isDone) return;
      isDone = true;
      await rm(path);
      await third.acquire();
    };
    await expect(taker.acquire()).rejects.toMatchObject(busy);
    expect(await holder()).toBe(3);
    expect(await names()).toEqual(['drop.csv.lock']);
  });
});

describe('a lease', () => {
  it('is in doubt after 20 seconds without a renewal, and sure again once it is confirmed', async () => {
    const { disk, acquire } = someone(1);
    const lock = await acquire();
    await pass(10_000);
    let release: () => void = () => {};
    disk.before = (operation) =>
      operation.startsWith('append')
        ? new Promise((resolve) => {
            release = resolve;
          })
        : undefined;
    await clock.advance(20_000);
    expect(lock.isHeld()).toBe(true);
    await clock.advance(1);
    expect(lock.isHeld()).toBe(false);
    disk.before = () => {};
    const confirming = lock.confirm();
    release();
    expect(await running(confirming)).toBe(true);
    // The renewal that got through was begun long ago: that is the time from which nobody takes the lease over.
    expect(lock.isHeld()).toBe(true);
  });

  it('is in doubt when the machine has slept, or its clock was stepped on; not when it was stepped back', async () => {
    const lock = await someone(1).acquire();
    clock.stepWall(-3_600_000);
    expect(lock.isHeld()).toBe(true);
    await pass(10_000);
    clock.sleepMachine(21_000);
    expect(lock.isHeld()).toBe(false);
    expect(await running(lock.confirm())).toBe(true);
    expect(lock.isHeld()).toBe(true);
  });

  it('is lost when another has taken it over, which is told once', async () => {
    const lock = await someone(1, elsewhere).acquire();
    const told: ProfileDripError[] = [];
    lock.onLost = (error) => told.push(error);
    await age(31_000);
    clock.sleepMachine(31_000);
    const taker = await someone(4711).acquire();
    expect(lock.isHeld()).toBe(false);
    expect(await running(lock.confirm())).toBe(false);
    expect(await running(lock.confirm())).toBe(false);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ code: 'job-lost', exitStatus: 75 });
    expect(told[0]?.message).toContain('process 4711 on web1');
    await lock.release();
    expect(await holder()).toBe(4711);
    await taker.release();
    expect(clock.timerCount()).toBe(0);
  });

  it('finds out by itself that it is lost', async () => {
    const lock = await someone(1).acquire();
    let isLost = false;
    lock.onLost = () => {
      isLost = true;
    };
    await rm(path);
    await pass(10_000);
    expect(isLost).toBe(true);
    expect(lock.isHeld()).toBe(false);
    expect(clock.timerCount()).toBe(0);
    await lock.release();
  });

  it('stays in doubt while the disk refuses to renew it, and says why', async () => {
    const { disk, acquire } = someone(1);
    const lock = await acquire();
    disk.before = () => {
      throw systemError('EROFS');
    };
    await pass(25_000);
    expect(lock.isHeld()).toBe(false);
    await expect(running(lock.confirm())).rejects.toMatchObject({ code: 'disk-read-only', exitStatus: 6 });
    disk.before = () => {};
    expect(await running(lock.confirm())).toBe(true);
    await lock.release();
    expect(await names()).toEqual([]);
  });
});
