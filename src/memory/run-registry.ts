import type { Presence, RunNumber } from './attribute-state.js';

/**
 * Which runs are present: whose tries may still be applied at Target. Kept as one small record in the memory, changed
 * in write transactions alone, so that all processes agree on it. Pure.
 *
 * A run renews its entry; it starts no try when it has not renewed for `lifeMs` (`Memory.isCurrent`), and a try is
 * taken to arrive up to `--timeout` after it left. So a run that has not renewed for both together is over, and so is
 * one that ended `--timeout` ago: its entry is removed, in the transaction that builds on it being over. A run that
 * finds its entry gone or ended (it stood still for minutes, or the job's lock was taken over) is lost for good.
 *
 * Time since an entry was renewed is read on the monotonic clock where both times are of one boot. Elsewhere (the
 * machine was started again, another time namespace, a system that does not name its boot) the wall clock has to be
 * believed, and an hour more has to pass: assumed, no clock is off by more between two runs.
 */

export interface Stamp {
  readonly bootId: string | null;
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export interface RunEntry {
  readonly number: RunNumber;
  readonly runId: string;
  /** Keyed hash of the job's key. */
  readonly job: string;
  readonly renewed: Stamp;
  readonly hasEnded: boolean;
  readonly lifeMs: number;
  readonly timeoutMs: number;
}

export interface Registry {
  readonly schema: 1;
  /** Of the secret that the hashes were made with. */
  readonly keyCheck: string;
  readonly nextRun: RunNumber;
  /** The runs up to this one were there when the memory was last forgotten. */
  readonly forgottenThrough: RunNumber;
  readonly runs: readonly RunEntry[];
}

const lifeMsMin = 60_000;
/** For clocks that tick unevenly, and a try that is handed over in the very moment. */
const marginMs = 5_000;
const foreignBootMarginMs = 3_600_000;

/** How long a run may go without renewing. */
export function lifeMsFor(timeoutMs: number): number {
  return Math.max(lifeMsMin, timeoutMs);
}

export function newRegistry(keyCheck: string): Registry {
  return { schema: 1, keyCheck, nextRun: 1, forgottenThrough: 0, runs: [] };
}

export interface Newcomer {
  readonly runId: string;
  readonly job: string;
  readonly timeoutMs: number;
}

/** Adds a run. An earlier run of the same job has ended: the newcomer holds the job's lock. */
export function withRun(registry: Registry, { runId, job, timeoutMs }: Newcomer, now: Stamp): Registry {
  const earlier = registry.runs.map((entry) =>
    entry.job === job && !entry.hasEnded ? { ...entry, hasEnded: true, renewed: now } : entry,
  );
  const entry: RunEntry = {
    number: registry.nextRun,
    runId,
    job,
    renewed: now,
    hasEnded: false,
    lifeMs: lifeMsFor(timeoutMs),
    timeoutMs,
  };
  return { ...registry, nextRun: registry.nextRun + 1, runs: [...earlier, entry] };
}

/** Without the runs that are over. */
export function withoutOver(registry: Registry, now: Stamp): Registry {
  const runs = registry.runs.filter((entry) => !isOver(entry, now)).map((entry) => notFromTheFuture(entry, now));
  return { ...registry, runs };
}

function isOver(entry: RunEntry, now: Stamp): boolean {
  const presentMs = (entry.hasEnded ? 0 : entry.lifeMs) + entry.timeoutMs + marginMs;
  if (isOneBoot(entry.renewed, now)) return now.monotonicMs - entry.renewed.monotonicMs > presentMs;
  return now.wallMs - entry.renewed.wallMs > presentMs + foreignBootMarginMs;
}

function isOneBoot(one: Stamp, other: Stamp): boolean {
  return one.bootId !== null && one.bootId === other.bootId;
}

/** A wall clock that was ahead for a while must not keep an entry for as long. */
function notFromTheFuture(entry: RunEntry, now: Stamp): RunEntry {
  if (isOneBoot(entry.renewed, now) || entry.renewed.wallMs <= now.wallMs) return entry;
  return { ...entry, renewed: { ...entry.renewed, wallMs: now.wallMs } };
}

/** The run's own entry renewed. */
export function withRenewed(registry: Registry, number: RunNumber, now: Stamp): Registry {
  return withOwn(registry, number, { renewed: now });
}

/** The run has ended: none of its tries starts from now on. */
export function withEnded(registry: Registry, number: RunNumber, now: Stamp): Registry {
  return withOwn(registry, number, { renewed: now, hasEnded: true });
}

function withOwn(registry: Registry, number: RunNumber, change: Partial<RunEntry>): Registry {
  const runs = registry.runs.map((entry) => (entry.number === number ? { ...entry, ...change } : entry));
  return { ...registry, runs };
}

/** Whether the run is there and has not ended: nobody took it to be over. */
export function isLive(registry: Registry, number: RunNumber): boolean {
  return registry.runs.some((entry) => entry.number === number && !entry.hasEnded);
}

/** All that was known is gone: an attribute without an entry is contested through the runs that there were. */
export function withAllForgotten(registry: Registry): Registry {
  return { ...registry, forgottenThrough: registry.nextRun - 1 };
}

/** Who is present, and through which run an attribute without an entry is contested. */
export interface Company {
  readonly presence: Presence;
  readonly forgottenThrough: RunNumber;
}

export function companyOf({ runs, forgottenThrough }: Registry): Company {
  const numbers = runs.map((entry) => entry.number);
  const lowest = Math.min(...numbers);
  return { presence: { has: (run) => numbers.includes(run), anyUpTo: (run) => lowest <= run }, forgottenThrough };
}

export function registryText(registry: Registry): string {
  return JSON.stringify(registry);
}

/** `null` for what this version did not write. */
export function parseRegistry(text: string): Registry | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  return isRegistry(parsed) ? parsed : null;
}

function isRegistry(value: unknown): value is Registry {
  return (
    isObject(value) &&
    value.schema === 1 &&
    typeof value.keyCheck === 'string' &&
    isCount(value.nextRun) &&
    isCount(value.forgottenThrough) &&
    Array.isArray(value.runs) &&
    value.runs.every(isRunEntry)
  );
}

function isRunEntry(value: unknown): value is RunEntry {
  return (
    isObject(value) &&
    isCount(value.number) &&
    typeof value.runId === 'string' &&
    typeof value.job === 'string' &&
    typeof value.hasEnded === 'boolean' &&
    isCount(value.lifeMs) &&
    isCount(value.timeoutMs) &&
    isStamp(value.renewed)
  );
}

function isStamp(value: unknown): value is Stamp {
  return (
    isObject(value) &&
    (value.bootId === null || typeof value.bootId === 'string') &&
    typeof value.monotonicMs === 'number' &&
    typeof value.wallMs === 'number'
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}
