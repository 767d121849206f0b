import type { SendEvent } from '../job/terms/events.js';
import { type CiSystem, ciSystem, groupEnd, groupStart } from '../terminal/ci.js';
import { makeReporter, type ProgressMode } from '../terminal/progress/progress.js';
import { harmless } from '../text/harmless.js';
import type { Host } from './line/call.js';

/** Shows what a run's events say, on standard error; in CI each file is a group of its own. */
export async function progressListener(mode: ProgressMode, host: Host): Promise<(event: SendEvent) => void> {
  const { stderr, clock } = host;
  const reporter = await makeReporter(mode, stderr, clock);
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
