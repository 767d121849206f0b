import { type CheckHooks, type CheckOptions, type CheckResult, checkBatch } from '../check/check.js';
import type { SettingsFound } from '../settings/read.js';
import { makeReadingReporter } from '../terminal/progress/reading-reporter.js';
import { styled } from '../terminal/screen.js';
import { harmless } from '../text/harmless.js';
import type { Call } from './line/call.js';
import { checkText } from './words/check-words.js';

/** What `check` and `send --dry-run` have in common: the files read with progress, and what was found in words. */

export async function checkFiles(
  { host, files }: Call,
  { settings, notices }: SettingsFound,
  options: CheckOptions,
  hooks: Pick<CheckHooks, 'onFirstRequest'> = {},
): Promise<CheckResult> {
  const reporter = await makeReadingReporter(settings.progress, host.stderr, host.clock);
  for (const { level, code, message } of notices) reporter.notice(level, code, message);
  const signal = host.watchSignals(() => {});
  return checkBatch(files, options, {
    ...hooks,
    signal,
    onEvent(event) {
      if (event.kind === 'started') reporter.started(event.file, event.snapshot);
      else if (event.kind === 'notice') reporter.notice(event.level, event.code, event.message);
      else reporter.ended();
    },
  });
}

/** What was found, on standard output. */
export function sayChecked({ host }: Call, { settings }: SettingsFound, result: CheckResult): void {
  const { stdout, clock } = host;
  stdout.write(checkText(result, { ...settings, screen: stdout, nowMs: clock.wallMs() }));
}

/** What stopped it, on standard error. */
export function sayCheckError({ host: { stderr } }: Call, { error }: CheckResult): void {
  if (error !== null) stderr.write(`${styled(stderr, 'red', 'profile-drip:')} ${harmless(error.message, 2000)}\n`);
}
