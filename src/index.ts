import { homedir } from 'node:os';
import type { CheckResult } from './check/check.js';
import type { RunSummary } from './job/terms/summary.js';
import { given, withAsyncHooks } from './library/hooks.js';
import {
  type CheckBatchOptions,
  readingOptions,
  type SendBatchOptions,
  settingsFor,
  type VerifyBatchOptions,
} from './library/options.js';
import { type BatchSource, findFiles, findSource, keepingError } from './library/source.js';
import { StoppedError, VerifyStoppedError } from './library/stopped.js';
import { systemClock } from './platform/clock.js';
import { secretFiles } from './platform/secret-files.js';
import type { StartedSandbox, StartSandboxOptions } from './sandbox/started-sandbox.js';
import type { Settings } from './settings/table.js';
import { readTokenFile } from './settings/token.js';
import { UsageError } from './terms/errors.js';
import { type ExitStatus, exitStatus } from './terms/exit-status.js';
import type { VerifyResult } from './verify/terms.js';
import { checkHere } from './wiring/check.js';
import { sendHere } from './wiring/send.js';
import { verifyHere } from './wiring/verify.js';

export type {
  AttributeCheck,
  CheckEvent,
  CheckResult,
  CheckSnapshot,
  FileCheck,
  FirstRequest,
  Plan,
  Problem,
} from './check/check.js';
export { type Hint, type HintCode, hintMeanings } from './hints/codes.js';
export type { RowResult } from './job/results/result.js';
export type { Hold, HoldCause, SendEvent, SendSnapshot } from './job/terms/events.js';
export type { RowLimit, SendOptions } from './job/terms/options.js';
export type { JobSummary, ReasonSummary, RowCounts, RunSummary } from './job/terms/summary.js';
export type { CheckBatchHooks, SendBatchHooks, VerifyBatchHooks } from './library/hooks.js';
export type {
  BatchOptions,
  CheckBatchOptions,
  RowLimitOption,
  SampleOption,
  SendBatchOptions,
  TokenOption,
  VerifyBatchOptions,
} from './library/options.js';
export type { BatchRecord, BatchSource, RecordValue } from './library/source.js';
export { StoppedError, VerifyStoppedError } from './library/stopped.js';
export type { SandboxRequest, StartedSandbox, StartSandboxOptions } from './sandbox/started-sandbox.js';
export type { ErrorCode, NoticeCode } from './terms/codes.js';
export { FileError, MachineError, type NamedOption, ProfileDripError, UsageError } from './terms/errors.js';
export { type ExitStatus, exitStatus } from './terms/exit-status.js';
export {
  type InvalidCode,
  invalidCodes,
  type Reason,
  type ReasonCode,
  type RouteName,
  type RowStatus,
  type TryCode,
  tryCodes,
} from './terms/outcome.js';
export {
  type Sample,
  type Verdict,
  type VerifiedFile,
  type VerifyEvent,
  type VerifyResult,
  type VerifySnapshot,
  type VisitorVerdict,
  verdictMeanings,
} from './verify/terms.js';

/**
 * Sends bulk-style CSV files, or records, row by row, like `profile-drip send`. It never ends the process, writes to no
 * screen and installs no signal handler; `signal` stops it.
 *
 * Resolves to the summary when every file is done (status 0 or 1).
 *
 * @param source A path, paths, a Readable with the bytes of a CSV file, or an async iterable of `{ id, attributes }`.
 * @throws UsageError if an option is wrong, before anything is sent.
 * @throws StoppedError with a stable `code` for every other end; the same call resumes.
 * @throws What a hook threw or rejected with; the same call resumes.
 */
export async function sendBatch(source: BatchSource, options: SendBatchOptions = {}): Promise<RunSummary> {
  const { signal, onRow, onEvent, token = null, ...rest } = options;
  const found = findSource(source, rest.idType);
  if (found.input !== null && (rest.name === undefined || rest.name === null)) {
    const message = "name: expected a name for the job's files, because a stream and records have none";
    throw new UsageError('name-missing', message);
  }
  const settings = settingsFor('sendBatch', readingOptions(found, rest), token, surroundings());
  const sendOptions = await withTarget(settings, token);
  const { summary, cause } = await withAsyncHooks(signal, (stop, safe) =>
    sendHere(
      found.files,
      sendOptions,
      { signal: stop, ...given({ onRow: safe(onRow), onEvent: safe(onEvent) }) },
      found.input,
    ),
  );
  if (isDone(summary.exit_status)) return summary;
  throw new StoppedError(summary, cause);
}

/**
 * Reads bulk-style CSV files, or records, to their end and says what would come of sending them, like
 * `profile-drip check`. Sends nothing.
 *
 * Resolves also for files with an error: `exit_status` is 2 then.
 *
 * @param source A path, paths, a Readable with the bytes of a CSV file, or an async iterable of `{ id, attributes }`. The
 * last two need no `name`; they are kept in a temporary folder while they are checked, and are `-` in the result.
 * @throws UsageError if an option is wrong, or if a stream or the records cannot be read to their end.
 * @throws What a hook threw or rejected with.
 */
export async function checkBatch(source: BatchSource, options: CheckBatchOptions = {}): Promise<CheckResult> {
  const { signal, onEvent, onFirstRequest, token = null, ...rest } = options;
  const found = findSource(source, rest.idType);
  const settings = settingsFor('checkBatch', readingOptions(found, rest), token, surroundings());
  const input = keepingError(found.input);
  const result = await withAsyncHooks(signal, (stop, safe) =>
    checkHere(
      found.files,
      settings,
      { signal: stop, ...given({ onEvent: safe(onEvent), onFirstRequest: safe(onFirstRequest) }) },
      input.open,
    ),
  );
  const error = input.error();
  if (error !== null) throw error;
  return result;
}

/**
 * Reads visitors back and compares them with what the files say last, like `profile-drip verify`. The files must have been
 * sent with the same options. It never ends the process, writes to no screen and installs no signal handler.
 *
 * Resolves to what `--json` shows when every file is done (status 0 or 1).
 *
 * @param files A path, or paths. A stream and records are not kept after their job, so they cannot be verified.
 * @throws UsageError if an option is wrong, before anybody is asked about.
 * @throws VerifyStoppedError with a stable `code` for every other end; the same call resumes.
 * @throws What a hook threw or rejected with; the same call resumes.
 */
export async function verifyBatch(
  files: string | readonly string[],
  options: VerifyBatchOptions = {},
): Promise<VerifyResult> {
  const { signal, onVerdict, onEvent, token = null, ...rest } = options;
  const paths = findFiles(files);
  const settings = settingsFor('verifyBatch', rest, token, surroundings());
  const verifyOptions = await withTarget(settings, token);
  const { result, cause } = await withAsyncHooks(signal, (stop, safe) =>
    verifyHere(paths, verifyOptions, {
      signal: stop,
      ...given({ onVerdict: safe(onVerdict), onEvent: safe(onEvent) }),
    }),
  );
  if (isDone(result.exit_status)) return result;
  throw new VerifyStoppedError(result, cause);
}

/**
 * Starts a local stand-in for Target, for the tests of a program that sends: pass its `url` as `endpoint`. It keeps all in
 * memory, and listens at 127.0.0.1 until it is closed.
 *
 * @throws UsageError if an option is wrong, or if the port cannot be listened on.
 */
export async function startSandbox(options: StartSandboxOptions = {}): Promise<StartedSandbox> {
  const { startOwnSandbox } = await import('./sandbox/started-sandbox.js');
  return startOwnSandbox(options, systemClock);
}

/** With the client code and the token that a request needs. A token file is read at once, so that a mistake shows. */
async function withTarget(settings: Settings, token: string | null) {
  const clientCode = settings.clientCode ?? (settings.sandbox ? 'sandbox' : null);
  if (clientCode === null) throw new UsageError('client-code-missing', "clientCode: expected Target's client code");
  const file = settings.tokenFile === null ? null : await readTokenFile(settings.tokenFile, secretFiles);
  // A pipe cannot be read again: its token is kept instead.
  const held = file === null || file.canReadAgain ? {} : { token: file.token, tokenFile: null };
  return { ...settings, clientCode, token, ...held };
}

function isDone(status: ExitStatus): boolean {
  return status === exitStatus.done || status === exitStatus.rowsRejected;
}

function surroundings() {
  return { environment: process.env, homeDir: homedir() };
}
