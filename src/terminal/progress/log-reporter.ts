import type { Cancel, Clock } from '../../platform/ports.js';
import { isoLocalTime } from '../../text/words.js';
import type { Screen } from '../screen.js';
import { HoldLines } from './hold-lines.js';
import { type LogValue, logLine } from './log-line.js';
import { RateMeter } from './rate-meter.js';
import type { Reporter } from './reporter.js';
import { type RunView, runView, type Snapshot } from './run-view.js';

/** Time without a hold over which rows a second are told. */
const rateWindowMs = 60_000;
const lineEveryMs = 30_000;

/** Lines for cron, pipes and CI: one every 30 seconds, and one at each change of state. */
export function logReporter(screen: Screen, clock: Clock): Reporter {
  const holdLines = new HoldLines();
  let running: { readonly file: string; readonly snapshot: () => Snapshot; readonly meter: RateMeter } | null = null;
  let cancelNext: Cancel = () => {};

  const say = (level: 'info' | 'warning', event: string, fields: Record<string, LogValue>) => {
    screen.write(logLine(clock.wallMs(), level, event, { file: running?.file ?? null, ...fields }));
  };
  const view = (): RunView | null =>
    running === null ? null : runView(running.snapshot(), running.meter, clock.monotonicMs(), clock.wallMs());
  const sayProgress = () => {
    const now = view();
    if (now !== null) say('info', 'progress', progressFields(now));
    cancelNext = clock.schedule(lineEveryMs, sayProgress);
  };

  return {
    started(file, resumedFromRow, snapshot) {
      running = { file, snapshot, meter: new RateMeter(rateWindowMs) };
      view(); // the meter's first point
      say('info', 'started', { resumed_from_row: resumedFromRow });
      cancelNext = clock.schedule(lineEveryMs, sayProgress);
    },
    hold(hold, message) {
      if (!holdLines.shouldSayHold(hold.cause, clock.monotonicMs())) return;
      say('info', 'hold', {
        cause: hold.cause,
        since: isoLocalTime(hold.sinceWallMs),
        until: hold.untilWallMs === null ? null : isoLocalTime(hold.untilWallMs),
        rows_left: view()?.rowsLeft ?? null,
        message,
      });
    },
    released(cause, sinceWallMs) {
      if (!holdLines.shouldSayReleased()) return;
      say('info', 'released', { cause, held_seconds: Math.max(0, clock.wallMs() - sinceWallMs) / 1000 });
    },
    notice(level, code, message) {
      say(level, 'notice', { code, message });
    },
    ended() {
      cancelNext();
      const last = view();
      if (last !== null) say('info', 'ended', { ...progressFields(last), seconds_left: null });
      running = null;
    },
  };
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
