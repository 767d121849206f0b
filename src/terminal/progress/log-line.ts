import { harmless } from '../../text/harmless.js';
import { isoLocalTime } from '../../text/words.js';

export type LogValue = string | number | boolean | null;

export type LogLevel = 'info' | 'warning' | 'error';

export type LogFormat = 'text' | 'json';

const levels: readonly LogLevel[] = ['info', 'warning', 'error'];

export function isAtLeast(level: LogLevel, least: LogLevel): boolean {
  return levels.indexOf(level) >= levels.indexOf(least);
}

/**
 * One line of logfmt: `2026-11-23T15:17:04+01:00 level=info event=progress rows=100`; or the same as one JSON object,
 * `{"time":…,"level":"info","event":"progress","rows":100}`. A `null` is left out.
 */
export function logLine(
  format: LogFormat,
  wallMs: number,
  level: LogLevel,
  event: string,
  fields: Readonly<Record<string, LogValue>>,
): string {
  if (format === 'json') return jsonLine({ time: isoLocalTime(wallMs), level, event, ...fields });
  const pairs = Object.entries({ level, event, ...fields })
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${shown(value)}`);
  return `${isoLocalTime(wallMs)} ${pairs.join(' ')}\n`;
}

function jsonLine(fields: Readonly<Record<string, LogValue>>): string {
  const entries = Object.entries(fields)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => [name, inJson(name, value)]);
  return `${JSON.stringify(Object.fromEntries(entries))}\n`;
}

/** A stack keeps its lines, which JSON escapes. */
function inJson(name: string, value: LogValue): LogValue {
  if (typeof value === 'number') return Math.round(value * 10) / 10;
  return typeof value === 'string' && name !== 'stack' ? harmless(value, 2000) : value;
}

function shown(value: LogValue): string {
  if (typeof value === 'number') return String(Math.round(value * 10) / 10);
  const text = harmless(String(value), 500);
  return /^[^\s"=]+$/.test(text) ? text : `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
