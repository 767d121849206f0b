import { homedir } from 'node:os';
import type { CheckHooks, CheckResult } from './check/check.js';
import { checkBatch as checkHere } from './check/check.js';
import type { RowLimit, SendOptions } from './job/terms/options.js';
import type { RunSummary } from './job/terms/summary.js';
import { type AsyncHooks, withAsyncHooks } from './library/hooks.js';
import { type BatchSource, findSource, type SourceFound } from './library/source.js';
import { systemClock } from './platform/clock.js';
import { secretFiles } from './platform/secret-files.js';
import type { StartedSandbox, StartSandboxOptions } from './sandbox/started-sandbox.js';
import { completeSettings } from './settings/library.js';
import { readTokenFile } from './settings/token.js';
import { ProfileDripError, UsageError } from './terms/errors.js';
import { exitStatus } from './terms/exit-status.js';
import { sendHere } from './wiring/send.js';

export type { CheckEvent, CheckHooks, CheckResult } from './check/check.js';
export { type Hint, type HintCode, hintMeanings } from './hints/codes.js';
export type { RowResult } from './job/results/result.js';
export type { Hold, HoldCause, SendEvent, SendSnapshot } from './job/terms/events.js';
export type { RowLimit } from './job/terms/options.js';
export type { JobSummary, ReasonSummary, RowCounts, RunSummary } from './job/terms/summary.js';
export type { AsyncHooks } from './library/hooks.js';
export type { BatchRecord, BatchSource, RecordValue } from './library/source.js';
export type { SandboxRequest, StartedSandbox, StartSandboxOptions } from './sandbox/started-sandbox.js';
export { FileError, MachineError, type NamedOption, ProfileDripError, UsageError } from './terms/errors.js';
export { type ExitStatus, exitStatus } from './terms/exit-status.js';
export { invalidCodes, type Reason, type ReasonCode, type RowStatus, tryCodes } from './terms/outcome.js';

/** Rows (20), a share of the rows that have ended ('1%'), or the same as an object. */
export type RowLimitOption = RowLimit | number | `${number}%`;

/**
 * The command line's options in camelCase, with their defaults: durations in milliseconds (`timeoutMs`). No config file is
 * read, and of the environment XDG_STATE_HOME alone, for `stateDir`. `undefined` is as if not given.
 */
export type BatchOptions = {
  readonly [Key in keyof Omit<SendOptions, 'token'>]?: OptionOf<Key> | undefined;
};

type OptionOf<Key extends keyof SendOptions> = Key extends 'tolerate' | 'maxFailures'
  ? SendOptions[Key] | RowLimitOption
  : Key extends 'clientCode'
    ? string | null
    : SendOptions[Key];

export type SendBatchOptions = BatchOptions &
  AsyncHooks & {
    /** The profile token itself; or name a file with `tokenFile`. Default: none. */
    readonly token?: string | null | undefined;
  };

export type CheckBatchOptions = BatchOptions & CheckHooks;

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
 * Sends bulk-style CSV files, or records, row by row, like `profile-drip send`. It never ends the process, writes to no
 * screen and installs no signal handler; `signal` stops it.
 *
 * Resolves to the summary when every file is done (status 0 or 1).
 *
 * @param source A path, paths, a Readable with the bytes of a CSV file, or an async iterable of `{ id, attributes }`.
 * @throws UsageError for options that cannot be, before anything is sent.
 * @throws StoppedError with a stable `code` for every other end; the same call resumes.
 * @throws What a hook threw or rejected with; the same call resumes.
 */
export async function sendBatch(source: BatchSource, options: SendBatchOptions = {}): Promise<RunSummary> {
  const { signal, onRow, onEvent, token = null, ...given } = options;
  const found = findSource(source, given.idType);
  const settings = completeSettings(optionsFor(found, given), token, surroundings());
  const clientCode = settings.clientCode ?? (settings.sandbox ? 'sandbox' : null);
  if (clientCode === null) throw new UsageError('client-code-missing', "clientCode: expected Target's client code");
  const file = settings.tokenFile === null ? null : await readTokenFile(settings.tokenFile, secretFiles);
  // A pipe cannot be read again: its token is kept instead.
  const held = file === null || file.canReadAgain ? {} : { token: file.token, tokenFile: null };
  const sendOptions: SendOptions = { ...settings, clientCode, token, ...held };
  const { summary, cause } = await withAsyncHooks({ signal, onRow, onEvent }, (hooks) =>
    sendHere(found.files, sendOptions, hooks, found.input),
  );
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
  const found = findSource(files, given.idType);
  return checkHere(found.files, completeSettings(given, null, surroundings()), hooks);
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

/** Records are written as CSV by this program: how it is to be read is not the caller's matter. */
function optionsFor({ input, isRecords }: SourceFound, given: BatchOptions): BatchOptions {
  if (input !== null && (given.name === undefined || given.name === null)) {
    const message = "name: expected a name for the job's files, because a stream and records have none";
    throw new UsageError('name-missing', message);
  }
  if (!isRecords) return given;
  for (const key of ['values', 'plus', 'delimiter', 'encoding', 'idColumn'] as const) {
    if (given[key] === undefined || given[key] === null) continue;
    throw new UsageError(
      'option-contradiction',
      `${key} says how a CSV file is read, and records are no file: leave it out`,
    );
  }
  return { ...given, values: 'raw' };
}

function surroundings() {
  return { environment: process.env, homeDir: homedir() };
}
