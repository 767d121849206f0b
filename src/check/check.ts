import { sortFiles } from '../job/files/job-files.js';
import { callError, type FileFault, fileFault } from '../job/terms/call-error.js';
import { isTolerated } from '../job/terms/row-limits.js';
import { stopForAbort } from '../job/terms/stops.js';
import type { Peek } from '../memory/memory.js';
import { peekMemoryOf } from '../state/open-memory.js';
import { ProfileDripError, UsageError } from '../terms/errors.js';
import { type ExitStatus, endsTheCall, exitStatus, worstStatus } from '../terms/exit-status.js';
import { version } from '../terms/version.js';
import { type CapFound, findCap, originOf, sendsToLoopback } from './cap.js';
import { type Checked, checkFile } from './check-file.js';
import { withInputAsFile } from './input.js';
import type { CheckHooks, CheckOptions } from './options.js';
import { finishedAtMs } from './plan.js';
import type { CheckPorts } from './ports.js';
import type { CheckResult, FileCheck, Plan } from './result.js';
import { RouteSplit } from './route-split.js';

export { type Hint, type HintCode, hintMeanings } from '../hints/codes.js';
export type { CheckEvent, CheckHooks, CheckOptions, CheckSnapshot, FirstRequest } from './options.js';
export type { AttributeCheck, CheckResult, FileCheck, Plan, Problem } from './result.js';

/**
 * Reads FILEs whole, one after the other, and says what sending them would do: which rows would not be sent, what
 * wants a human's eye, how long it would take. Sends nothing, needs no network and no token, and changes nothing.
 *
 * Resolves with a status for everything that a user can act on; after a file with an error (2) the next file is read.
 * Rejects with a UsageError that concerns all files, and for an internal error.
 */
export async function checkBatch(
  files: readonly string[],
  options: CheckOptions,
  hooks: CheckHooks,
  ports: CheckPorts,
): Promise<CheckResult> {
  if (options.changedOnly && options.clientCode === null) {
    const message =
      "--changed-only: expected also --client-code: what was submitted is remembered by Target's client code";
    throw new UsageError('client-code-missing', message);
  }
  const planner = new Planner(options, ports);
  const checks: FileCheck[] = [];
  const statuses: ExitStatus[] = [];
  const faults: FileFault[] = [];
  const toCheck = withoutJobFiles(files, options, hooks);
  for (const file of toCheck) {
    const end = await checkOne(file, options, hooks, ports, planner);
    if (end.check !== null) checks.push(end.check);
    statuses.push(end.status);
    if (end.error !== null) {
      const fault = fileFault(file, toCheck.length, end.status, end.error);
      faults.push(fault);
      const { code, message } = fault;
      if (toCheck.length > 1) hooks.onEvent?.({ kind: 'notice', level: 'warning', code, message });
    }
    if (endsTheCall(end.status)) break;
  }
  const status = worstStatus(statuses);
  return { schema: 1, version, exit_status: status, error: callError(faults, status), files: checks };
}

/** As `send` does with a shell's glob. Standard input needs no name here, because a check leaves no files. */
function withoutJobFiles(files: readonly string[], options: CheckOptions, { onEvent }: CheckHooks): string[] {
  const { passedOver } = sortFiles(
    files.filter((file) => file !== '-'),
    options,
  );
  for (const { file, jobFileOf } of passedOver) {
    const message = `${file} is a job file of ${jobFileOf}: passed over`;
    onEvent?.({ kind: 'notice', level: 'info', code: 'job-file-passed-over', message });
  }
  return files.filter((file) => !passedOver.some((passed) => passed.file === file));
}

interface CheckEnd {
  readonly status: ExitStatus;
  readonly error: CheckResult['error'];
  readonly check: FileCheck | null;
}

async function checkOne(
  file: string,
  options: CheckOptions,
  hooks: CheckHooks,
  ports: CheckPorts,
  planner: Planner,
): Promise<CheckEnd> {
  try {
    const cap = await planner.cap();
    const { found, routes, fault } = await readFile(file, options, hooks, ports, await planner.split());
    if (hooks.signal?.aborted === true) {
      const stop = stopForAbort(hooks.signal.reason);
      return { status: stop.exitStatus, error: { code: stop.code, message: stop.message }, check: null };
    }
    const check = { file, ...found, plan: planner.next(routes, cap) };
    const error = fault && { code: fault.code, message: fault.message };
    return { status: fault?.exitStatus ?? statusOfRows(check, options), error, check };
  } catch (error) {
    if (!(error instanceof ProfileDripError)) throw error;
    return { status: error.exitStatus, error: { code: error.code, message: error.message }, check: null };
  }
}

function statusOfRows({ rows }: FileCheck, { tolerate }: CheckOptions): ExitStatus {
  return isTolerated(tolerate, rows.invalid, rows.total) ? exitStatus.done : exitStatus.rowsRejected;
}

async function readFile(
  file: string,
  options: CheckOptions,
  hooks: CheckHooks,
  ports: CheckPorts,
  split: RouteSplit,
): Promise<Checked> {
  const memory = await openPeek(options, ports);
  try {
    const check = (path: string) => checkFile({ file, path, options, hooks, ports, peek: memory, split });
    return file === '-' ? await withInputAsFile(ports.input, hooks.signal, check) : await check(file);
  } finally {
    await memory?.close();
  }
}

/** `null`: --changed-only is off, or nothing is remembered. One for each file, whose rows it follows. */
async function openPeek(options: CheckOptions, ports: CheckPorts): Promise<Peek | null> {
  const { clock, bootClock, disk } = ports;
  const { changedOnly, sandbox, clientCode, refreshAfterDays } = options;
  if (!changedOnly || sandbox || clientCode === null) return null;
  const isLoopback = await sendsToLoopback(options, ports);
  const place = { ...options, clientCode, origin: originOf(options), isLoopback };
  return peekMemoryOf(place, refreshAfterDays, { clock, bootClock, disk });
}

/** Files go out one after the other: each begins where the one before ends. */
class Planner {
  readonly #options: CheckOptions;
  readonly #ports: CheckPorts;
  readonly #startMs: number;
  #cap: CapFound | null = null;
  #overflowCap: CapFound | null = null;
  #split: RouteSplit | null = null;
  readonly #planned = { update: 0, delivery: 0 };
  #lastEndMs: number;

  constructor(options: CheckOptions, ports: CheckPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#startMs = ports.clock.wallMs();
    this.#lastEndMs = this.#startMs;
  }

  /** As the first file found it. @throws MachineError */
  async cap(): Promise<CapFound> {
    this.#cap ??= await findCap(this.#options, this.#ports, this.#options.route);
    if (this.#options.onCap === 'delivery') {
      this.#overflowCap ??= await findCap(this.#options, this.#ports, 'delivery');
    }
    return this.#cap;
  }

  async split(): Promise<RouteSplit> {
    const { limit, left } = await this.cap();
    const { route, onCap } = this.#options;
    this.#split ??= new RouteSplit(route, onCap === 'delivery', left ?? limit, this.#ports.random);
    return this.#split;
  }

  next(routes: Plan['routes'], cap: CapFound): Plan {
    const updates = routes.update + routes.delivery;
    this.#planned.update += routes.update;
    this.#planned.delivery += routes.delivery;
    const endMs = Math.max(this.#lastEndMs, this.#endMs(cap));
    const seconds = Math.ceil((endMs - this.#lastEndMs) / 1000);
    this.#lastEndMs = endMs;
    return {
      updates,
      routes: { ...routes },
      cap_left: cap.left,
      delivery_cap_left: this.#overflowCap?.left ?? null,
      seconds,
      ends_at: new Date(endMs).toISOString(),
    };
  }

  #endMs(cap: CapFound): number {
    const { update, delivery } = this.#planned;
    const finished = (count: number, of: CapFound) => finishedAtMs(count, this.#startMs, of, this.#options);
    if (this.#overflowCap === null) return finished(update + delivery, cap);
    const { ratePerSecond } = this.#options;
    // The rate counts both together.
    const sentMs = ratePerSecond === 0 ? 0 : ((update + delivery) / ratePerSecond) * 1000;
    return Math.max(this.#startMs + sentMs, finished(update, cap), finished(delivery, this.#overflowCap));
  }
}
