import type { SendEvent } from '../job/terms/events.js';
import { type CiSystem, ciSystem, groupEnd, groupStart } from '../terminal/ci.js';
import { lineReporter, makeReporter, type ProgressMode } from '../terminal/progress/progress.js';
import type { Reporter } from '../terminal/progress/reporter.js';
import { harmless } from '../text/harmless.js';
import type { Host } from './line/call.js';

/** Shows what a run's events say, on standard error; in CI each file is a group of its own. */
export async function progressListener(mode: ProgressMode, host: Host): Promise<(event: SendEvent) => void> {
  return listenerOf(await makeReporter(mode, host.stderr, host.clock), mode, host);
}

/** The same in lines: one for each of several runs that go side by side. */
export function lineListener(mode: ProgressMode, host: Host): (event: SendEvent) => void {
  return listenerOf(lineReporter(mode, host.stderr, host.clock), mode, host);
}

function listenerOf(reporter: Reporter, mode: ProgressMode, host: Host): (event: SendEvent) => void {
  const { stderr, clock } = host;
  const system: CiSystem | null = mode === 'none' ? null : ciSystem(host.surroundings.environment);
  return (event) => {
    switch (event.kind) {
      case 'started':
        if (system !== null)
          stderr.write(groupStart(system, event.file, `profile-drip: ${harmless(event.file)}`, clock.wallMs()));
        return reporter.started(event.file, event.resumedFromRow, event.snapshot);
      case 'hold':
        return reporter.hold(event.hold, event.message);
      case 'released':
        return reporter.released(event.cause, event.sinceWallMs);
      case 'notice':
        return reporter.notice(event.level, event.code, event.message);
      case 'ended':
        reporter.ended(event.file);
        if (system !== null) stderr.write(groupEnd(system, event.file, clock.wallMs()));
    }
  };
}
