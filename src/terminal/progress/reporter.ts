import { foldedText } from '../../text/columns.js';
import { harmless } from '../../text/harmless.js';
import { grouped } from '../../text/numbers.js';
import { type Screen, styled } from '../screen.js';
import type { LogFormat, LogLevel } from './log-line.js';
import type { Hold, Snapshot } from './run-view.js';

/** Tells a person how a run is doing, on standard error. One file at a time, from `started` to `ended`. */
export interface Reporter {
  started(file: string, resumed: Resumed | null, snapshot: () => Snapshot): void;
  hold(hold: Hold, message: string): void;
  released(cause: string, sinceWallMs: number): void;
  notice(level: 'info' | 'warning', code: string, message: string): void;
  /** `null`: the program broke off. */
  ended(file: string, end: RunEnd | null): void;
}

/** What an earlier run did. */
export interface Resumed {
  readonly fromRow: number;
  readonly doneCount: number;
  /** Of the file; `null`: it was not read to its end yet. */
  readonly totalCount: number | null;
}

export interface RunEnd {
  /** `continues`: the same run begins with what the file holds now. */
  readonly outcome: 'done' | 'rejected' | 'stopped' | 'interrupted' | 'continues';
  readonly exitStatus: number;
}

/** How the words of a reporter are written, and how much of them. */
export interface LogStyle {
  readonly format: LogFormat;
  /** The least that is told. */
  readonly least: LogLevel;
}

export const usualStyle: LogStyle = { format: 'text', least: 'info' };

/** `1,081 of 3,600 rows are done`. */
export function doneWords({ doneCount, totalCount }: Resumed): string {
  const of = totalCount === null ? '' : ` of ${grouped(totalCount)}`;
  return `${grouped(doneCount)}${of} ${doneCount === 1 && totalCount === null ? 'row is' : 'rows are'} done`;
}

/** A notice as a person reads it; on a terminal folded between words. */
export function noticeText(screen: Screen, level: 'info' | 'warning', message: string): string {
  const shown = `${level === 'warning' ? 'warning: ' : ''}${harmless(message, 1000)}`;
  const lines = screen.isTerminal ? foldedText(shown, screen.columns - 1) : [shown];
  return lines.join('\n').replace(/^warning:/, styled(screen, 'yellow', 'warning:'));
}
