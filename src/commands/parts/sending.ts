import type { SendEvent } from '../../job/terms/events.js';
import type { CallHooks } from '../../job/terms/file-end.js';
import type { SendOptions } from '../../job/terms/options.js';
import type { SettingsFound } from '../../settings/read.js';
import type { ErrorCode, NoticeCode } from '../../terms/codes.js';
import { UsageError } from '../../terms/errors.js';
import { duration } from '../../text/words.js';
import type { Call } from '../line/call.js';
import { progressListener } from './send-progress.js';

/** What all verbs that send have in common. */

/** @throws UsageError `client-code-missing`. */
export function sendOptionsOf({ settings, token }: SettingsFound): SendOptions {
  const clientCode = settings.clientCode ?? (settings.sandbox ? 'sandbox' : null);
  if (clientCode !== null) return { ...settings, clientCode, token };
  const message = "--client-code: expected Target's client code; found none. Or try things out with --sandbox";
  throw new UsageError('client-code-missing', message);
}

/** Progress and notices on standard error, and signals that stop the run resumably. */
export async function callHooksOf(call: Call, found: SettingsFound, dropFolder: string | null): Promise<CallHooks> {
  const { host, nights } = call;
  const { settings } = found;
  const onShown = await progressListener(settings.progress, host);
  const place = { clientCode: settings.clientCode ?? (settings.sandbox ? 'sandbox' : ''), dropFolder };
  await nights.begin({ ...settings, stays: settings.watch });
  nights.add(place);
  const onEvent = (event: SendEvent) => {
    onShown(event);
    nights.onEvent(event, place);
  };
  return { signal: startedSignal(call, found, onEvent), onEvent, onFileEnd: (end) => nights.fileEnded(end, place) };
}

/** Says what the settings gave rise to; from then on the first signal stops the call, and that is said too. */
export function startedSignal(
  { host }: Call,
  { settings, notices }: SettingsFound,
  onEvent: (event: SendEvent) => void,
): AbortSignal {
  const say = (level: 'info' | 'warning', code: NoticeCode | ErrorCode, message: string) =>
    onEvent({ kind: 'notice', level, code, message });
  for (const { level, code, message } of notices) say(level, code, message);
  return host.watchSignals((name) => {
    const grace = duration(settings.graceMs);
    say(
      'info',
      'stopping',
      `${name} received: no new rows are started; requests in flight get ${grace} to finish. Signal again to stop immediately`,
    );
  });
}
