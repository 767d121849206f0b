import { join } from 'node:path';
import type { Clock, Disk } from '../platform/ports.js';
import { onDisk, unlessMissing } from '../storage/disk-errors.js';
import { type Arrival, type Arrivals, type LookedAt, printOf } from './arrivals.js';
import { type FoundJob, findJobs } from './finish-moves.js';
import { jobFilesFor, type Place } from './folders.js';
import { byCodePoint, matcherOf, mayBeInput } from './names.js';
import type { DropOptions } from './options.js';

/** One look at the drop folder, and which file has its turn. */

export interface Input {
  readonly name: string;
  readonly arrival: Arrival;
  /** When the job began that an earlier run left on it; `null`: it has none. */
  readonly begunAtMs: number | null;
  /** It can be taken: it has arrived, or is what it was when its job stopped. */
  readonly isReady: boolean;
}

/** What the folder holds, in the order in which it is worked off. */
export async function lookAround(
  disk: Disk,
  clock: Clock,
  place: Place,
  options: Pick<DropOptions, 'match' | 'marker' | 'sandbox'>,
  arrivals: Arrivals,
): Promise<Input[]> {
  const names = await onDisk(`look at ${place.root}`, () => disk.list(place.root));
  const jobs = new Map((await findJobs(disk, place)).map((job) => [job.files.stem, job]));
  const jobOf = (name: string) => jobs.get(jobFilesFor(place, name, options.sandbox).stem);
  const isWanted = matcherOf(options.match);
  const wanted = names.filter(
    (name) => mayBeInput(name, options.marker) && (isWanted(name) || jobOf(name) !== undefined),
  );
  const files: LookedAt[] = [];
  for (const name of wanted) {
    const path = join(place.root, name);
    const stat = await onDisk(`look at ${path}`, () => unlessMissing(disk.stat(path)));
    if (stat?.kind === 'file') files.push({ name, stat });
  }
  const now = { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
  const found = arrivals.look(files, new Set(names), now);
  return files.map((file) => inputOf(file, found.get(file.name), jobOf(file.name))).sort(byTurn);
}

function inputOf({ name, stat }: LookedAt, found: Arrival | undefined, job: FoundJob | undefined): Input {
  const arrival = found ?? { kind: 'coming', dueMonotonicMs: null };
  const hasArrived = arrival.kind === 'arrived';
  if (job === undefined) return { name, arrival, begunAtMs: null, isReady: hasArrived };
  const { checkpoint } = job;
  if (checkpoint === null) return { name, arrival, begunAtMs: 0, isReady: hasArrived };
  const { state, startedAtMs, file } = checkpoint;
  const isUntouched = printOf(stat) === printOf({ ...stat, ...file });
  return { name, arrival, begunAtMs: startedAtMs, isReady: hasArrived || isUntouched || state === 'complete' };
}

/** Jobs that were begun, the oldest first; then by name. */
function byTurn(one: Input, other: Input): number {
  const begun = (one.begunAtMs ?? Number.POSITIVE_INFINITY) - (other.begunAtMs ?? Number.POSITIVE_INFINITY);
  return begun < 0 || begun > 0 ? begun : byCodePoint(one.name, other.name); // NaN: neither was begun
}

/**
 * The file that has its turn; `null`: none. While one whose job was begun is not ready (somebody is writing to it), no
 * other is started, so that an older file never overtakes a newer one. `inputs` in their order.
 */
export function nextInput(inputs: readonly Input[]): Input | null {
  const [first] = inputs;
  if (first !== undefined && first.begunAtMs !== null) return first.isReady ? first : null;
  return inputs.find(({ isReady }) => isReady) ?? null;
}
