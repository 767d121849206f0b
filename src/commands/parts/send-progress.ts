import type { SendEvent } from '../../job/terms/events.js';
import { type CiSystem, ciSystem, groupEnd, groupStart } from '../../terminal/ci.js';
import { lineReporter, makeReporter, type ProgressMode } from '../../terminal/progress/progress.js';
import type { LogStyle, Reporter } from '../../terminal/progress/reporter.js';
import { harmless } from '../../text/harmless.js';
import type { Host } from '../line/call.js';

/** Shows what a run's events say, on standard error; in CI each file is a group of its own. */
export async function progressListener(mode: ProgressMode, host: Host): Promise<(event: SendEvent) => void> {
  const { style, reporterMode } = styleOf(mode, host);
  return listenerOf(await makeReporter(reporterMode, host.stderr, host.clock, style), mode, host);
}

/** The same in lines: one for each of several runs that go side by side. */
export function lineListener(mode: ProgressMode, host: Host): (event: SendEvent) => void {
  const { style, reporterMode } = styleOf(mode, host);
  return listenerOf(lineReporter(reporterMode, host.stderr, host.clock, style), mode, host);
}

function styleOf(
  mode: ProgressMode,
  { output }: Host,
): { readonly style: LogStyle; readonly reporterMode: ProgressMode } {
  const { quiet, logFormat: format } = output.options;
  const style: LogStyle = { format, least: quiet === 'warnings' ? 'warning' : 'info' };
  return { style, reporterMode: quiet === null || mode === 'none' ? mode : 'log' };
}

function listenerOf(reporter: Reporter, mode: ProgressMode, host: Host): (event: SendEvent) => void {
  const { stderr, clock, output } = host;
  const { quiet, logFormat: format } = output.options;
  const isGrouped = mode !== 'none' && quiet !== 'warnings' && format === 'text';
  const system: CiSystem | null = !isGrouped ? null : ciSystem(host.surroundings.environment);
  return (event) => {
    switch (event.kind) {
      case 'started':
        if (system !== null)
          stderr.write(groupStart(system, event.file, `profile-drip: ${harmless(event.file)}`, clock.wallMs()));
        return reporter.started(event.file, resumedOf(event), event.snapshot);
      case 'hold':
        return reporter.hold(event.hold, event.message);
      case 'released':
        return reporter.released(event.cause, event.sinceWallMs);
      case 'notice':
        return reporter.notice(event.level, event.code, event.message);
      case 'ended':
        reporter.ended(event.file, event.end);
        if (system !== null) stderr.write(groupEnd(system, event.file, clock.wallMs()));
    }
  };
}

function resumedOf({ resumedFromRow: fromRow, doneCount, totalCount }: Extract<SendEvent, { kind: 'started' }>) {
  return fromRow === null ? null : { fromRow, doneCount, totalCount };
}
