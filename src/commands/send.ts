import { UsageError } from '../errors.js';
import { type ExitStatus, exitStatus } from '../exit-status.js';
import type { SendOptions } from '../job/options.js';
import type { SettingsFound } from '../settings/read.js';
import { duration } from '../terminal/words.js';
import { requireFiles } from './arguments.js';
import type { Call } from './call.js';
import { sayEnd } from './send-end.js';
import { progressListener } from './send-progress.js';
import { printConfig, settingsOf } from './settings-of-call.js';

/** `profile-drip send`: options in, the library's call, words on the screen out. */
export async function send(call: Call): Promise<ExitStatus> {
  const { host, files } = call;
  const found = await settingsOf(call, 'send');
  const { settings } = found;
  if (settings.printConfig) {
    printConfig(call, found, 'send');
    return exitStatus.done;
  }
  requireFiles(call);
  const options = sendOptions(found);
  if (settings.dryRun) {
    const { dryRun } = await import('./dry-run.js');
    return dryRun(call, found, options);
  }
  const onEvent = await progressListener(settings.progress, host);
  const say = (level: 'info' | 'warning', code: string, message: string) =>
    onEvent({ kind: 'notice', level, code, message });
  for (const { level, code, message } of found.notices) say(level, code, message);
  const signal = host.watchSignals((name) => {
    const grace = duration(settings.graceMs);
    say(
      'info',
      'stopping',
      `${name}: no further row is begun, what is under way gets ${grace}; a second one ends at once`,
    );
  });
  // Not loaded before the settings are right: it is most of the program.
  const { sendHere } = await import('../send-here.js');
  const summary = await sendHere(files, options, { signal, onEvent });
  await sayEnd(call, summary, settings.json);
  return summary.exit_status;
}

function sendOptions({ settings, token }: SettingsFound): SendOptions {
  const clientCode = settings.clientCode ?? (settings.sandbox ? 'sandbox' : null);
  if (clientCode !== null) return { ...settings, clientCode, token };
  const message = "--client-code: expected Target's client code; found none. Or try things out with --sandbox";
  throw new UsageError('client-code-missing', message);
}
