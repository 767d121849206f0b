import type { DropHooks, FileEnd } from '../drop/options.js';
import { type ExitStatus, exitStatus } from '../terms/exit-status.js';
import { harmless } from '../text/harmless.js';
import { grouped } from '../text/numbers.js';
import { requireFiles } from './line/arguments.js';
import type { Call, VerbEnd } from './line/call.js';
import { commandForFile } from './line/command-words.js';
import { printConfig, settingsOf } from './line/settings-of-call.js';
import { sayFileAsJson } from './parts/file-end.js';
import { sayEnd } from './parts/send-end.js';
import { callHooksOf, sendOptionsOf } from './parts/sending.js';
import { summaryText } from './words/summary-words.js';

/** `profile-drip drop`: options in, the library's call, words on the screen out. */
export async function drop(call: Call): Promise<ExitStatus | VerbEnd> {
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
  // With --watch the result of each file is printed when it ends, and not all of them again at the end of the call.
  const saysEach = watch;
  const failed: string[] = [];
  const callHooks = await callHooksOf(call, found, folder);
  const hooks: DropHooks = {
    ...callHooks,
    onFileEnd(end) {
      if (end.isInFailed) failed.push(end.path);
      if (saysEach) sayFile(call, end, settings.json);
      if (end.fate !== 'gone') callHooks.onFileEnd?.(end);
    },
  };
  const { dropHere } = await import('../wiring/drop.js');
  const summary = await dropHere(folder, options, hooks);
  const closing = failedWords(failed);
  await sayEnd(call, saysEach ? { ...summary, jobs: [] } : summary, settings.json, closing);
  return { status: summary.exit_status, error: summary.error };
}

/** The result of one file, as it ends: the words of its summary, or one line of JSON in the form of the whole result. */
function sayFile(call: Call, end: FileEnd, asJson: boolean): void {
  if (asJson) {
    sayFileAsJson(call.host, end);
    return;
  }
  const { jobs, exitStatus: status } = end;
  const { stdout, clock, output } = call.host;
  if (jobs.length === 0 || (output.options.quiet !== null && status === exitStatus.done)) return;
  const commandFor = (file: string) => commandForFile(call, file);
  stdout.write(`${summaryText({ jobs }, { screen: stdout, nowMs: clock.wallMs(), commandFor })}\n`);
}

/** Among hundreds of files that were sent, one that failed is easily overlooked. */
function failedWords(paths: readonly string[]): string[] {
  const [first] = paths;
  if (first === undefined) return [];
  const more = paths.length > 1 ? ` and ${grouped(paths.length - 1)} more` : '';
  return [
    `${grouped(paths.length)} put into failed/: ${harmless(first, 1000)}${more}; the .error.txt beside each says why`,
  ];
}
