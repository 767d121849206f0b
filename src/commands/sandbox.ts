import { startSandbox } from '../sandbox/sandbox.js';
import { sandboxTable } from '../settings/sandbox.js';
import { readOptions } from '../settings/values.js';
import type { ExitStatus } from '../terms/exit-status.js';
import type { Call } from './line/call.js';
import { signalStatusOf } from './line/signals.js';

/** `profile-drip sandbox`: stands in for Target until a signal ends it. */
export async function sandbox({ options, host }: Call): Promise<ExitStatus> {
  const settings = readOptions(sandboxTable, options, host.surroundings);
  const signal = host.watchSignals(() => {});
  const running = await startSandbox({ ...settings, clock: host.clock });
  host.stdout.write(`${running.url}\n`);
  host.stderr.write(
    `Send to it:  profile-drip send --endpoint ${running.url} --client-code ${settings.clientCode ?? 'demo'} FILE\n`,
  );
  host.stderr.write('Ctrl-C ends it, and with it all that it was told.\n');
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await running.close();
  return signalStatusOf(signal.reason);
}
