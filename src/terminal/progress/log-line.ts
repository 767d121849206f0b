import { harmless } from '../../text/harmless.js';
import { isoLocalTime } from '../../text/words.js';

export type LogValue = string | number | boolean | null;

/** One line of logfmt: `2026-11-23T15:17:04+01:00 level=info event=progress rows=100`. A `null` is left out. */
export function logLine(
  wallMs: number,
  level: 'info' | 'warning' | 'error',
  event: string,
  fields: Readonly<Record<string, LogValue>>,
): string {
  const pairs = Object.entries({ level, event, ...fields })
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${shown(value)}`);
  return `${isoLocalTime(wallMs)} ${pairs.join(' ')}\n`;
}

function shown(value: LogValue): string {
  if (typeof value === 'number') return String(Math.round(value * 10) / 10);
  const text = harmless(String(value), 500);
  return /^[^\s"=]+$/.test(text) ? text : `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
