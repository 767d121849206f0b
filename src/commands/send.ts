import { type ExitStatus, exitStatus } from '../terms/exit-status.js';
import { requireFiles } from './line/arguments.js';
import type { Call, VerbEnd } from './line/call.js';
import { printConfig, settingsOf } from './line/settings-of-call.js';
import { sayEnd } from './parts/send-end.js';
import { callHooksOf, sendOptionsOf } from './parts/sending.js';

/** `profile-drip send`: options in, the library's call, words on the screen out. */
export async function send(call: Call): Promise<ExitStatus | VerbEnd> {
  const { files } = call;
  const found = await settingsOf(call, 'send');
  const { settings } = found;
  if (settings.printConfig) {
    printConfig(call, found, 'send');
    return exitStatus.done;
  }
  requireFiles(call);
  const options = sendOptionsOf(found);
  if (settings.dryRun) {
    const { dryRun } = await import('./parts/dry-run.js');
    return dryRun(call, found, options);
  }
  const hooks = await callHooksOf(call, found, null);
  // Not loaded before the settings are right: it is most of the program.
  const { sendHere } = await import('../wiring/send.js');
  const { summary } = await sendHere(files, options, hooks);
  await sayEnd(call, summary, settings.json);
  return { status: summary.exit_status, error: summary.error };
}
