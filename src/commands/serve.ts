import type { FileEnd } from '../drop/options.js';
import { deliveryWarning } from '../job/terms/delivery-warning.js';
import type { SendEvent } from '../job/terms/events.js';
import type { ServeOptions } from '../serve/options.js';
import { readAuthFile } from '../settings/auth-file.js';
import type { SettingsFound } from '../settings/read.js';
import { type ServeSettings, serveTable } from '../settings/serve.js';
import { tokenVariable } from '../settings/sources.js';
import { readTokenFile } from '../settings/token.js';
import { readOptions } from '../settings/values.js';
import { UsageError } from '../terms/errors.js';
import { type ExitStatus, exitStatus } from '../terms/exit-status.js';
import type { Call } from './line/call.js';
import { printConfig, settingsOf } from './line/settings-of-call.js';
import { signalStatusOf } from './line/signals.js';
import { lineListener } from './parts/send-progress.js';
import { callHooksOf } from './parts/sending.js';

/** `profile-drip serve`: takes batches as the Bulk API does, until a signal ends it. */
export async function serve(call: Call): Promise<ExitStatus> {
  const { host } = call;
  const found = await settingsOf(call, 'serve');
  const { settings } = found;
  if (settings.printConfig) {
    printConfig(call, found, 'serve');
    return exitStatus.done;
  }
  const own = readOptions(serveTable, call.options, host.surroundings);
  const options = await serveOptionsOf(call, own, found);
  const progress = settings.progress === 'none' ? 'none' : 'log';
  const { signal, onEvent } = await callHooksOf(call, { ...found, settings: { ...settings, progress } }, null);
  const listeners = new Map<string | null, (event: SendEvent) => void>([[null, onEvent ?? (() => {})]]);
  const say = (event: SendEvent, clientCode: string | null) => {
    const listener = listeners.get(clientCode) ?? lineListener(progress, host);
    listeners.set(clientCode, listener);
    listener(event);
  };
  const { route } = settings;
  const about = route === 'delivery' ? ({ code: 'delivery', message: deliveryWarning } as const) : createsNone;
  say({ kind: 'notice', level: 'warning', ...about }, null);
  const { serveHere } = await import('../wiring/serve.js');
  await serveHere(options, {
    signal: signal ?? new AbortController().signal,
    onListening(url) {
      if (!settings.json) host.stdout.write(`${url}\n`);
      say({ kind: 'notice', level: 'info', code: 'serve-listening', message: `batches are taken at ${url}` }, null);
    },
    onEvent: say,
    onBatchEnd: (end) => (settings.json ? sayBatch(call, end) : undefined),
  });
  return signalStatusOf(signal?.reason);
}

const createsNone = {
  code: 'serve-creates-none',
  message:
    'v2/profile/batchUpdate creates no profiles here: updates of visitors that Target does not know are lost. --route delivery creates them',
} as const;

async function serveOptionsOf(
  { host, secrets }: Call,
  own: ServeSettings,
  { settings }: SettingsFound,
): Promise<ServeOptions> {
  const { dir, port } = own;
  if (dir === null) throw new UsageError('serve-dir-missing', '--dir: expected a folder for batches; found none');
  if (port === null) {
    throw new UsageError('serve-port-missing', '--port: expected a port; found none. 0 takes any that is free');
  }
  refuseEnvironmentToken(host.surroundings.environment);
  requireProtection(own);
  const tokenFiles = new Map<string, string>();
  for (const { clientCode, path } of own.tokenFiles ?? []) {
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
  const credentials = own.authFile === null ? null : await readAuthFile(own.authFile, host.files);
  for (const { token } of credentials ?? []) secrets.add(token);
  const clientCodes = own.clientCodes === null ? null : [...new Set(own.clientCodes.map((code) => code.toLowerCase()))];
  return {
    dir,
    host: own.host,
    port,
    clientCodes,
    credentials,
    publicUrl: own.publicUrl,
    maxBodyBytes: own.maxBodyBytes,
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
function requireProtection(own: ServeSettings): void {
  const isLoopback = /^(?:127(?:\.\d{1,3}){3}|::1)$/.test(own.host);
  if (isLoopback) return;
  const missing = [
    ...(own.clientCodes === null ? ['--client-code'] : []),
    ...(own.authFile === null ? ['--auth-file'] : []),
    ...(own.publicUrl === null ? ['--public-url'] : []),
    ...(own.listenHttp ? [] : ['--listen-http']),
  ];
  if (missing.length === 0) return;
  const message = `--host: ${own.host} can be reached from other machines: expected also ${missing.join(', ')}. TLS is done by a proxy before it`;
  throw new UsageError('serve-unprotected', message);
}

function sayBatch({ host }: Call, { jobs }: FileEnd): void {
  for (const job of jobs) host.stdout.write(`${JSON.stringify(job)}\n`);
}
