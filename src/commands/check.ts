import type { CheckResult } from '../check/check.js';
import type { SettingsFound } from '../settings/read.js';
import { type ExitStatus, exitStatus } from '../terms/exit-status.js';
import { requireFiles } from './line/arguments.js';
import type { Call } from './line/call.js';
import { printConfig, settingsOf } from './line/settings-of-call.js';
import { checkFiles, commandToSend, sayCheckError, sayChecked } from './parts/check-files.js';

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
  if (settings.json) call.host.stdout.write(`${JSON.stringify(withCommands(call, found, result))}\n`);
  else sayChecked(call, found, result);
  sayCheckError(call, result);
  return result.exit_status;
}

/** `files[].command`: the command that sends the file as it was found, or null. */
function withCommands(call: Call, found: SettingsFound, result: CheckResult) {
  return { ...result, files: result.files.map((file) => ({ ...file, command: commandToSend(call, found, file) })) };
}
