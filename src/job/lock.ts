import { sleep } from '../clock.js';
import { MachineError, ProfileDripError, systemCode } from '../errors.js';
import { exitStatus } from '../exit-status.js';
import type { BootClock, Cancel, Clock, Disk, DiskFile } from '../ports.js';
import type { ProcessProbe } from '../process-probe.js';
import { onDisk, unlessMissing } from './disk-fault.js';
import { describeHolder, type FoundLease, findLease, formatLease, judgeLease, leaseLifeMs } from './lease.js';
import { tempPathOf } from './replace-file.js';

export interface LockOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly bootClock: BootClock;
  readonly processProbe: ProcessProbe;
  /** `<name>.lock`. */
  readonly path: string;
  /** Of this run alone. */
  readonly runId: string;
}

const renewEveryMs = 5000;
/** Two thirds of the lease's life: no try starts on a lease that could be taken over before it is looked at again. */
const sureForMs = 20_000;
/** How often, and how long between, a lock that is not at its place is looked for: a taker may be putting it back. */
const putBackLooks = 5;
const putBackLookMs = 200;
/** Attempts at a lock that changes hands under our eyes. */
const attemptsMax = 20;

/**
 * Takes the job's lock: makes a whole lock file under another name and links it into place, which only one can do.
 * One that is there and still binds: ProfileDripError `job-busy` (75), which says who has the job and since when. One
 * that does not bind is moved aside first, and put back if it turns out to be another than was judged, or renewed.
 */
export async function acquireLock(options: LockOptions): Promise<Lock> {
  return onDisk(`lock the job with ${options.path}`, async () => {
    const own = await OwnFile.make(options);
    try {
      for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
        const fileSystemMs = await own.write();
        if (await own.linkIntoPlace()) return new Lock(options, own);
        const found = await findLease(options.disk, options.path);
        if (found === null) continue; // released since
        const isFree = await isForTheTaking(options, found, fileSystemMs);
        if (!isFree) throw busy(options.path, found);
        await own.moveAside(found);
      }
      throw busy(options.path, await findLease(options.disk, options.path));
    } catch (error) {
      await own.drop();
      throw error;
    }
  });
}

async function isForTheTaking(options: LockOptions, found: FoundLease, fileSystemMs: number): Promise<boolean> {
  const { disk, clock, bootClock, processProbe, path } = options;
  const viewpoint = {
    bootId: bootClock.bootId(),
    uptimeMs: bootClock.uptimeMs(),
    pidNamespace: processProbe.self().pidNamespace,
    fileSystemMs,
  };
  const judgement = judgeLease(found, viewpoint, processProbe.look);
  if (judgement !== 'unclear') return judgement === 'free';
  await sleep(clock, leaseLifeMs + renewEveryMs);
  const later = await findLease(disk, path);
  return later === null || isSameLease(later, found);
}

/** Nothing but a renewal changes a lock file, and each does. */
function isSameLease(one: FoundLease, other: FoundLease): boolean {
  return one.identity === other.identity && one.text === other.text && one.modifiedMs === other.modifiedMs;
}

function busy(path: string, found: FoundLease | null): ProfileDripError {
  return new ProfileDripError(
    'job-busy',
    `another run has this job: ${describeHolder(found)} (${path}). Wait until it has ended; if it was killed, the lock comes free 30 seconds after its last sign of life.`,
    exitStatus.busy,
  );
}

/**
 * The lock file of this run: one file that is held open, so that a renewal can never write into another's.
 *
 * Invariant: whether the lock is ours is asked after a renewal was written, never before. A taker that moves the file
 * aside before that is seen by us; one that does so after it sees the renewal, and puts the file back.
 */
class OwnFile {
  readonly #options: LockOptions;
  readonly #tempPath: string;
  readonly #asidePath: string;
  readonly #sinceMs: number;
  readonly #file: DiskFile;
  readonly #identity: string;

  private constructor(options: LockOptions, file: DiskFile, identity: string) {
    this.#options = options;
    this.#tempPath = tempPathOf(options.path, options.runId);
    this.#asidePath = tempPathOf(options.path, `${options.runId}-old`);
    this.#sinceMs = options.clock.wallMs();
    this.#file = file;
    this.#identity = identity;
  }

  static async make(options: LockOptions): Promise<OwnFile> {
    const file = await options.disk.open(tempPathOf(options.path, options.runId), 'create');
    return new OwnFile(options, file, (await file.stat()).identity);
  }

  /** Writes the lease anew, and resolves to the file system's time of that. */
  async write(): Promise<number> {
    const { clock, bootClock, processProbe, runId } = this.#options;
    const lease = {
      runId,
      holder: processProbe.self(),
      bootId: bootClock.bootId(),
      sinceMs: this.#sinceMs,
      renewedAtMs: clock.wallMs(),
      uptimeMs: bootClock.uptimeMs(),
    };
    await this.#file.truncate(0); // who reads in between finds nothing, and goes by the file's time
    await this.#file.append(Buffer.from(formatLease(lease)));
    return (await this.#file.stat()).modifiedMs;
  }

  /** `false`: another's is there. */
  async linkIntoPlace(): Promise<boolean> {
    const { disk, path } = this.#options;
    try {
      await disk.link(this.#tempPath, path);
    } catch (error) {
      if (isWithoutLinks(error)) throw noLinks(path, error);
      const found = await findLease(disk, path);
      // Whoever has the job clears away the temp files of others, this one among them.
      if (systemCode(error) === 'ENOENT' && found !== null) throw busy(path, found);
      throwUnlessExists(error);
      // A network file system can have linked, and have lost the answer.
      if (found?.identity !== this.#identity) return false;
    }
    if (!(await this.isInPlace())) return false;
    await unlessMissing(disk.remove(this.#tempPath));
    return true;
  }

  /** Whether the file at the lock's path is this one. While nothing is there, a taker may be about to put it back. */
  async isInPlace(): Promise<boolean> {
    const { disk, clock, path } = this.#options;
    for (let look = 1; ; look += 1) {
      const atPath = await unlessMissing(disk.stat(path));
      if (atPath !== null || look === putBackLooks) return atPath?.identity === this.#identity;
      await sleep(clock, putBackLookMs);
    }
  }

  /** Takes another's lock file away if it is still `expected`. */
  async moveAside(expected: FoundLease): Promise<void> {
    const { disk, path } = this.#options;
    const atPath = await findLease(disk, path);
    if (atPath === null || !isSameLease(atPath, expected)) return;
    await unlessMissing(disk.rename(path, this.#asidePath));
    const moved = await findLease(disk, this.#asidePath);
    if (moved === null) return;
    if (!isSameLease(moved, expected)) await this.#putBack();
    await unlessMissing(disk.remove(this.#asidePath));
  }

  /** Takes this run's own lock file away, if it is still in place, and lets go of it. */
  async drop(): Promise<void> {
    const { disk, path } = this.#options;
    try {
      const atPath = await unlessMissing(disk.stat(path));
      if (atPath?.identity === this.#identity) {
        await disk.rename(path, this.#asidePath);
        const moved = await disk.stat(this.#asidePath);
        if (moved.identity !== this.#identity) await this.#putBack();
        await unlessMissing(disk.remove(this.#asidePath));
      }
      await unlessMissing(disk.remove(this.#tempPath));
    } catch {
      // What stays behind of a run that has ended binds nobody for long.
    }
    await this.#file.close().catch(() => {});
  }

  async #putBack(): Promise<void> {
    const { disk, path } = this.#options;
    try {
      await disk.link(this.#asidePath, path);
    } catch (error) {
      throwUnlessExists(error); // a third has the job meanwhile: whose file was moved finds its lease lost
    }
  }
}

function throwUnlessExists(error: unknown): void {
  if (systemCode(error) !== 'EEXIST') throw error;
}

function isWithoutLinks(error: unknown): boolean {
  return ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(systemCode(error) ?? '');
}

function noLinks(path: string, cause: unknown): MachineError {
  return new MachineError(
    'lock-no-links',
    `could not lock the job with ${path}: the file system takes no hard links. Put the job's files on another one with --out.`,
    { cause },
  );
}

/**
 * The lease on a job, renewed every 5 seconds.
 *
 * States: held → lost (another has the lock's place, or its file was removed; `onLost` is called once) or released;
 * both are final. While held it may be in doubt: the last renewal that went well is over 20 seconds old, because the
 * process stood still, the clock was stepped or the disk refuses. `isHeld` is `false` then, and `confirm` decides.
 *
 * Invariant: from a renewal on nobody takes the lease over for 30 seconds, so for 20 of them nobody needs to be asked.
 */
export class Lock {
  readonly #options: LockOptions;
  readonly #own: OwnFile;
  #state: 'held' | 'lost' | 'released' = 'held';
  #renewedMonotonicMs: number;
  #renewedWallMs: number;
  #renewing: Promise<boolean> | null = null;
  #cancelTimer: Cancel | null = null;

  /** Called once, with an error of status 75 that says who has the job now. */
  onLost: ((error: ProfileDripError) => void) | null = null;

  /** By `acquireLock` alone. */
  constructor(options: LockOptions, own: OwnFile) {
    this.#options = options;
    this.#own = own;
    this.#renewedMonotonicMs = options.clock.monotonicMs();
    this.#renewedWallMs = options.clock.wallMs();
    this.#setTimer();
  }

  /** Whether a try may start on this lease. Cheap: asked before each. */
  isHeld(): boolean {
    const { clock } = this.#options;
    if (this.#state !== 'held') return false;
    // The monotonic clock stands still while the machine sleeps; the wall clock does not.
    const sinceMs = Math.max(clock.monotonicMs() - this.#renewedMonotonicMs, clock.wallMs() - this.#renewedWallMs);
    return sinceMs <= sureForMs;
  }

  /** Renews the lease now. `false`: it is lost. Rejects (MachineError) where the disk refuses, and it stays in doubt. */
  async confirm(): Promise<boolean> {
    if (this.#state !== 'held') return false;
    return onDisk(`renew the job's lock in ${this.#options.path}`, () => this.#renew());
  }

  /** Ends the lease. The lock file goes if it is still this run's. Never rejects. */
  async release(): Promise<void> {
    this.#cancelTimer?.();
    await this.#renewing?.catch(() => {}); // the lease ends, renewed or not
    this.#cancelTimer?.();
    if (this.#state === 'released') return;
    this.#state = 'released';
    await this.#own.drop();
  }

  #setTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.clock.schedule(renewEveryMs, () => {
      // A refusal of the disk leaves the lease in doubt after a while, and then `confirm` says so.
      this.#renew().catch(() => {});
    });
  }

  #renew(): Promise<boolean> {
    this.#renewing ??= this.#renewNow().finally(() => {
      this.#renewing = null;
      if (this.#state === 'held') this.#setTimer();
    });
    return this.#renewing;
  }

  async #renewNow(): Promise<boolean> {
    const { clock } = this.#options;
    const startedMonotonicMs = clock.monotonicMs();
    const startedWallMs = clock.wallMs();
    await this.#own.write();
    if (!(await this.#own.isInPlace())) return this.#lose();
    this.#renewedMonotonicMs = startedMonotonicMs;
    this.#renewedWallMs = startedWallMs;
    return true;
  }

  async #lose(): Promise<boolean> {
    const { disk, path } = this.#options;
    if (this.#state !== 'held') return false;
    this.#state = 'lost';
    const taker = await findLease(disk, path).catch(() => null);
    const what =
      taker === null ? `its lock was removed (${path})` : `${describeHolder(taker)} has taken it over (${path})`;
    const message = `this run no longer has the job: ${what}. It stops before its next try; the other goes on from what is written.`;
    this.onLost?.(new ProfileDripError('job-lost', message, exitStatus.busy));
    return false;
  }
}
