import type { SendHooks, SendOptions } from '../job/terms/options.js';
import type { SettingsFound } from '../settings/read.js';
import { UsageError } from '../terms/errors.js';
import { duration } from '../text/words.js';
import type { Call } from './line/call.js';
import { progressListener } from './send-progress.js';

/** What all verbs that send have in common. */

/** @throws UsageError `client-code-missing`. */
export function sendOptionsOf({ settings, token }: SettingsFound): SendOptions {
  const clientCode = settings.clientCode ?? (settings.sandbox ? 'sandbox' : null);
  if (clientCode !== null) return { ...settings, clientCode, token };
  const message = "--client-code: expected Target's client code; found none. Or try things out with --sandbox";
  throw new UsageError('client-code-missing', message);
}

/** Progress and notices on standard error, and signals that stop it all in good order. */
export async function sendHooksOf({ host }: Call, found: SettingsFound): Promise<SendHooks> {
  const { settings, notices } = found;
  const onEvent = await progressListener(settings.progress, host);
  const say = (level: 'info' | 'warning', code: string, message: string) =>
    onEvent({ kind: 'notice', level, code, message });
  for (const { level, code, message } of notices) say(level, code, message);
  const signal = host.watchSignals((name) => {
    const grace = duration(settings.graceMs);
    say(
      'info',
      'stopping',
      `${name}: no further row is begun, what is under way gets ${grace}; a second one ends at once`,
    );
  });
  return { signal, onEvent };
}
