import type { Clock } from '../../platform/ports.js';
import type { Screen } from '../screen.js';
import { loadBar } from './bar.js';
import { barReporter } from './bar-reporter.js';
import { logLine } from './log-line.js';
import { logReporter } from './log-reporter.js';
import { type LogStyle, noticeText, type Reporter, usualStyle } from './reporter.js';

export type ProgressMode = 'auto' | 'bar' | 'log' | 'none';

/** `auto`, and `bar` too where there is no terminal to draw on: a bar on a terminal, else lines. */
export async function makeReporter(
  mode: ProgressMode,
  screen: Screen,
  clock: Clock,
  style = usualStyle,
): Promise<Reporter> {
  if (mode === 'none' || mode === 'log' || !screen.isTerminal || needsLines(style)) {
    return lineReporter(mode, screen, clock, style);
  }
  return barReporter(screen, clock, await loadBar());
}

/** For what works at several files at once: a bar can show but one. */
export function lineReporter(mode: ProgressMode, screen: Screen, clock: Clock, style = usualStyle): Reporter {
  return mode === 'none' ? quietReporter(screen, clock, style) : logReporter(screen, clock, style);
}

/** A bar is neither JSON nor silent. */
function needsLines({ format, least }: LogStyle): boolean {
  return format === 'json' || least !== 'info';
}

/** Warnings alone. */
function quietReporter(screen: Screen, clock: Clock, { format }: LogStyle): Reporter {
  return {
    started() {},
    hold() {},
    released() {},
    notice(level, code, message) {
      if (level !== 'warning') return;
      if (format === 'json') screen.write(logLine(format, clock.wallMs(), level, 'notice', { code, message }));
      else screen.write(`${noticeText(screen, level, message)}\n`);
    },
    ended() {},
  };
}
