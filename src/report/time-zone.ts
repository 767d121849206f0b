/**
 * The zone of this machine as an IANA name. UTC where `TZ` says something that has none: an empty text, a rule
 * (`CET-1`), a place that does not exist; Node.js then names no zone, or one that it does not take itself.
 */
export function machineTimeZone(): string {
  const named: string | undefined = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  return named !== undefined && isTimeZone(named) ? named : 'UTC';
}

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false; // RangeError: invalid time zone
  }
}
