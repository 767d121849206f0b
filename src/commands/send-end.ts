import type { RunSummary } from '../job/terms/summary.js';
import { ciSystem } from '../terminal/ci.js';
import { styled } from '../terminal/screen.js';
import { exitStatus, isResumable } from '../terms/exit-status.js';
import { harmless } from '../text/harmless.js';
import type { Call } from './line/call.js';
import { commandForFile, sameCommand } from './line/command-words.js';
import { annotationText, appendSummary } from './words/ci-output.js';
import { summaryText } from './words/summary-words.js';

/**
 * Says how a call ended: the summary on standard output; what CI reads, what stopped it and how to go on, on standard
 * error, how to go on as the last line there.
 */
export async function sayEnd(call: Call, summary: RunSummary, asJson: boolean): Promise<void> {
  const { stdout, stderr, clock, surroundings } = call.host;
  const { environment } = surroundings;
  if (asJson) stdout.write(`${JSON.stringify(summary)}\n`);
  else {
    const commandFor = (file: string) => commandForFile(call, file);
    stdout.write(summaryText(summary, { screen: stdout, nowMs: clock.wallMs(), commandFor }));
  }
  const system = ciSystem(environment);
  if (system !== null) stderr.write(annotationText(system, summary, environment.GITHUB_WORKSPACE ?? '.'));
  const page = environment.GITHUB_STEP_SUMMARY;
  if (page !== undefined && page !== '' && !(await appendSummary(page, summary))) {
    stderr.write(`${styled(stderr, 'yellow', 'warning:')} the file that GITHUB_STEP_SUMMARY names cannot be written\n`);
  }
  if (summary.error !== null) {
    stderr.write(`${styled(stderr, 'red', 'profile-drip:')} ${harmless(summary.error.message, 2000)}\n`);
  }
  if (isResumable(summary.exit_status)) stderr.write(`Go on with:  ${sameCommand(call)}\n`);
  else if (isToBeMended(call, summary)) {
    stderr.write(`Once that is mended, go on with:  ${sameCommand(call)}\n`);
  }
}

/** A file at fault, part of which was sent; `drop` has moved it, and says where to. */
function isToBeMended({ verb }: Call, { exit_status: status, jobs }: RunSummary): boolean {
  return status === exitStatus.usage && verb !== 'drop' && jobs.some((job) => !job.complete);
}
