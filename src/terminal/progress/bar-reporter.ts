import type { Clock } from '../../platform/ports.js';
import { harmless } from '../../text/harmless.js';
import { grouped } from '../../text/numbers.js';
import { duration, localTime } from '../../text/words.js';
import type { Screen } from '../screen.js';
import type { Bar, StartBar } from './bar.js';
import { barLine, runLayouts } from './bar-line.js';
import { HoldLines } from './hold-lines.js';
import { RateMeter } from './rate-meter.js';
import { doneWords, noticeText, type Reporter } from './reporter.js';
import { runView } from './run-view.js';

/** Time without a hold over which rows a second are told. */
const rateWindowMs = 15_000;

/** A bar for a person at a terminal; what has to be said goes above it. */
export function barReporter(screen: Screen, clock: Clock, startBar: StartBar): Reporter {
  const holdLines = new HoldLines();
  let bar: Bar | null = null;
  const say = (line: string) => (bar === null ? screen.write(`${line}\n`) : bar.say(line));
  const now = () => localTime(clock.wallMs(), clock.wallMs());

  return {
    started(file, resumed, snapshot) {
      const meter = new RateMeter(rateWindowMs);
      const from = resumed === null ? '' : `: ${doneWords(resumed)}, resuming at row ${grouped(resumed.fromRow)}`;
      say(`sending ${harmless(file)}${from}`);
      bar = startBar(screen, () => {
        const view = runView(snapshot(), meter, clock.monotonicMs(), clock.wallMs());
        return barLine(view.share, runLayouts(view), screen);
      });
    },
    hold(hold, message) {
      if (!holdLines.shouldSayHold(hold.cause, clock.monotonicMs())) return;
      const until = hold.untilWallMs === null ? '' : ` (until ${localTime(hold.untilWallMs, clock.wallMs())})`;
      say(noticeText(screen, 'info', `${now()}: ${message}${until}`));
    },
    released(_cause, sinceWallMs) {
      const heldMs = Math.max(0, clock.wallMs() - sinceWallMs);
      if (holdLines.shouldSayReleased()) say(`${now()}: sending again after ${duration(heldMs)}`);
    },
    notice(level, _code, message) {
      say(noticeText(screen, level, message));
    },
    ended() {
      bar?.stop();
      bar = null;
    },
  };
}
