import { afterEach, expect, it } from 'vitest';
import { localTime } from '../../src/text/local-time.js';

const zone = process.env.TZ;

afterEach(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

it('writes a time as the clock on the wall shows it, with its distance from UTC', () => {
  const atMs = Date.UTC(2026, 10, 23, 23, 17, 4, 999);
  const expected = {
    UTC: '2026-11-23 23:17:04 +00:00',
    'Europe/Berlin': '2026-11-24 00:17:04 +01:00',
    'America/St_Johns': '2026-11-23 19:47:04 -03:30',
    'Asia/Kathmandu': '2026-11-24 05:02:04 +05:45',
  };
  for (const [timeZone, text] of Object.entries(expected)) {
    process.env.TZ = timeZone;
    expect(localTime(atMs)).toBe(text);
  }
});
