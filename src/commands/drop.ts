import type { DropHooks } from '../drop/options.js';
import type { JobSummary } from '../job/terms/summary.js';
import { styled } from '../terminal/screen.js';
import { type ExitStatus, exitStatus } from '../terms/exit-status.js';
import { harmless } from '../text/harmless.js';
import { grouped } from '../text/numbers.js';
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
  const failed: string[] = [];
  const sendHooks = await sendHooksOf(call, found);
  const hooks: DropHooks = {
    ...sendHooks,
    onFileEnd({ fate, path, jobs }) {
      if (fate === 'failed') failed.push(path);
      if (watch) sayJobs(call, jobs, settings.json);
    },
  };
  const { dropHere } = await import('../wiring/drop.js');
  const summary = await dropHere(folder, options, hooks);
  sayFailed(call, failed);
  // Whoever stays for weeks says what came of each file when it ends, and not of all of them again at the end.
  await sayEnd(call, watch ? { ...summary, jobs: [] } : summary, settings.json);
  return summary.exit_status;
}

function sayJobs(call: Call, jobs: readonly JobSummary[], asJson: boolean): void {
  const { stdout, clock } = call.host;
  if (asJson) {
    for (const job of jobs) stdout.write(`${JSON.stringify(job)}\n`);
    return;
  }
  const commandFor = (file: string) => commandForFile(call, file);
  stdout.write(`${summaryText({ jobs }, { screen: stdout, nowMs: clock.wallMs(), commandFor })}\n`);
}

/** Among hundreds of files that went through, the one that did not is easily overlooked. */
function sayFailed({ host }: Call, paths: readonly string[]): void {
  const [first] = paths;
  if (first === undefined) return;
  const { stderr } = host;
  const what = styled(stderr, 'red', `${grouped(paths.length)} put into failed/`);
  const more = paths.length > 1 ? ` and ${grouped(paths.length - 1)} more` : '';
  stderr.write(`${what}: ${harmless(first, 1000)}${more}; the .error.txt beside each says why\n`);
}
