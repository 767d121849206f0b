import { makeVerifyReporter } from '../terminal/progress/verify-reporter.js';
import { styled } from '../terminal/screen.js';
import { type ExitStatus, exitStatus, isResumable } from '../terms/exit-status.js';
import { harmless } from '../text/harmless.js';
import type { VerifyHooks } from '../verify/terms.js';
import { requireFiles } from './line/arguments.js';
import type { Call } from './line/call.js';
import { sameCommand } from './line/command-words.js';
import { printConfig, settingsOf } from './line/settings-of-call.js';
import { sendOptionsOf } from './parts/sending.js';
import { verifyText } from './words/verify-words.js';

/** `profile-drip verify`: reads visitors back, and says how many hold what was sent. */
export async function verify(call: Call): Promise<ExitStatus> {
  const found = await settingsOf(call, 'verify');
  const { settings } = found;
  if (settings.printConfig) {
    printConfig(call, found, 'verify');
    return exitStatus.done;
  }
  requireFiles(call);
  const { host, files } = call;
  const { stdout, stderr, clock } = host;
  const { sample, waitMs, tolerate } = settings;
  const options = { ...sendOptionsOf(found), sample, waitMs, tolerate };
  const reporter = await makeVerifyReporter(settings.progress, stderr, clock);
  for (const { level, code, message } of found.notices) reporter.notice(level, code, message);
  const signal = host.watchSignals((name) => {
    reporter.notice(
      'info',
      'stopping',
      `${name} received: no more visitors are asked about. Signal again to stop immediately`,
    );
  });
  const hooks: VerifyHooks = {
    signal,
    onEvent: (event) => {
      if (event.kind === 'started') reporter.started(event.file, event.snapshot);
      else if (event.kind === 'ended') reporter.ended();
      else reporter.notice(event.level, event.code, event.message);
    },
  };
  const { verifyHere } = await import('../wiring/verify.js');
  const { result } = await verifyHere(files, options, hooks);
  stdout.write(settings.json ? `${JSON.stringify(result)}\n` : verifyText(result, settings.ratePerSecond));
  if (result.error !== null) {
    stderr.write(`${styled(stderr, 'red', 'profile-drip:')} ${harmless(result.error.message, 2000)}\n`);
  }
  if (isResumable(result.exit_status)) stderr.write(`Resume with:  ${sameCommand(call)}\n`);
  return result.exit_status;
}
