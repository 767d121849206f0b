import type { HomeTime } from './home-time.js';
import { type LedgerTime, ledgerMs } from './ledger-time.js';

/**
 * How long a unit counts: the rule of the cap, without a clock or a disk.
 *
 * Units are stamped with the bucket in which they are granted, 10 s of the ledger's awake time. An attempt starts only within
 * the bucket of its unit, and arrives at most its time-out later. So a bucket is over, and settles, one time-out after
 * its end; from there on a whole day has to go by before its units come free. No window of 24 hours, here or at the
 * server, then holds attempts of that bucket and of the one that its units go to next.
 *
 * While a bucket is open the machine may sleep, and an attempt may be in flight before and after it. So the day is
 * counted from the time asleep as it stands when the bucket settles. Units of the last bucket before a sleep come free
 * up to that sleep later for it.
 */
export interface OpenBucket {
  /** Awake time in units of 10 s. */
  readonly number: number;
  readonly units: number;
  /** The longest time-out of the runs that were granted units of it. */
  readonly timeoutMs: number;
}

export interface SettledBucket {
  readonly number: number;
  readonly units: number;
  /** Ledger's time at its beginning: for people. */
  readonly usedAtMs: number;
  /** Ledger's time from which its units may be granted again. */
  readonly freeAtMs: number;
}

export const bucketMs = 10_000;
export const dayMs = 86_400_000;

/** How far a permit lets the wall clock and the monotonic clock drift apart before it asks again (pacing/grant.ts). */
export const toleranceMs = 1_000;

/** The bucket that units are stamped with now. */
export function stampAt({ awakeMs, stampAheadMs }: Pick<HomeTime, 'awakeMs' | 'stampAheadMs'>): number {
  return Math.floor((awakeMs + stampAheadMs) / bucketMs);
}

/** What a bucket's end depends on. */
export type BucketTime = LedgerTime & Pick<HomeTime, 'marginMs'>;

/** Awake time at which the last attempt of a bucket may start. */
export function endOf(bucketNumber: number): number {
  return (bucketNumber + 1) * bucketMs;
}

/** Awake time from which no attempt of a bucket can be in flight. */
export function settlesAt(bucket: OpenBucket): number {
  return endOf(bucket.number) + bucket.timeoutMs + toleranceMs;
}

/** `null`: an attempt of it may still start, or arrive. */
export function settle(bucket: OpenBucket, now: BucketTime): SettledBucket | null {
  return now.awakeMs < settlesAt(bucket) ? null : asSettled(bucket, now);
}

/** What a bucket is once it has settled; for one that is open still, what it will be if the machine stays awake. */
export function asSettled(bucket: OpenBucket, { asleepMs, marginMs }: BucketTime): SettledBucket {
  const { number, units } = bucket;
  const freeAtMs = settlesAt(bucket) + asleepMs + dayMs + marginMs;
  return { number, units, usedAtMs: number * bucketMs + asleepMs, freeAtMs };
}

export interface Buckets {
  readonly open: readonly OpenBucket[];
  readonly settled: readonly SettledBucket[];
}

/**
 * The buckets that count at a time. They come free in their order, even where a later one had a shorter time-out. One
 * that nobody has looked at since it was over settles now.
 */
export function heldAt({ open, settled }: Buckets, now: BucketTime): SettledBucket[] {
  const all = [...settled, ...open.map((bucket) => asSettled(bucket, now))];
  const firstHeld = all.findIndex((bucket) => bucket.freeAtMs > ledgerMs(now));
  return firstHeld < 0 ? [] : all.slice(firstHeld);
}

export function unitsOf(buckets: Iterable<{ readonly units: number }>): number {
  let units = 0;
  for (const bucket of buckets) units += bucket.units;
  return units;
}

/** Ledger's time at which `units` units of `buckets` (in their order) have come free; `null`: there are fewer. */
export function freedAtMs(buckets: Iterable<SettledBucket>, units: number): number | null {
  let freedUnits = 0;
  let atMs = Number.NEGATIVE_INFINITY;
  for (const bucket of buckets) {
    if (bucket.units === 0) continue;
    freedUnits += bucket.units;
    atMs = Math.max(atMs, bucket.freeAtMs);
    if (freedUnits >= units) return atMs;
  }
  return null;
}

/** How many units may be granted: never below 0, though more may be used than `limit` once that has been lowered. */
export function grantable(usedUnits: number, limit: number): number {
  return Math.max(0, limit - usedUnits);
}

/** How many of them one grant gets. Half of what is left at most, so that of two runs both get on as the cap runs out. */
export function unitsOfGrant(wantedUnits: number, grantableUnits: number): number {
  return Math.min(wantedUnits, Math.ceil(grantableUnits / 2));
}
