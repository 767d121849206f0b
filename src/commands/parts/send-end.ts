import type { RunSummary } from '../../job/terms/summary.js';
import { ciSystem } from '../../terminal/ci.js';
import { logLine } from '../../terminal/progress/log-line.js';
import { styled } from '../../terminal/screen.js';
import { exitStatus, isResumable } from '../../terms/exit-status.js';
import type { Call } from '../line/call.js';
import { commandForFile, sameCommand } from '../line/command-words.js';
import { sayError } from '../line/failure.js';
import { annotationText, appendSummary } from '../words/ci-output.js';
import { summaryText } from '../words/summary-words.js';

/**
 * Says how a call ended: the summary on standard output; what CI reads, what stopped it and how to resume, on standard
 * error, how to resume as the last line there. `closing`: lines after the summary.
 */
export async function sayEnd(
  call: Call,
  summary: RunSummary,
  asJson: boolean,
  closing: readonly string[] = [],
): Promise<void> {
  const { stdout, stderr, clock, output, surroundings } = call.host;
  const { environment } = surroundings;
  if (asJson) stdout.write(`${JSON.stringify(summary)}\n`);
  else {
    const commandFor = (file: string) => commandForFile(call, file);
    stdout.write(summaryText(summary, { screen: stdout, nowMs: clock.wallMs(), commandFor }));
    for (const line of closing) stdout.write(`${line}\n`);
  }
  const isText = output.options.logFormat === 'text';
  const system = isText ? ciSystem(environment) : null;
  if (system !== null) stderr.write(annotationText(system, summary, environment.GITHUB_WORKSPACE ?? '.'));
  const page = environment.GITHUB_STEP_SUMMARY;
  if (page !== undefined && page !== '' && !(await appendSummary(page, summary))) {
    const message = 'the file that GITHUB_STEP_SUMMARY names cannot be written';
    if (isText) stderr.write(`${styled(stderr, 'yellow', 'warning:')} ${message}\n`);
    else stderr.write(logLine('json', clock.wallMs(), 'warning', 'notice', { code: 'step-summary', message }));
  }
  if (summary.error !== null) sayError(call.host, summary.error);
  sayResume(call, summary);
}

/** How to resume, as the last line on standard error. */
function sayResume(call: Call, summary: RunSummary): void {
  const { stderr, clock, output } = call.host;
  const canResume = isResumable(summary.exit_status);
  if (!canResume && !isToBeMended(call, summary)) return;
  const command = sameCommand(call);
  if (output.options.logFormat === 'json') {
    stderr.write(logLine('json', clock.wallMs(), 'info', 'resume', { command }));
  } else stderr.write(canResume ? `Resume with:  ${command}\n` : `Once that is corrected, resume with:  ${command}\n`);
}

/** Part of this file was sent, and then it could not be read; `drop` has moved it, and says where. */
function isToBeMended({ verb }: Call, { exit_status: status, jobs }: RunSummary): boolean {
  return status === exitStatus.usage && verb !== 'drop' && jobs.some((job) => !job.complete);
}
