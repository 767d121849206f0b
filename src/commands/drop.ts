import type { DropHooks } from '../drop/options.js';
import type { JobSummary } from '../job/terms/summary.js';
import { type ExitStatus, exitStatus } from '../terms/exit-status.js';
import { requireFiles } from './line/arguments.js';
import type { Call } from './line/call.js';
import { commandForFile } from './line/command-words.js';
import { printConfig, settingsOf } from './line/settings-of-call.js';
import { sayEnd } from './send-end.js';
import { sendHooksOf, sendOptionsOf } from './sending.js';
import { summaryText } from './words/summary-words.js';

/** `profile-drip drop`: options in, the library's call, words on the screen out. */
export async function drop(call: Call): Promise<ExitStatus> {
  const found = await settingsOf(call, 'drop');
  const { settings } = found;
  if (settings.printConfig) {
    printConfig(call, found, 'drop');
    return exitStatus.done;
  }
  requireFiles(call);
  const [folder = ''] = call.files;
  const { match, marker, settleMs, watch } = settings;
  const options = { ...sendOptionsOf(found), match, marker, settleMs, watch };
  // Whoever stays for weeks says what came of each file when it ends, and not of all of them again at the end.
  const saysEach = watch && !settings.json;
  const sendHooks = await sendHooksOf(call, found);
  const hooks: DropHooks = saysEach ? { ...sendHooks, onFileEnd: (jobs) => sayJobs(call, jobs) } : sendHooks;
  const { dropHere } = await import('../wiring/drop.js');
  const summary = await dropHere(folder, options, hooks);
  await sayEnd(call, saysEach ? { ...summary, jobs: [] } : summary, settings.json);
  return summary.exit_status;
}

function sayJobs(call: Call, jobs: readonly JobSummary[]): void {
  const { stdout, clock } = call.host;
  const commandFor = (file: string) => commandForFile(call, file);
  stdout.write(`${summaryText({ jobs }, { screen: stdout, nowMs: clock.wallMs(), commandFor })}\n`);
}
