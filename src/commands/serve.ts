import { deliveryWarning } from '../job/terms/delivery-warning.js';
import type { SendEvent } from '../job/terms/events.js';
import type { ServeOptions } from '../serve/options.js';
import { readAuthFile } from '../settings/auth-file.js';
import { tokenVariable } from '../settings/sources.js';
import type { Settings } from '../settings/table.js';
import { readTokenFile } from '../settings/token.js';
import { UsageError } from '../terms/errors.js';
import { type ExitStatus, exitStatus } from '../terms/exit-status.js';
import type { Call } from './line/call.js';
import { printConfig, settingsOf } from './line/settings-of-call.js';
import { signalStatusOf } from './line/signals.js';
import { sayFileAsJson } from './parts/file-end.js';
import { lineListener } from './parts/send-progress.js';
import { startedSignal } from './parts/sending.js';

/** `profile-drip serve`: takes batches as the Bulk API does, until a signal ends it. */
export async function serve(call: Call): Promise<ExitStatus> {
  const { host, nights } = call;
  const found = await settingsOf(call, 'serve');
  const { settings } = found;
  if (settings.printConfig) {
    printConfig(call, found, 'serve');
    return exitStatus.done;
  }
  const options = await serveOptionsOf(call, settings);
  await nights.begin({ ...settings, stays: true });
  const say = eventListener(call, settings);
  const signal = startedSignal(call, found, (event) => say(event, null));
  const isDelivery = settings.route === 'delivery';
  const about = isDelivery ? ({ code: 'delivery', message: deliveryWarning } as const) : createsNone;
  say({ kind: 'notice', level: 'warning', ...about }, null);
  const { serveHere } = await import('../wiring/serve.js');
  await serveHere(options, {
    signal,
    onListening(url) {
      if (!settings.json && !settings.quiet) host.stdout.write(`${url}\n`);
      say({ kind: 'notice', level: 'info', code: 'serve-listening', message: `batches are taken at ${url}` }, null);
    },
    onQueue: (place) => nights.add(place),
    onEvent(event, place) {
      say(event, place?.clientCode ?? null);
      if (place !== null) nights.onEvent(event, place);
    },
    onBatchEnd(end, place) {
      if (end.fate === 'gone') return;
      if (settings.json) sayFileAsJson(host, end);
      nights.fileEnded(end, place);
    },
  });
  return signalStatusOf(signal.reason);
}

/** Each client code's lines by themselves: queues work side by side. */
function eventListener({ host }: Call, settings: Settings): (event: SendEvent, clientCode: string | null) => void {
  const progress = settings.progress === 'none' ? 'none' : 'log';
  const listeners = new Map<string | null, (event: SendEvent) => void>();
  return (event, clientCode) => {
    const listener = listeners.get(clientCode) ?? lineListener(progress, host);
    listeners.set(clientCode, listener);
    listener(event);
  };
}

const createsNone = {
  code: 'serve-creates-none',
  message:
    'v2/profile/batchUpdate creates no profiles here: updates of visitors that Target does not know are lost. --route delivery creates them',
} as const;

async function serveOptionsOf({ host, secrets }: Call, settings: Settings): Promise<ServeOptions> {
  const { dir, port } = settings;
  if (dir === null) throw new UsageError('serve-dir-missing', '--dir: expected a folder for batches; found none');
  if (port === null) {
    throw new UsageError('serve-port-missing', '--port: expected a port; found none. 0 takes any that is free');
  }
  refuseEnvironmentToken(host.surroundings.environment);
  requireProtection(settings);
  const tokenFiles = new Map<string, string>();
  for (const { clientCode, path } of settings.tokenFiles ?? []) {
    if (tokenFiles.has(clientCode)) {
      throw new UsageError(
        'token-twice',
        `--token-file: expected one for each client code; found two for ${clientCode}`,
      );
    }
    const { token, canReadAgain } = await readTokenFile(path, host.files);
    secrets.add(token);
    if (!canReadAgain) {
      throw new UsageError('token-unreadable', `--token-file: expected a file; found a pipe for ${clientCode}`);
    }
    tokenFiles.set(clientCode, path);
  }
  const credentials = settings.authFile === null ? null : await readAuthFile(settings.authFile, host.files);
  for (const { token } of credentials ?? []) secrets.add(token);
  const clientCodes =
    settings.clientCodes === null ? null : [...new Set(settings.clientCodes.map((code) => code.toLowerCase()))];
  return {
    dir,
    host: settings.host,
    port,
    clientCodes,
    credentials,
    publicUrl: settings.publicUrl,
    maxBodyBytes: settings.maxBodyBytes,
    tokenFiles,
    send: { ...settings, clientCode: '', token: null, tokenFile: null },
  };
}

/** One token for all client codes would be sent to all of them. */
function refuseEnvironmentToken(environment: Readonly<Record<string, string | undefined>>): void {
  if (environment[tokenVariable] === undefined) return;
  const message = `${tokenVariable}: serve takes a token for each client code: give --token-file CODE=PATH, and remove the variable`;
  throw new UsageError('serve-token', message);
}

/** On a network address each caller must be known, and must not send in plain text by accident. */
function requireProtection(settings: Settings): void {
  const isLoopback = /^(?:127(?:\.\d{1,3}){3}|::1)$/.test(settings.host);
  if (isLoopback) return;
  const missing = [
    ...(settings.clientCodes === null ? ['--client-code'] : []),
    ...(settings.authFile === null ? ['--auth-file'] : []),
    ...(settings.publicUrl === null ? ['--public-url'] : []),
    ...(settings.listenHttp ? [] : ['--listen-http']),
  ];
  if (missing.length === 0) return;
  const message = `--host: ${settings.host} can be reached from other machines: expected also ${missing.join(', ')}. TLS is done by a proxy before it`;
  throw new UsageError('serve-unprotected', message);
}
