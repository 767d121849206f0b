import { sleep } from '../../platform/clock.js';
import type { BootClock, Clock, Disk, DiskFile } from '../../platform/ports.js';
import type { ProcessProbe } from '../../platform/process-probe.js';
import { unlessMissing } from '../../storage/disk-errors.js';
import { tempPathOf } from '../../storage/replace-file.js';
import { MachineError, ProfileDripError, systemCode } from '../../terms/errors.js';
import { exitStatus } from '../../terms/exit-status.js';
import { describeHolder, type FoundLease, findLease, formatLease, type LeaseHold } from './lease.js';

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

/** When a lease was last renewed: taken before it was written, so never later than anybody else can see it. */
export interface Renewal {
  readonly monotonicMs: number;
  readonly wallMs: number;
  /** By the clock of the file system. */
  readonly fileSystemMs: number;
}

/** How often, and how long between, a lock that is not at its place is looked for: a taker may be putting it back. */
const putBackLooks = 5;
const putBackLookMs = 200;
/** The same for one that cannot be read: it may be in the middle of a renewal. */
const renewalLooks = 5;
const renewalLookMs = 50;

/**
 * The lock file of this run: one file that is held open, so that a renewal can never write into another's.
 *
 * Invariant: whether the lock is ours is asked after a renewal was written, never before. A taker that moves the file
 * aside before that is seen by us; one that does so after it sees the renewal, and puts the file back.
 */
export class LockFile {
  readonly #options: LockOptions;
  readonly #tempPath: string;
  readonly #asidePath: string;
  readonly #sinceMs: number;
  readonly #file: DiskFile;
  readonly #identity: string;
  /** Said with the next `write`. */
  hold: LeaseHold | null = null;

  private constructor(options: LockOptions, file: DiskFile, identity: string) {
    this.#options = options;
    this.#tempPath = tempPathOf(options.path, options.runId);
    this.#asidePath = tempPathOf(options.path, `${options.runId}-old`);
    this.#sinceMs = options.clock.wallMs();
    this.#file = file;
    this.#identity = identity;
  }

  static async make(options: LockOptions): Promise<LockFile> {
    const file = await options.disk.open(tempPathOf(options.path, options.runId), 'create');
    return new LockFile(options, file, (await file.stat()).identity);
  }

  /** Writes the lease again. */
  async write(): Promise<Renewal> {
    const { clock, bootClock, processProbe, runId } = this.#options;
    const monotonicMs = clock.monotonicMs();
    const wallMs = clock.wallMs();
    const lease = {
      runId,
      holder: processProbe.self(),
      bootId: bootClock.bootId(),
      sinceMs: this.#sinceMs,
      renewedAtMs: wallMs,
      uptimeMs: bootClock.uptimeMs(),
      hold: this.hold,
    };
    await this.#file.truncate(0); // who reads in between finds nothing, and goes by the file's time
    await this.#file.append(Buffer.from(formatLease(lease)));
    return { monotonicMs, wallMs, fileSystemMs: (await this.#file.stat()).modifiedMs };
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
      if (systemCode(error) === 'ENOENT' && found !== null) throw await busy(this.#options);
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
      const atPath = await unlessMissing(disk.look(path));
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

  /** Removes this run's own lock file, if it is still in place, and closes it. */
  async drop(): Promise<void> {
    const { disk, path } = this.#options;
    try {
      const atPath = await unlessMissing(disk.look(path));
      if (atPath?.identity === this.#identity) {
        await disk.rename(path, this.#asidePath);
        const moved = await disk.look(this.#asidePath);
        if (moved.identity !== this.#identity) await this.#putBack();
        await unlessMissing(disk.remove(this.#asidePath));
      }
      await unlessMissing(disk.remove(this.#tempPath));
    } catch {
      // A lock file of a run that has ended blocks nobody for long.
    }
    await this.#file.close().catch(() => {});
  }

  async #putBack(): Promise<void> {
    const { disk, path } = this.#options;
    try {
      await disk.link(this.#asidePath, path);
    } catch (error) {
      throwUnlessExists(error); // a third run has the job now: the run whose file was moved finds its lease lost
    }
  }
}

/** Nothing but a renewal changes a lock file, and each does. */
function isSameLease(one: FoundLease, other: FoundLease): boolean {
  return one.identity === other.identity && one.text === other.text && one.modifiedMs === other.modifiedMs;
}

/** The lock file as it can be read: while it is being renewed it is empty for a moment. */
export async function legibleLease(options: LockOptions): Promise<FoundLease | null> {
  for (let look = 1; ; look += 1) {
    const found = await findLease(options.disk, options.path);
    if (found === null || found.lease !== null || look === renewalLooks) return found;
    await sleep(options.clock, renewalLookMs);
  }
}

/** That another has the job: who, and since when. */
export async function busy(options: LockOptions): Promise<ProfileDripError> {
  const holder = describeHolder(await legibleLease(options));
  return new ProfileDripError(
    'job-busy',
    `another run has this job: ${holder} (${options.path}). Wait until it has ended; if it was killed, the lock comes free 30 seconds after its last sign of life.`,
    exitStatus.busy,
  );
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
