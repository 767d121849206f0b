import { acquireLock, type Lock } from '../job/lock/lock.js';
import type { Machine } from '../job/terms/machine.js';
import { stopForAbort } from '../job/terms/stops.js';
import type { JobSummary, RunSummary } from '../job/terms/summary.js';
import { sleep } from '../platform/clock.js';
import { onDisk } from '../storage/disk-errors.js';
import { ProfileDripError } from '../terms/errors.js';
import { type ExitStatus, exitStatus, worstStatus } from '../terms/exit-status.js';
import { version } from '../terms/version.js';
import { type Place, placeOf, requireDropFolder, tryMoves } from './folders.js';
import { keepOpen } from './keep-open.js';
import type { DropHooks, DropOptions, FileEnd } from './options.js';
import { workOff } from './pass.js';
import { watchFolder } from './watcher.js';

/**
 * Sends the files that have arrived in a folder: one pass or, with `watch`, until the signal aborts or a file is
 * stopped. Resolves to one summary over all files, with the worst one's status.
 *
 * @throws UsageError `drop-no-folder`, `drop-file-system`; ProfileDripError `drop-busy` (75) where another run has the
 * folder; MachineError where it cannot be written to.
 */
export async function dropFolder(
  folder: string,
  options: DropOptions,
  hooks: DropHooks,
  machine: Machine,
): Promise<RunSummary> {
  const place = placeOf(folder);
  await requireDropFolder(machine.disk, place);
  await onDisk(`make ${place.jobs}`, () => machine.disk.makeOwnFolder(place.jobs));
  const runId = machine.newRunId();
  const lock = await lockFolder(machine, place, runId);
  try {
    await tryMoves(machine.disk, place);
    if (options.sandbox) sayTrial(hooks, place);
    return await workUnderLock(place, options, hooks, machine, lock, runId);
  } finally {
    await lock.release();
  }
}

async function lockFolder(machine: Machine, place: Place, runId: string): Promise<Lock> {
  try {
    return await acquireLock({ ...machine, path: place.lock, runId });
  } catch (error) {
    if (!(error instanceof ProfileDripError) || error.code !== 'job-busy') throw error;
    const message = error.message.replace('another run has this job', () => `another pass works on ${place.root}`);
    throw new ProfileDripError('drop-busy', message, exitStatus.busy, { cause: error });
  }
}

async function workUnderLock(
  place: Place,
  drop: DropOptions,
  hooks: DropHooks,
  machine: Machine,
  lock: Lock,
  runId: string,
): Promise<RunSummary> {
  const end = new CallEnd(drop.watch);
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, ...(hooks.signal === undefined ? [] : [hooks.signal])]);
  let lost: ProfileDripError | null = null;
  lock.onLost = (error) => {
    lost = error;
    stop.abort(error.code);
  };
  const waiting = new Waiting(machine, signal);
  const onChange = (name: string | null) => waiting.notice(name);
  const watch = hooks.watch ?? (() => watchFolder(place.root, onChange, () => sayUnwatched(hooks, place)));
  const watcher = drop.watch ? watch(onChange) : null;
  try {
    await workOff({
      machine,
      disk: machine.disk,
      clock: machine.clock,
      place,
      marker: drop.marker,
      runId,
      drop,
      options: { ...drop, out: place.jobs, name: null, restart: false, allowOutdated: false, limit: null },
      hooks: { ...hooks, signal },
      signal,
      pause: (delayMs) => waiting.pause(delayMs),
      noticed: () => waiting.takeNoticed(),
      onMoved: hooks.onMoved,
      open: keepOpen(machine),
      requireLock: async () => {
        // The lease renews itself; only one in doubt is asked about. Where it is lost, `onLost` has stopped all.
        if (!lock.isHeld()) await lock.confirm();
      },
      onTaken: (taken) => {
        end.add(taken);
        hooks.onFileEnd?.({ ...taken, file: taken.path, isInFailed: taken.fate === 'failed' });
      },
    });
  } catch (error) {
    if (!(error instanceof ProfileDripError)) throw error;
    end.fault(error);
  } finally {
    watcher?.close();
  }
  if (lost !== null) end.lost(lost);
  else if (hooks.signal?.aborted === true) end.interrupted(hooks.signal.reason);
  return end.summary();
}

/** A file that was removed before it was read does not count as an end. */
function sayTrial({ onEvent }: DropHooks, { root }: Place): void {
  const message = `--sandbox: files go from ${root} to its archive although Target does not get them. Use copies`;
  onEvent?.({ kind: 'notice', level: 'warning', code: 'drop-sandbox', message });
}

function sayUnwatched({ onEvent }: DropHooks, { root }: Place): void {
  const message = `${root}: the system does not report changes of this folder; it is listed every 30 s`;
  onEvent?.({ kind: 'notice', level: 'warning', code: 'drop-unwatched', message });
}

/** The results of the call so far. */
class CallEnd {
  readonly #isWatching: boolean;
  readonly #jobs: JobSummary[] = [];
  #status: ExitStatus = exitStatus.done;
  #error: RunSummary['error'] = null;

  constructor(isWatching: boolean) {
    this.#isWatching = isWatching;
  }

  /**
   * A pass has its worst file's status. What watches has the status of what ended it: a file that was put to failed/ a
   * week ago must not hide from systemd that the cap is used up today.
   */
  add({ fate, jobs, exitStatus: status, error }: FileEnd): void {
    if (this.#isWatching) this.#jobs.length = 0; // over weeks they would come to more than memory
    this.#jobs.push(...jobs);
    if (fate === 'stays' || (fate !== 'gone' && !this.#isWatching)) this.#worsen(status, error);
  }

  fault({ exitStatus: status, code, message }: ProfileDripError): void {
    this.#worsen(status, { code, message });
  }

  /** Says more than the stops of the single files. */
  lost({ exitStatus: status, code, message }: ProfileDripError): void {
    this.#status = status;
    this.#error = { code, message };
  }

  interrupted(reason: unknown): void {
    const { exitStatus: status, code, message } = stopForAbort(reason);
    this.#worsen(status, { code, message });
  }

  summary(): RunSummary {
    return { schema: 1, version, exit_status: this.#status, error: this.#error, jobs: this.#jobs };
  }

  #worsen(status: ExitStatus, error: RunSummary['error']): void {
    if (worstStatus([this.#status, status]) === this.#status) return;
    this.#status = status;
    this.#error = error;
  }
}

/**
 * What the watcher gave notice of. A pause ends at a notice; one that came before it counts too.
 *
 * Invariant: a name is handed out after its last notice, so that a look at it sees what the notice was about.
 */
class Waiting {
  readonly #machine: Pick<Machine, 'clock'>;
  readonly #signal: AbortSignal;
  #bell = new AbortController();
  /** `null`: any name may have changed. */
  #noticed: Set<string> | null = new Set();

  constructor(machine: Pick<Machine, 'clock'>, signal: AbortSignal) {
    this.#machine = machine;
    this.#signal = signal;
  }

  notice(name: string | null): void {
    if (name === null) this.#noticed = null;
    this.#noticed?.add(name ?? '');
    this.#bell.abort();
  }

  takeNoticed(): ReadonlySet<string> | null {
    const noticed = this.#noticed;
    if (noticed === null || noticed.size > 0) this.#noticed = new Set();
    return noticed;
  }

  /** Whether there was a notice. */
  async pause(delayMs: number): Promise<boolean> {
    const { signal } = this.#bell;
    await sleep(this.#machine.clock, delayMs, AbortSignal.any([signal, this.#signal]));
    this.#bell = new AbortController();
    return signal.aborted;
  }
}
