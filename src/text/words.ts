import { grouped } from './numbers.js';

/** Numbers and times as people read them. Pure; local times in the zone that is handed in, or the machine's. */

/** `1 row`, `2 rows`, `1,234 rows`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** A share (0 to 1) as `43 %`; never `100 %` before it is whole, nor `0 %` once it is not nothing. */
export function percent(share: number): string {
  if (share > 0 && share < 0.01) return '<1 %';
  return `${Math.floor(Math.min(1, Math.max(0, share)) * 100)} %`;
}

/** Below 10 with one decimal: `0.4`, `9.5`, `1,234`. */
export function rate(perSecond: number): string {
  if (perSecond > 0 && perSecond < 9.95) return perSecond.toFixed(1);
  return grouped(Math.round(perSecond));
}

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Its two largest units: `45 s`, `4 min 12 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  if (ms < secondMs) return 'under 1 s';
  const rounded = Math.round(ms / secondMs) * secondMs;
  if (rounded < minuteMs) return `${rounded / secondMs} s`;
  const [large, largeMs, small, smallMs] =
    rounded < hourMs
      ? (['min', minuteMs, 's', secondMs] as const)
      : rounded < dayMs
        ? (['h', hourMs, 'min', minuteMs] as const)
        : (['d', dayMs, 'h', hourMs] as const);
  const largeCount = Math.floor(rounded / largeMs);
  const smallCount = Math.floor((rounded % largeMs) / smallMs);
  return smallCount === 0 ? `${largeCount} ${large}` : `${largeCount} ${large} ${smallCount} ${small}`;
}

/** `4.5 kB`, `1.2 MB`: powers of 1,000. */
export function bytes(sizeBytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let size = sizeBytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

interface LocalParts {
  readonly date: string;
  readonly minutes: string;
  readonly zone: string;
}

function localParts(wallMs: number, timeZone?: string): LocalParts {
  const zoned = timeZone === undefined ? {} : { timeZone };
  // en-GB names the European zones (CET), en-CA writes dates as ISO 8601 does.
  const format = new Intl.DateTimeFormat('en-GB', {
    ...zoned,
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
  });
  const parts = new Map(format.formatToParts(wallMs).map(({ type, value }) => [type, value]));
  const date = new Intl.DateTimeFormat('en-CA', { ...zoned, dateStyle: 'short' }).format(wallMs);
  return { date, minutes: `${parts.get('hour')}:${parts.get('minute')}`, zone: parts.get('timeZoneName') ?? '' };
}

/** `15:17 CET`; with the date before it where that is not today's. */
export function localTime(wallMs: number, nowMs: number, timeZone?: string): string {
  const { date, minutes, zone } = localParts(wallMs, timeZone);
  const isToday = localParts(nowMs, timeZone).date === date;
  return isToday ? `${minutes} ${zone}` : `${date} ${minutes} ${zone}`;
}

/** ISO 8601 with the machine's own offset: `2026-11-23T15:17:04+01:00`. */
export function isoLocalTime(wallMs: number): string {
  const at = new Date(wallMs);
  const offsetMinutes = -at.getTimezoneOffset();
  const shifted = new Date(wallMs + offsetMinutes * minuteMs).toISOString().slice(0, 19);
  const sign = offsetMinutes < 0 ? '-' : '+';
  const [hours, minutes] = [Math.floor(Math.abs(offsetMinutes) / 60), Math.abs(offsetMinutes) % 60];
  return `${shifted}${sign}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
}
