import { logLine } from '../../terminal/progress/log-line.js';
import { styled } from '../../terminal/screen.js';
import type { ErrorCode } from '../../terms/codes.js';
import { MachineError, ProfileDripError, systemCode } from '../../terms/errors.js';
import { type ExitStatus, exitStatus } from '../../terms/exit-status.js';
import { version } from '../../terms/version.js';
import { harmless } from '../../text/harmless.js';
import type { Host } from './call.js';

/** What is said when a verb could not do its work. */

/** An error as it stands in every `--json`. */
export interface ErrorObject {
  readonly code: ErrorCode;
  readonly message: string;
}

export function errorObject(thrown: unknown): ErrorObject {
  const error = toldError(thrown);
  if (error instanceof ProfileDripError) return { code: error.code, message: error.message };
  return { code: 'internal', message: 'an internal error: this is a bug in profile-drip; standard error says more' };
}

/** If a process has no file handles left, any open can fail: that is not an internal error. */
function toldError(error: unknown): unknown {
  const code = error instanceof ProfileDripError ? null : systemCode(error);
  if (code !== 'EMFILE' && code !== 'ENFILE') return error;
  return new MachineError(
    'no-handles',
    `too many open files (${code}). Raise the limit (ulimit -n 1024) or lower --concurrency, then run the same command again`,
    { cause: error },
  );
}

export function statusOf(thrown: unknown): ExitStatus {
  const error = toldError(thrown);
  return error instanceof ProfileDripError ? error.exitStatus : exitStatus.internal;
}

type Spoken = Pick<Host, 'stderr' | 'output' | 'clock'>;

/** What ended a call, in one line. */
export function sayError({ stderr, output, clock }: Spoken, { code, message }: ErrorObject): void {
  if (output.options.logFormat === 'json')
    stderr.write(logLine('json', clock.wallMs(), 'error', 'error', { code, message }));
  else stderr.write(`${styled(stderr, 'red', 'profile-drip:')} ${harmless(message, 2000)}\n`);
}

/** One message for a user's mistake; a stack for an internal error. Nothing of `secrets` is shown. */
export function sayFailure(host: Spoken, thrown: unknown, secrets: Iterable<string>): void {
  const { stderr: screen, output, clock } = host;
  const error = toldError(thrown);
  if (error instanceof ProfileDripError) {
    sayError(host, error);
    return;
  }
  const stack = error instanceof Error ? (error.stack ?? String(error)) : String(error);
  if (output.options.logFormat === 'json') {
    const fields = { ...errorObject(error), stack: withoutSecrets(stack, secrets) };
    screen.write(logLine('json', clock.wallMs(), 'error', 'error', fields));
    return;
  }
  const shown = withoutSecrets(stack, secrets)
    .split('\n')
    .map((line) => `  ${harmless(line, 500)}\n`);
  screen.write(`${styled(screen, 'red', 'profile-drip:')} internal error: this is a bug in profile-drip\n`);
  screen.write(shown.join(''));
  screen.write(`profile-drip ${version}, Node.js ${process.version}, ${process.platform} ${process.arch}\n`);
  screen.write(
    'Please report it with these lines: npm bugs profile-drip says where. What was recorded so far is sound.\n',
  );
}

export function withoutSecrets(text: string, secrets: Iterable<string>): string {
  let shown = text;
  for (const secret of secrets) if (secret !== '') shown = shown.replaceAll(secret, '***');
  return shown;
}

/** The object of `--json` for a verb that failed before it had anything to say. */
export function failureJson(error: unknown, emptyResult: Readonly<Record<string, readonly never[]>>): string {
  const exit = statusOf(error);
  return `${JSON.stringify({ schema: 1, version, exit_status: exit, error: errorObject(error), ...emptyResult })}\n`;
}
