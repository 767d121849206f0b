import { describe, expect, it } from 'vitest';
import { isTimeZone, machineTimeZone } from '../../src/report/time-zone.js';

describe("the machine's time zone", () => {
  it.each(['Europe/Berlin', 'America/New_York', 'UTC'])('is %s where TZ says so', (name) => {
    expect(inZone(name)).toBe(name);
  });

  // 'Etc/Unknown' is what Node.js says of an empty TZ, and refuses to take back.
  it.each(['', 'CET-1', 'No/Where'])('is UTC where TZ is %j', (name) => {
    expect(inZone(name)).toBe('UTC');
    expect(isTimeZone('Etc/Unknown')).toBe(false);
  });
});

function inZone(name: string): string {
  const before = process.env.TZ;
  process.env.TZ = name;
  try {
    return machineTimeZone();
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
}
