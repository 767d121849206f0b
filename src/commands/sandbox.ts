import { readKnown } from '../sandbox/known.js';
import { startSandbox } from '../sandbox/sandbox.js';
import { sandboxTable } from '../settings/sandbox.js';
import { readOptions } from '../settings/values.js';
import { systemCode, UsageError } from '../terms/errors.js';
import type { ExitStatus } from '../terms/exit-status.js';
import { quoted } from '../text/harmless.js';
import type { Call, Host } from './line/call.js';
import { signalStatusOf } from './line/signals.js';

/** `profile-drip sandbox`: stands in for Target until a signal ends it. */
export async function sandbox({ options, host }: Call): Promise<ExitStatus> {
  const settings = readOptions(sandboxTable, options, host.surroundings);
  const signal = host.watchSignals(() => {});
  const { known: path, ...rest } = settings;
  const known = path === null ? [] : readKnown(await readFileText(path, host));
  const knownOnly = settings.knownOnly || path !== null;
  const running = await startSandbox({ ...rest, known, knownOnly, clock: host.clock });
  host.stdout.write(`${running.url}\n`);
  host.stderr.write(
    `Send to it:  profile-drip send --endpoint ${running.url} --client-code ${settings.clientCode ?? 'demo'} FILE\n`,
  );
  host.stderr.write('Ctrl-C stops it and discards its profiles.\n');
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await running.close();
  return signalStatusOf(signal.reason);
}

async function readFileText(path: string, host: Host): Promise<string> {
  try {
    return await host.files.readText(path);
  } catch (cause) {
    const why = systemCode(cause) ?? 'unreadable';
    const message = `--known: expected a file with ids; ${quoted(path)} cannot be read (${why}). Check the path`;
    throw new UsageError('sandbox-known', message, { cause });
  }
}
