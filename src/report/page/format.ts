import { dayMs, hourMs } from '../figures/time-series.js';

/** Figures as people read them; in English, whatever the machine's language, like the rest of the program. */

const grouped = new Intl.NumberFormat('en-US');

export function count(value: number): string {
  return grouped.format(value);
}

/** `1 row`, `2,000 rows`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A share of `whole` in percent. What is not all is never rounded up to 100 %, nor what is there down to 0 %. */
export function share(part: number, whole: number): string {
  if (whole === 0) return '–';
  const percent = (part / whole) * 100;
  if (part > 0 && percent < 0.01) return '< 0.01 %';
  if (part < whole && percent > 99.99) return '> 99.99 %';
  const isNearEnd = percent < 1 || (percent > 99 && percent < 100);
  return `${percent.toFixed(percent === 0 || percent === 100 ? 0 : isNearEnd ? 2 : 1)} %`;
}

/** `85 ms`, `1.25 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(durationMs: number): string {
  if (durationMs < 999.5) return `${Math.round(durationMs)} ms`;
  if (durationMs < 10_000) return `${(durationMs / 1000).toFixed(2)} s`;
  const seconds = Math.round(durationMs / 1000);
  if (seconds < 60) return `${(durationMs / 1000).toFixed(1)} s`;
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
}

/** A bucket's width: `10 seconds`, `hour`. */
export function bucketWidth(widthMs: number): string {
  const units = [
    [dayMs, 'day'],
    [hourMs, 'hour'],
    [60_000, 'minute'],
    [1_000, 'second'],
  ] as const;
  for (const [unitMs, unit] of units) {
    if (widthMs === unitMs) return unit;
    if (widthMs % unitMs === 0) return `${count(widthMs / unitMs)} ${unit}s`;
  }
  return `${widthMs} ms`;
}

/** Rows a second: `0.4`, `98.2`, `1,234`. */
export function perSecond(value: number): string {
  if (value >= 100) return count(Math.round(value));
  return value < 0.1 ? value.toPrecision(1) : value.toFixed(1);
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(timeZone: string): Intl.DateTimeFormat {
  let clock = clocks.get(timeZone);
  if (clock === undefined) {
    // Swedish writes dates the ISO way: 2026-01-31 13:05:09.
    clock = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
    clocks.set(timeZone, clock);
  }
  return clock;
}

/** `2026-01-31 13:05:09` in that zone (an IANA name). */
export function timeIn(timeZone: string, wallMs: number): string {
  return clockOf(timeZone).format(wallMs);
}
