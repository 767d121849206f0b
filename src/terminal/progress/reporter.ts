import { foldedText } from '../../text/columns.js';
import { harmless } from '../../text/harmless.js';
import { type Screen, styled } from '../screen.js';
import type { Hold, Snapshot } from './run-view.js';

/** Tells a person how a run is doing, on standard error. One file at a time, from `started` to `ended`. */
export interface Reporter {
  started(file: string, resumedFromRow: number | null, snapshot: () => Snapshot): void;
  hold(hold: Hold, message: string): void;
  released(cause: string, sinceWallMs: number): void;
  notice(level: 'info' | 'warning', code: string, message: string): void;
  ended(file: string): void;
}

/** A notice as a person reads it; on a terminal folded between words. */
export function noticeText(screen: Screen, level: 'info' | 'warning', message: string): string {
  const shown = `${level === 'warning' ? 'warning: ' : ''}${harmless(message, 1000)}`;
  const lines = screen.isTerminal ? foldedText(shown, screen.columns - 1) : [shown];
  return lines.join('\n').replace(/^warning:/, styled(screen, 'yellow', 'warning:'));
}
