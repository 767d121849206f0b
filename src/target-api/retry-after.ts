import { retryAfterMsMax } from './limits.js';

const days = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const months = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
const time = '\\d\\d:\\d\\d:\\d\\d';

/** The three forms that RFC 9110, section 5.6.7, has a recipient accept. Date.parse alone would take `5 bananas` too. */
const datePatterns: readonly RegExp[] = [
  new RegExp(`^${days}, \\d\\d ${months} \\d{4} ${time} GMT$`),
  new RegExp(`^${days}[a-z]*, \\d\\d-${months}-\\d\\d ${time} GMT$`),
  new RegExp(`^${days} ${months} [ \\d]\\d ${time} \\d{4}$`),
];

/**
 * What a `Retry-After` asks for (RFC 9110, section 10.2.3), from 0 to 24 hours; `null` where it cannot be read. Past
 * dates ask for nothing (0); a fraction of a second, which the standard does not have, is taken; a negative number is not.
 */
export function readRetryAfter(header: string | null, nowWallMs: number): number | null {
  const text = header?.trim() ?? '';
  if (/^\d+(?:\.\d+)?$/.test(text)) return Math.min(Math.ceil(Number(text) * 1000), retryAfterMsMax);
  if (!datePatterns.some((pattern) => pattern.test(text))) return null;
  // The oldest form names no zone, and is UTC all the same.
  const dateMs = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(dateMs) ? null : Math.min(Math.max(dateMs - nowWallMs, 0), retryAfterMsMax);
}
