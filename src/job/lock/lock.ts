import { sleep } from '../../platform/clock.js';
import { instantOf } from '../../platform/instant.js';
import type { Cancel } from '../../platform/ports.js';
import { onDisk } from '../../storage/disk-errors.js';
import { ProfileDripError } from '../../terms/errors.js';
import { exitStatus } from '../../terms/exit-status.js';
import { describeHolder, type FoundLease, findLease, judgeLease, type LeaseHold, leaseLifeMs } from './lease.js';
import { busy, LockFile, type LockOptions, legibleLease, type Renewal } from './lock-file.js';

export type { LockOptions } from './lock-file.js';

const renewEveryMs = 5000;
/** Two thirds of the lease's life: no attempt starts on a lease that could be taken over before it is looked at again. */
const sureForMs = 20_000;
/** Attempts at a lock that changes hands under our eyes. */
const attemptsMax = 20;

/**
 * Takes the job's lock: makes a whole lock file under another name and links it into place, which only one can do.
 * One that is there and still binds: ProfileDripError `job-busy` (75), which says who has the job and since when. One
 * that does not bind is moved aside first, and put back if it turns out to be another than was judged, or renewed.
 */
export async function acquireLock(options: LockOptions): Promise<Lock> {
  return onDisk(`lock the job with ${options.path}`, async () => {
    const own = await LockFile.make(options);
    try {
      for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
        const renewal = await own.write();
        if (await own.linkIntoPlace()) return new Lock(options, own, renewal);
        const found = await findLease(options.disk, options.path);
        if (found === null) continue; // released since
        const isFree = await isForTheTaking(options, found, renewal);
        if (!isFree) throw await busy(options);
        await own.moveAside(found);
      }
      throw await busy(options);
    } catch (error) {
      await own.drop();
      throw error;
    }
  });
}

async function isForTheTaking(options: LockOptions, found: FoundLease, { fileSystemMs }: Renewal): Promise<boolean> {
  const { clock, bootClock, processProbe } = options;
  const viewpoint = {
    bootId: bootClock.bootId(),
    uptimeMs: bootClock.uptimeMs(),
    pidNamespace: processProbe.self().pidNamespace,
    fileSystemMs,
  };
  const judgement = judgeLease(found, viewpoint, processProbe.look);
  if (judgement !== 'unclear') return judgement === 'free';
  await sleep(clock, leaseLifeMs + renewEveryMs);
  return true; // if it has not been renewed meanwhile: `moveAside` takes nothing but what was found
}

/**
 * The lease on a job, renewed every 5 seconds.
 *
 * States: held → lost (another has the lock's place, or its file was removed; `onLost` is called once) or released;
 * both are final. While held it may be in doubt: the last renewal that went well is over 20 seconds old, because the
 * process stood still, the clock was stepped or the disk refuses. `isHeld` is `false` then, and `confirm` decides.
 *
 * Invariant: after a renewal nobody takes the lease over for 30 seconds, so for 20 of them no check is needed.
 */
export class Lock {
  readonly #options: LockOptions;
  readonly #own: LockFile;
  #state: 'held' | 'lost' | 'released' = 'held';
  #renewal: Renewal;
  #renewing: Promise<boolean> | null = null;
  #cancelTimer: Cancel | null = null;

  /** Called once, with an error of status 75 that says who has the job now. */
  onLost: ((error: ProfileDripError) => void) | null = null;

  /** By `acquireLock` alone. */
  constructor(options: LockOptions, own: LockFile, renewal: Renewal) {
    this.#options = options;
    this.#own = own;
    this.#renewal = renewal;
    this.#setTimer();
  }

  /** Whether an attempt may start on this lease. Cheap: asked before each. `now`: read in this step. */
  isHeld(now = instantOf(this.#options.clock)): boolean {
    if (this.#state !== 'held') return false;
    // The monotonic clock stands still while the machine sleeps; the wall clock does not.
    const sinceMs = Math.max(now.monotonicMs - this.#renewal.monotonicMs, now.wallMs - this.#renewal.wallMs);
    return sinceMs <= sureForMs;
  }

  /**
   * Renews the lease now; `isHeld` says afterwards whether that was in time. `false`: it is lost. Rejects (MachineError) where
   * the disk refuses, and it stays in doubt.
   */
  async confirm(): Promise<boolean> {
    if (this.#state !== 'held') return false;
    return onDisk(`renew the job's lock in ${this.#options.path}`, () => this.#renew());
  }

  /** Says in the lock file why nothing is sent, or (`null`) that the run is at work again: `status` reads it there. */
  says(hold: LeaseHold | null): void {
    if (this.#own.hold === hold) return;
    this.#own.hold = hold;
    if (this.#state !== 'held') return;
    // A renewal that has begun may have written the earlier word. Where the disk refuses, the next renewal says it.
    const before = this.#renewing ?? Promise.resolve(true);
    before.then(() => (this.#state === 'held' ? this.#renew() : false)).catch(() => {});
  }

  /** Ends the lease. The lock file goes if it is still this run's. Never rejects. */
  async release(): Promise<void> {
    this.#cancelTimer?.();
    while (this.#renewing !== null) await this.#renewing.catch(() => {}); // the lease ends, renewed or not
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
    const renewal = await this.#own.write();
    if (!(await this.#own.isInPlace())) return this.#lose();
    this.#renewal = renewal;
    return true;
  }

  async #lose(): Promise<boolean> {
    const { path } = this.#options;
    this.#state = 'lost';
    const taker = await legibleLease(this.#options).catch(() => null);
    const what =
      taker === null ? `its lock was removed (${path})` : `${describeHolder(taker)} has taken it over (${path})`;
    const message = `this run no longer has the job: ${what}. It stops before its next attempt. The other run resumes from what is written.`;
    this.onLost?.(new ProfileDripError('job-lost', message, exitStatus.busy));
    return false;
  }
}
