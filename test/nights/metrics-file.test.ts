import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SendSnapshot } from '../../src/job/terms/events.js';
import { MetricsFile, type MetricsFileOptions } from '../../src/nights/metrics-file.js';
import { movedClock, temporaryFolder } from '../support/index.js';

function snapshot(submitted: number): SendSnapshot {
  return {
    file: 'a.csv',
    readBytes: 0,
    sizeBytes: 0,
    rows: { submitted, skipped: 0, unchanged: 0, invalid: 0, refused: 0, failed: 0 },
    endedRowCount: submitted,
    readRowCount: submitted,
    endedInRunCount: submitted,
    underWayCount: 0,
    tryCount: submitted + 1,
    elapsedMs: 0,
    hold: null,
    cap: { limit: 10, used: 7, left: 3, nextFreeAtMs: null },
  };
}

async function opened(options: Omit<MetricsFileOptions, 'stays'>, clientCode: string, stays = false) {
  const file = await MetricsFile.open({ ...options, stays });
  file.add(clientCode);
  return file;
}

describe('the metrics file', () => {
  it('is replaced while at work, readable for others, and keeps the exit status of the call before until the end', async () => {
    const path = join(await temporaryFolder(), 'a.prom');
    const clock = movedClock();
    const code = 'ac"me';
    const open = () => opened({ path, clock, sayFailure: (message) => expect.unreachable(message) }, code);
    await (await open()).finish(3);
    const metrics = await open();
    let submitted = 5;
    const started = { kind: 'started', file: 'a.csv', resumedFromRow: null, doneCount: 0, totalCount: null } as const;
    metrics.onEvent({ ...started, snapshot: () => snapshot(submitted) }, code);
    const value = (name: string) =>
      new RegExp(`^profile_drip_${name}(?:\\{.*\\}) (.*)$`, 'm').exec(readFileSync(path, 'utf8'))?.[1];
    const ok = 'rows_total\\{client_code="ac\\\\"me",status="submitted"\\}';
    const submittedThere = () => new RegExp(`^profile_drip_${ok} (\\d+)$`, 'm').exec(readFileSync(path, 'utf8'))?.[1];
    await clock.advance(15_000);
    await expect.poll(submittedThere).toBe('5');
    submitted = 6;
    await clock.advance(15_000);
    await expect.poll(submittedThere).toBe('6');
    expect([value('attempts_total'), value('cap_used'), value('cap_left'), value('exit_status')]).toEqual([
      '7',
      '7',
      '3',
      '3',
    ]);
    expect(statSync(path).mode & 0o777).toBe(0o644 & ~process.umask());
    await metrics.finish(7);
    expect([value('exit_status'), value('run_duration_seconds')]).toEqual(['7', '30']);
    expect(clock.timerCount()).toBe(0);
  });

  it('of a call that found another at work stays as it is', async () => {
    const path = join(await temporaryFolder(), 'a.prom');
    const open = () => opened({ path, clock: movedClock(), sayFailure: () => {} }, 'acme');
    await (await open()).finish(1);
    const before = readFileSync(path, 'utf8');
    await (await open()).finish(75);
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('of a call that stays has each client code, the status of its last file and none of a signal', async () => {
    const path = join(await temporaryFolder(), 'a.prom');
    const clock = movedClock({ wallMs: 86_400_000 });
    const sayFailure = (message: string) => expect.unreachable(message);
    const end = { file: 'a.csv', jobs: [], error: null, isInFailed: false };
    const lines = (name: string) =>
      [
        ...readFileSync(path, 'utf8').matchAll(new RegExp(`^profile_drip_${name}\\{client_code="(.*)"\\} (.*)$`, 'gm')),
      ].map(([, code, value]) => `${code} ${value}`);
    const first = await opened({ path, clock, sayFailure }, 'a', true);
    first.fileEnded({ ...end, exitStatus: 0 }, 'a');
    first.add('b');
    first.fileEnded({ ...end, exitStatus: 2 }, 'b');
    first.fileEnded({ ...end, exitStatus: 143 }, 'b');
    await first.finish(143);
    expect(lines('exit_status')).toEqual(['a 0', 'b 2']);
    expect(lines('last_success_timestamp_seconds')).toEqual(['a 86400']);
    const second = await opened({ path, clock, sayFailure }, 'b', true);
    second.add('a');
    await second.finish(143);
    expect(lines('exit_status')).toEqual(['b 2', 'a 0']);
    expect(lines('last_success_timestamp_seconds')).toEqual(['a 86400']);
    expect(readFileSync(path, 'utf8').match(/^# TYPE profile_drip_exit_status /gm)).toHaveLength(1);
  });
});
