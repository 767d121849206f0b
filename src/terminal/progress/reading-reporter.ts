import type { Cancel, Clock } from '../../platform/ports.js';
import { harmless } from '../../text/harmless.js';
import { grouped } from '../../text/numbers.js';
import { counted, duration, rate } from '../../text/words.js';
import type { Screen } from '../screen.js';
import { type Bar, loadBar, type StartBar } from './bar.js';
import { barLine, type Layout } from './bar-line.js';
import { type LogFormat, logLine } from './log-line.js';
import type { ProgressMode } from './progress.js';
import { RateMeter } from './rate-meter.js';
import { noticeText } from './reporter.js';

/** How far the reading of a file is: nothing is sent. */
export interface Reading {
  /** Of the file's own bytes. */
  readonly readBytes: number;
  readonly sizeBytes: number;
  readonly rowCount: number;
  readonly invalidCount: number;
}

/** Tells a person how far a check is, on standard error. One file at a time, from `started` to `ended`. */
export interface ReadingReporter {
  started(file: string, reading: () => Reading): void;
  notice(level: 'info' | 'warning', code: string, message: string): void;
  ended(): void;
}

const rateWindowMs = 15_000;
const lineEveryMs = 30_000;

/** `auto`, and `bar` too where there is no terminal to draw on: a bar on a terminal, else lines. */
export async function makeReadingReporter(
  mode: ProgressMode,
  screen: Screen,
  clock: Clock,
  format: LogFormat = 'text',
): Promise<ReadingReporter> {
  if (mode === 'none') return { started() {}, notice: warningsOn(screen, clock, format), ended() {} };
  if (mode === 'log' || !screen.isTerminal || format === 'json') return readingLog(screen, clock, format);
  return readingBar(screen, clock, await loadBar());
}

function warningsOn(screen: Screen, clock: Clock, format: LogFormat): ReadingReporter['notice'] {
  return (level, code, message) => {
    if (level !== 'warning') return;
    if (format === 'json') screen.write(logLine(format, clock.wallMs(), level, 'notice', { code, message }));
    else screen.write(`${noticeText(screen, level, message)}\n`);
  };
}

/** A bar that leaves nothing behind: what was found is said at the end. */
function readingBar(screen: Screen, clock: Clock, startBar: StartBar): ReadingReporter {
  let bar: Bar | null = null;
  return {
    started(file, reading) {
      const meter = new RateMeter(rateWindowMs);
      bar = startBar(screen, () => {
        const now = reading();
        meter.add(clock.monotonicMs(), now.rowCount, false);
        return barLine(shareOf(now), readingLayouts(file, now, meter.rowsPerSecond()), screen);
      });
    },
    notice(level, _code, message) {
      const text = noticeText(screen, level, message);
      if (bar === null) screen.write(`${text}\n`);
      else bar.say(text);
    },
    ended() {
      bar?.stop();
      bar = null;
    },
  };
}

/** Lines for cron, pipes and CI: one every 30 seconds, so that a short check says only what it found. */
function readingLog(screen: Screen, clock: Clock, format: LogFormat): ReadingReporter {
  let cancelNext: Cancel = () => {};
  return {
    started(file, reading) {
      const meter = new RateMeter(rateWindowMs * 4);
      const say = () => {
        const now = reading();
        meter.add(clock.monotonicMs(), now.rowCount, false);
        const fields = {
          file,
          percent: shareOf(now) * 100,
          rows: now.rowCount,
          invalid: now.invalidCount,
          rows_per_second: meter.rowsPerSecond(),
        };
        screen.write(logLine(format, clock.wallMs(), 'info', 'checking', fields));
        cancelNext = clock.schedule(lineEveryMs, say);
      };
      meter.add(clock.monotonicMs(), 0, false);
      cancelNext = clock.schedule(lineEveryMs, say);
    },
    notice(level, code, message) {
      screen.write(logLine(format, clock.wallMs(), level, 'notice', { code, message }));
    },
    ended() {
      cancelNext();
    },
  };
}

function shareOf({ readBytes, sizeBytes }: Reading): number {
  return sizeBytes === 0 ? 0 : Math.min(1, readBytes / sizeBytes);
}

/** From the longest to the shortest. Pure. */
export function readingLayouts(file: string, reading: Reading, rowsPerSecond: number | null): Layout[] {
  const share = shareOf(reading);
  const rows = { text: counted(reading.rowCount, 'row') };
  const invalid =
    reading.invalidCount === 0 ? [] : [{ text: `${grouped(reading.invalidCount)} invalid`, style: 'red' as const }];
  const speed = rowsPerSecond === null ? [] : [{ text: `${rate(rowsPerSecond)} rows/s` }];
  const leftRows = share > 0 ? reading.rowCount / share - reading.rowCount : null;
  const left =
    leftRows === null || rowsPerSecond === null || rowsPerSecond <= 0
      ? []
      : [{ text: `${duration((leftRows / rowsPerSecond) * 1000)} left` }];
  return [
    { barColumnsMin: 20, pieces: [{ text: `checking ${harmless(file, 60)}` }, rows, ...invalid, ...speed, ...left] },
    { barColumnsMin: 10, pieces: [rows, ...invalid, ...speed, ...left] },
    { barColumnsMin: 5, pieces: [rows, ...invalid, ...left] },
    { barColumnsMin: 0, pieces: [rows, ...invalid] },
  ];
}
