import type { Clock } from '../../platform/ports.js';
import type { Screen } from '../screen.js';
import { loadBar } from './bar.js';
import { barReporter } from './bar-reporter.js';
import { logReporter } from './log-reporter.js';
import { noticeText, type Reporter } from './reporter.js';

export type ProgressMode = 'auto' | 'bar' | 'log' | 'none';

/** `auto`, and `bar` without a terminal to draw on: a bar on a terminal, else lines. */
export async function makeReporter(mode: ProgressMode, screen: Screen, clock: Clock): Promise<Reporter> {
  if (mode === 'none' || mode === 'log' || !screen.isTerminal) return lineReporter(mode, screen, clock);
  return barReporter(screen, clock, await loadBar());
}

/** For what works at several files at once: a bar can show but one. */
export function lineReporter(mode: ProgressMode, screen: Screen, clock: Clock): Reporter {
  return mode === 'none' ? quietReporter(screen) : logReporter(screen, clock);
}

/** Warnings alone. */
function quietReporter(screen: Screen): Reporter {
  return {
    started() {},
    hold() {},
    released() {},
    notice(level, _code, message) {
      if (level === 'warning') screen.write(`${noticeText(screen, level, message)}\n`);
    },
    ended() {},
  };
}
