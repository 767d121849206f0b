import type { Cancel, Clock } from '../../platform/ports.js';
import { harmless } from '../../text/harmless.js';
import { grouped } from '../../text/numbers.js';
import { duration, rate } from '../../text/words.js';
import type { Screen } from '../screen.js';
import { type Bar, loadBar, type StartBar } from './bar.js';
import { barLine, type Layout } from './bar-line.js';
import { logLine } from './log-line.js';
import type { ProgressMode } from './progress.js';
import { RateMeter } from './rate-meter.js';
import { noticeText } from './reporter.js';

/** How far a verify is. */
export interface Asking {
  readonly file: string;
  readonly phase: 'reading' | 'asking' | 'waiting';
  readonly readBytes: number;
  readonly sizeBytes: number;
  readonly askedCount: number;
  readonly toAskCount: number;
  readonly counts: { readonly applied: number };
}

/** Tells a person how a verify is getting on, on standard error. One file at a time, from `started` to `ended`. */
export interface VerifyReporter {
  started(file: string, asking: () => Asking): void;
  notice(level: 'info' | 'warning', code: string, message: string): void;
  ended(): void;
}

const rateWindowMs = 15_000;
const lineEveryMs = 30_000;

/** `auto`, and `bar` too where there is no terminal to draw on: a bar on a terminal, else lines. */
export async function makeVerifyReporter(mode: ProgressMode, screen: Screen, clock: Clock): Promise<VerifyReporter> {
  if (mode === 'none') {
    return {
      started() {},
      notice(level, _code, message) {
        if (level === 'warning') screen.write(`${noticeText(screen, level, message)}\n`);
      },
      ended() {},
    };
  }
  if (mode === 'log' || !screen.isTerminal) return verifyLog(screen, clock);
  return verifyBar(screen, clock, await loadBar());
}

/** A bar that leaves nothing behind: what was found is said at the end. */
function verifyBar(screen: Screen, clock: Clock, startBar: StartBar): VerifyReporter {
  let bar: Bar | null = null;
  return {
    started(_file, asking) {
      const meter = new RateMeter(rateWindowMs);
      bar = startBar(screen, () => {
        const now = asking();
        meter.add(clock.monotonicMs(), now.askedCount, now.phase !== 'asking');
        return barLine(shareOf(now), verifyLayouts(now, meter.rowsPerSecond()), screen);
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

function verifyLog(screen: Screen, clock: Clock): VerifyReporter {
  let cancelNext: Cancel = () => {};
  return {
    started(file, asking) {
      const say = () => {
        const { phase, askedCount, toAskCount, counts } = asking();
        const fields = { file, phase, asked: askedCount, of: toAskCount, applied: counts.applied };
        screen.write(logLine('text', clock.wallMs(), 'info', 'verifying', fields));
        cancelNext = clock.schedule(lineEveryMs, say);
      };
      cancelNext = clock.schedule(lineEveryMs, say);
    },
    notice(level, code, message) {
      screen.write(logLine('text', clock.wallMs(), level, 'notice', { code, message }));
    },
    ended() {
      cancelNext();
    },
  };
}

function shareOf({ phase, readBytes, sizeBytes, askedCount, toAskCount }: Asking): number {
  const [part, whole] = phase === 'reading' ? [readBytes, sizeBytes] : [askedCount, toAskCount];
  return whole === 0 ? 0 : Math.min(1, part / whole);
}

const phaseWords = { reading: 'reading', asking: 'verifying', waiting: 'waiting for' } as const;

/** From the fullest to the barest. Pure. */
export function verifyLayouts(asking: Asking, perSecond: number | null): Layout[] {
  const { file, phase, askedCount, toAskCount, counts } = asking;
  const asked = phase === 'reading' ? [] : [{ text: `${grouped(askedCount)}/${grouped(toAskCount)} visitors` }];
  const applied = phase === 'reading' ? [] : [{ text: `${grouped(counts.applied)} applied` }];
  const isKnown = phase === 'asking' && perSecond !== null && perSecond > 0;
  const speed = isKnown ? [{ text: `${rate(perSecond)}/s` }] : [];
  const left = isKnown ? [{ text: `${duration(((toAskCount - askedCount) / perSecond) * 1000)} left` }] : [];
  return [
    {
      barColumnsMin: 20,
      pieces: [{ text: `${phaseWords[phase]} ${harmless(file, 60)}` }, ...asked, ...applied, ...speed, ...left],
    },
    { barColumnsMin: 10, pieces: [...asked, ...applied, ...left] },
    { barColumnsMin: 0, pieces: [...asked] },
  ];
}
