import type { DiskPath, FileStat } from '../platform/ports.js';
import type { Arrival } from './arrivals.js';
import { printOf } from './arrivals.js';
import type { FoundJob } from './finish-moves.js';
import { byCodePoint } from './names.js';

/** A file in the drop folder, and which one is next. Pure. */

export interface Input {
  /** Tells inputs apart: two names that are not UTF-8 can look the same as text. */
  readonly key: string;
  readonly name: string;
  readonly path: DiskPath;
  readonly arrival: Arrival;
  /** When the job started that an earlier run left on it; `null`: it has no job. */
  readonly begunAtMs: number | null;
  /** It can be taken: it has arrived, or is what it was when its job stopped. */
  readonly isReady: boolean;
  /** Why no job can be made of a file with this name; `null`: one can. */
  readonly nameFault: NameFault | null;
}

export interface NameFault {
  readonly code: 'file-name-bytes' | 'file-name-length';
  readonly message: string;
}

/** What the folder says of a file and what an earlier run left on it, taken together. */
export function inputOf(
  named: Pick<Input, 'key' | 'name' | 'path' | 'nameFault'>,
  stat: FileStat,
  arrival: Arrival,
  job: FoundJob | undefined,
): Input {
  const hasArrived = arrival.kind === 'arrived';
  if (job === undefined) return { ...named, arrival, begunAtMs: null, isReady: hasArrived };
  const { checkpoint } = job;
  if (checkpoint === null) return { ...named, arrival, begunAtMs: 0, isReady: hasArrived };
  const { state, startedAtMs, file } = checkpoint;
  const isUntouched = printOf(stat) === printOf({ ...stat, ...file });
  return { ...named, arrival, begunAtMs: startedAtMs, isReady: hasArrived || isUntouched || state === 'complete' };
}

/** Jobs that were started, the oldest first; then by name. */
export function byTurn(one: Input, other: Input): number {
  const begun = (one.begunAtMs ?? Number.POSITIVE_INFINITY) - (other.begunAtMs ?? Number.POSITIVE_INFINITY);
  if (begun < 0 || begun > 0) return begun; // NaN: neither was started
  return byCodePoint(one.name, other.name) || byCodePoint(one.key, other.key);
}

/**
 * The next file to send; `null`: none. While one whose job was started is not ready (somebody is writing to it), no
 * other is started, so that an older file never overtakes a newer one. `inputs` in their order.
 */
export function nextInput(inputs: readonly Input[]): Input | null {
  const [first] = inputs;
  if (first !== undefined && first.begunAtMs !== null) return first.isReady ? first : null;
  return inputs.find(({ isReady }) => isReady) ?? null;
}
