/** This machine's local time with its distance from UTC, to the second: `2026-11-23 16:17:04 +01:00`. */
export function localTime(wallMs: number): string {
  const offsetMinutes = -new Date(wallMs).getTimezoneOffset();
  const local = new Date(wallMs + offsetMinutes * 60_000).toISOString();
  const sign = offsetMinutes < 0 ? '-' : '+';
  const hours = String(Math.floor(Math.abs(offsetMinutes) / 60)).padStart(2, '0');
  const minutes = String(Math.abs(offsetMinutes) % 60).padStart(2, '0');
  return `${local.slice(0, 10)} ${local.slice(11, 19)} ${sign}${hours}:${minutes}`;
}
