import type { CheckHooks, CheckOptions, CheckResult, FileCheck } from '../../check/check.js';
import type { SettingsFound } from '../../settings/read.js';
import { makeReadingReporter } from '../../terminal/progress/reading-reporter.js';
import { checkHere } from '../../wiring/check.js';
import type { Call } from '../line/call.js';
import { commandForFile } from '../line/command-words.js';
import { sayError } from '../line/failure.js';
import { checkText } from '../words/check-words.js';

/** What `check` and `send --dry-run` have in common: the files read with progress, and what was found in words. */

export async function checkFiles(
  { host, files }: Call,
  { settings, notices }: SettingsFound,
  options: CheckOptions,
  hooks: Pick<CheckHooks, 'onFirstRequest'> = {},
): Promise<CheckResult> {
  const reporter = await makeReadingReporter(settings.progress, host.stderr, host.clock, settings.logFormat);
  for (const { level, code, message } of notices) reporter.notice(level, code, message);
  const signal = host.watchSignals(() => {});
  return checkHere(files, options, {
    ...hooks,
    signal,
    onEvent(event) {
      if (event.kind === 'started') reporter.started(event.file, event.snapshot);
      else if (event.kind === 'notice') reporter.notice(event.level, event.code, event.message);
      else reporter.ended();
    },
  });
}

/** The command that sends a file as it was found; `null` if nothing would be sent, and no option is known to change that. */
export function commandToSend(
  call: Call,
  { settings }: SettingsFound,
  { file, rows, add_options }: FileCheck,
): string | null {
  if (rows.sendable === 0 && add_options.length === 0) return null;
  const needsCode = settings.clientCode === null && !settings.sandbox;
  return commandForFile(call, file, [...(needsCode ? [{ name: 'client-code', value: 'CODE' }] : []), ...add_options]);
}

/** What was found, on standard output. */
export function sayChecked(call: Call, found: SettingsFound, result: CheckResult): void {
  const { stdout, clock } = call.host;
  const commandFor = (check: FileCheck) => commandToSend(call, found, check);
  stdout.write(checkText(result, { ...found.settings, screen: stdout, nowMs: clock.wallMs(), commandFor }));
}

/** What stopped it, on standard error. */
export function sayCheckError({ host }: Call, { error }: CheckResult): void {
  if (error !== null) sayError(host, error);
}
