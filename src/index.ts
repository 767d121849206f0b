import { homedir } from 'node:os';
import type { CheckHooks, CheckResult } from './check/check.js';
import { checkBatch as checkHere } from './check/check.js';
import type { SendHooks, SendOptions } from './job/terms/options.js';
import type { RunSummary } from './job/terms/summary.js';
import { systemClock } from './platform/clock.js';
import type { StartedSandbox, StartSandboxOptions } from './sandbox/started-sandbox.js';
import { completeSettings } from './settings/library.js';
import type { Settings } from './settings/table.js';
import { ProfileDripError, UsageError } from './terms/errors.js';
import { exitStatus } from './terms/exit-status.js';
import { sendHere } from './wiring/send.js';

export type { CheckEvent, CheckHooks, CheckResult } from './check/check.js';
export { type Hint, type HintCode, hintMeanings } from './hints/codes.js';
export type { RowResult } from './job/results/result.js';
export type { Hold, HoldCause, SendEvent, SendSnapshot } from './job/terms/events.js';
export type { RowLimit, SendHooks } from './job/terms/options.js';
export type { JobSummary, ReasonSummary, RowCounts, RunSummary } from './job/terms/summary.js';
export type { SandboxRequest, StartedSandbox, StartSandboxOptions } from './sandbox/started-sandbox.js';
export { FileError, MachineError, type NamedOption, ProfileDripError, UsageError } from './terms/errors.js';
export { type ExitStatus, exitStatus } from './terms/exit-status.js';
export { invalidCodes, type Reason, type ReasonCode, type RowStatus, tryCodes } from './terms/outcome.js';

/**
 * The command line's options in camelCase, with their defaults: durations in milliseconds (`timeoutMs`), shares from 0
 * to 1. No config file is read, and of the environment XDG_STATE_HOME alone, for `stateDir`.
 */
export type BatchOptions = {
  readonly [Key in Exclude<keyof Settings, keyof ProgramSettings>]?: Settings[Key] | undefined;
};

/** `token`: the profile token itself; or name a file with `tokenFile`. */
export type SendBatchOptions = BatchOptions & SendHooks & { readonly token?: string | null | undefined };

export type CheckBatchOptions = BatchOptions & CheckHooks;

/** Settings of the program that mean nothing to a library. */
type ProgramSettings = Pick<
  Settings,
  | 'json'
  | 'progress'
  | 'printConfig'
  | 'dryRun'
  | 'showValues'
  | 'sample'
  | 'waitMs'
  | 'match'
  | 'marker'
  | 'settleMs'
  | 'watch'
  | 'stateUrlFile'
  | 'printSql'
  | 'from'
  | 'to'
  | 'used'
>;

/**
 * A run that ended before its files were done, or at a file at fault: `summary` says how far it came, `cause` what lies
 * behind it (the last error of the network or the endpoint, a FileError, a MachineError), where that is known.
 */
export class StoppedError extends ProfileDripError {
  readonly summary: RunSummary;

  constructor(summary: RunSummary, cause: Error | null = null) {
    const { code = 'stopped', message = 'the run stopped' } = summary.error ?? {};
    super(code, message, summary.exit_status, cause === null ? undefined : { cause });
    this.summary = summary;
  }
}

/**
 * Sends bulk-style CSV files row by row, like `profile-drip send`. It never ends the process, writes to no screen and
 * installs no signal handler; `signal` stops it.
 *
 * Resolves to the summary when every file is done (status 0 or 1).
 *
 * @param files Paths; `-` is standard input and needs `name`.
 * @throws UsageError for options that cannot be, before anything is sent.
 * @throws StoppedError with a stable `code` for every other end; the same call goes on from there.
 */
export async function sendBatch(
  files: string | readonly string[],
  options: SendBatchOptions = {},
): Promise<RunSummary> {
  const { signal, onRow, onEvent, token = null, ...given } = options;
  const settings = completeSettings(given, token, surroundings());
  const clientCode = settings.clientCode ?? (settings.sandbox ? 'sandbox' : null);
  if (clientCode === null) throw new UsageError('client-code-missing', "clientCode: expected Target's client code");
  const sendOptions: SendOptions = { ...settings, clientCode, token };
  const hooks: SendHooks = {
    ...(signal === undefined ? {} : { signal }),
    ...(onRow === undefined ? {} : { onRow }),
    ...(onEvent === undefined ? {} : { onEvent }),
  };
  const { summary, cause } = await sendHere(listOf(files), sendOptions, hooks);
  if (summary.exit_status === exitStatus.done || summary.exit_status === exitStatus.rowsRejected) return summary;
  throw new StoppedError(summary, cause);
}

/**
 * Reads bulk-style CSV files whole and says what would come of sending them, like `profile-drip check`. Sends nothing.
 * Resolves also for files at fault: `exit_status` is 2 then.
 *
 * @throws UsageError for options that cannot be.
 */
export async function checkBatch(
  files: string | readonly string[],
  options: CheckBatchOptions = {},
): Promise<CheckResult> {
  const { signal, onEvent, onFirstRequest, ...given } = options;
  const hooks: CheckHooks = {
    ...(signal === undefined ? {} : { signal }),
    ...(onEvent === undefined ? {} : { onEvent }),
    ...(onFirstRequest === undefined ? {} : { onFirstRequest }),
  };
  return checkHere(listOf(files), completeSettings(given, null, surroundings()), hooks);
}

/**
 * Starts a local stand-in for Target, for the tests of a program that sends: pass its `url` as `endpoint`. It keeps all in
 * memory, and listens at 127.0.0.1 until it is closed.
 *
 * @throws UsageError for options that cannot be, and for a port that cannot be listened on.
 */
export async function startSandbox(options: StartSandboxOptions = {}): Promise<StartedSandbox> {
  const { startOwnSandbox } = await import('./sandbox/started-sandbox.js');
  return startOwnSandbox(options, systemClock);
}

function listOf(files: string | readonly string[]): readonly string[] {
  return typeof files === 'string' ? [files] : files;
}

function surroundings() {
  return { environment: process.env, homeDir: homedir() };
}
