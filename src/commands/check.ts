import { type ExitStatus, exitStatus } from '../exit-status.js';
import { requireFiles } from './arguments.js';
import type { Call } from './call.js';
import { checkFiles, sayCheckError, sayChecked } from './check-files.js';
import { printConfig, settingsOf } from './settings-of-call.js';

/** `profile-drip check`: reads FILEs whole and sends nothing. */
export async function check(call: Call): Promise<ExitStatus> {
  const found = await settingsOf(call, 'check');
  const { settings } = found;
  if (settings.printConfig) {
    printConfig(call, found, 'check');
    return exitStatus.done;
  }
  requireFiles(call);
  const result = await checkFiles(call, found, settings);
  if (settings.json) call.host.stdout.write(`${JSON.stringify(result)}\n`);
  else sayChecked(call, found, result);
  sayCheckError(call, result);
  return result.exit_status;
}
