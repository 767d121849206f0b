import type { Cancel, Clock } from '../../platform/ports.js';
import { isoLocalTime } from '../../text/words.js';
import type { Screen } from '../screen.js';
import { HoldLines } from './hold-lines.js';
import { isAtLeast, type LogLevel, type LogValue, logLine } from './log-line.js';
import { RateMeter } from './rate-meter.js';
import type { LogStyle, Reporter, RunEnd } from './reporter.js';
import { type RunView, runView, type Snapshot } from './run-view.js';

/** Time without a hold over which rows a second are told. */
const rateWindowMs = 60_000;
const lineEveryMs = 30_000;

/** Lines for cron, pipes and CI: one every 30 seconds, and one at each change of state. */
export function logReporter(screen: Screen, clock: Clock, { format, least }: LogStyle): Reporter {
  const holdLines = new HoldLines();
  let running: { readonly file: string; readonly snapshot: () => Snapshot; readonly meter: RateMeter } | null = null;
  let cancelNext: Cancel = () => {};

  const say = (level: LogLevel, event: string, fields: Record<string, LogValue>) => {
    if (!isAtLeast(level, least)) return;
    screen.write(logLine(format, clock.wallMs(), level, event, { file: running?.file ?? null, ...fields }));
  };
  const view = (): RunView | null =>
    running === null ? null : runView(running.snapshot(), running.meter, clock.monotonicMs(), clock.wallMs());
  const sayProgress = () => {
    const now = view();
    if (now !== null) say('info', 'progress', progressFields(now));
    cancelNext = clock.schedule(lineEveryMs, sayProgress);
  };

  return {
    started(file, resumed, snapshot) {
      running = { file, snapshot, meter: new RateMeter(rateWindowMs) };
      view(); // the meter's first point
      say('info', 'started', {
        resumed_from_row: resumed?.fromRow ?? null,
        rows_done: resumed?.doneCount ?? null,
        rows_total: resumed?.totalCount ?? null,
      });
      cancelNext = clock.schedule(lineEveryMs, sayProgress);
    },
    hold(hold, message) {
      if (!holdLines.shouldSayHold(hold.cause, clock.monotonicMs())) return;
      say(levelOfHold(hold.cause), 'hold', {
        cause: hold.cause,
        since: isoLocalTime(hold.sinceWallMs),
        until: hold.untilWallMs === null ? null : isoLocalTime(hold.untilWallMs),
        rows_left: view()?.rowsLeft ?? null,
        message,
      });
    },
    released(cause, sinceWallMs) {
      if (!holdLines.shouldSayReleased()) return;
      say(levelOfHold(cause), 'released', { cause, held_seconds: Math.max(0, clock.wallMs() - sinceWallMs) / 1000 });
    },
    notice(level, code, message) {
      say(level, 'notice', { code, message });
    },
    ended(_file, end) {
      cancelNext();
      const last = view();
      const told = { outcome: end?.outcome ?? 'stopped', exit_status: end?.exitStatus ?? null };
      if (last !== null) say(levelOfEnd(end), 'ended', { ...told, ...progressFields(last), seconds_left: null });
      running = null;
    },
  };
}

/** The cap is used up and comes free as it should; everything else that holds a run is worth a look. */
function levelOfHold(cause: string): LogLevel {
  return cause === 'cap' ? 'info' : 'warning';
}

function levelOfEnd(end: RunEnd | null): LogLevel {
  if (end?.outcome === 'done' || end?.outcome === 'continues') return 'info';
  return end?.outcome === 'rejected' ? 'warning' : 'error';
}

function progressFields(view: RunView): Record<string, LogValue> {
  return {
    percent: view.share * 100,
    rows: view.submittedCount + view.rejectedCount + view.quietCount,
    submitted: view.submittedCount,
    not_submitted: view.rejectedCount,
    nothing_to_send: view.quietCount,
    rows_per_second: view.rowsPerSecond,
    cap_used: view.cap.used,
    cap_left: view.cap.left,
    seconds_left: view.timeLeftMs === null ? null : Math.ceil(view.timeLeftMs / 1000),
    hold: view.hold?.cause ?? null,
  };
}
