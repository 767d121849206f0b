import { describe, expect, it } from 'vitest';
import { type JobStatus, jobStatus as statusOf } from '../../src/commands/words/job-status.js';
import { statusObject } from '../../src/commands/words/status-object.js';
import { statusText } from '../../src/commands/words/status-words.js';
import type { Checkpoint } from '../../src/job/files/checkpoint.js';
import type { Lease } from '../../src/job/lock/lease.js';
import type { LedgerStatus } from '../../src/ledger/status.js';
import type { StoredJob } from '../../src/status/job-state.js';

const hourMs = 3_600_000;
const nowMs = Date.UTC(2026, 10, 23, 13, 0);

const ledger: LedgerStatus = {
  clientCode: 'acme',
  isLoopback: false,
  kind: 'update',
  limit: 1_000_000,
  reserve: 10_000,
  used: 412_357,
  left: 577_643,
  nextFreeAtMs: nowMs + hourMs,
  next1000FreeAtMs: nowMs + hourMs + 600_000,
  allFreeAtMs: nowMs + 23 * hourMs,
  hours: Array.from({ length: 24 }, (_, hour) => ({
    fromMs: nowMs - (24 - hour) * hourMs,
    used: hour < 22 ? 0 : 206_178,
  })),
};

const lease: Lease = {
  runId: 'a-run',
  holder: { host: 'web1', pid: 4711, pidNamespace: null, startedAt: null },
  bootId: null,
  sinceMs: nowMs - hourMs,
  renewedAtMs: nowMs,
  uptimeMs: 0,
  hold: null,
};
const held = lockOf(lease, true);

function lockOf(one: Lease, isHeld: boolean): StoredJob['lock'] {
  return { found: { text: '', lease: one, identity: '1:2', modifiedMs: nowMs }, isHeld };
}

/** A quarter of a file, an hour after it was started. */
const checkpoint: Checkpoint = {
  schema: 3,
  job: {
    clientCode: 'acme',
    endpoint: 'https://acme.tt.omtrdc.net',
    idColumn: null,
    idType: 'thirdPartyId',
    values: 'encoded',
    plus: null,
    delimiter: ',',
    encoding: 'utf-8',
    trim: false,
    only: [],
    skip: [],
    rename: [],
    nullWords: [],
  },
  runId: 'a-run',
  startedAtMs: nowMs - hourMs,
  updatedAtMs: nowMs,
  state: 'open',
  exitStatus: null,
  file: {
    name: 'loyalty.csv',
    sizeBytes: 400_000,
    modifiedNs: '0',
    identity: '1:1',
    isCompressed: false,
    sha256: null,
    fingerprint: { bytes: 300_000, digest: '', blockCount: 0, chain: '' },
  },
  next: { rowNumber: 1001, lineNumber: 1002, byte: 100_000 },
  results: { fromByte: 0, endByte: 0 },
  counts: { submitted: 990, skipped: 0, unchanged: 0, invalid: 4, refused: 3, failed: 3, superseded: 0 },
  totalRows: null,
  readRowCount: 1900, // read ahead: what was read says nothing of what is done
  attempts: 1000,
  routes: { update: 1000, delivery: 0 },
  reasons: [],
  hints: { hints: [], idLengths: [] },
  openRows: [],
  lateUnits: 0,
  lateDeliveryUnits: 0,
  updates: { toRow: 1, lastAtMs: null, lastUptime: null },
  move: null,
};

/** As `status` reads it: a run has the job, unless `lock` says otherwise. */
function jobStatus(
  file: string,
  one: Checkpoint | null,
  ledgers: readonly LedgerStatus[],
  _nowMs = nowMs,
  isLoopback = false,
  stored: Partial<StoredJob> = { lock: held },
): JobStatus {
  const options = { ledgers, nowMs, isLoopback, commandFor: () => 'profile-drip send loyalty.csv' };
  return statusOf(file, { checkpoint: one, lastEnd: null, lock: null, ...stored }, options);
}

describe('how far a job is', () => {
  it('is its share by bytes, and when it ends at the pace so far', () => {
    expect(jobStatus('loyalty.csv', checkpoint, [ledger], nowMs, false)).toMatchObject({
      file: 'loyalty.csv',
      complete: false,
      rows: { total: null, ...checkpoint.counts },
      share: 0.25,
      updatedAtMs: nowMs,
      endsAtMs: nowMs + 3 * hourMs,
    });
  });

  it('waits for the cap of its own client code', () => {
    const nearlyUsed = { ...ledger, limit: 20_000, used: 10_000, left: 0, nextFreeAtMs: nowMs + 2 * hourMs };
    const endsAtMs = (one: LedgerStatus) => jobStatus('loyalty.csv', checkpoint, [one], nowMs, false).endsAtMs;
    expect(endsAtMs(nearlyUsed)).toBe(nowMs + 5 * hourMs);
    expect(endsAtMs({ ...nearlyUsed, isLoopback: true })).toBe(nowMs + 3 * hourMs);
    expect(endsAtMs({ ...nearlyUsed, clientCode: 'other' })).toBe(nowMs + 3 * hourMs);
  });

  it('is known of a compressed file only by its rows', () => {
    const compressed = { ...checkpoint, file: { ...checkpoint.file, isCompressed: true } };
    expect(jobStatus('a.gz', compressed, [], nowMs, false)).toMatchObject({ share: null, endsAtMs: null });
  });

  it('has no end in sight once it is done, or before it has started', () => {
    const done = { ...checkpoint, state: 'complete' as const, totalRows: 1000 };
    expect(jobStatus('a.csv', done, [ledger], nowMs, false, {})).toMatchObject({
      complete: true,
      share: 1,
      endsAtMs: null,
    });
    expect(jobStatus('a.csv', null, [ledger], nowMs, false)).toMatchObject({
      complete: false,
      rows: null,
      updatedAtMs: null,
    });
  });
});

describe('how a job stands', () => {
  const end = { runId: 'a-run', file: 'loyalty.csv', endedAtMs: nowMs - 60_000, complete: false };
  const capUsed = { code: 'cap-used', message: 'the cap is used up' };
  const lastEnd = { ...end, exitStatus: 4, error: capUsed } as const;
  const of = (stored: Partial<StoredJob>, one: Checkpoint | null = checkpoint) =>
    jobStatus('loyalty.csv', one, [ledger], nowMs, false, stored);

  it('is waiting, for what its run says in its lock, and has a forecast', () => {
    const hold = { cause: 'cap', sinceMs: nowMs - 1000, untilMs: nowMs + hourMs };
    expect(of({ lock: lockOf({ ...lease, hold }, true), lastEnd })).toMatchObject({
      state: 'waiting',
      cause: 'cap',
      sinceMs: nowMs - 1000,
      untilMs: nowMs + hourMs,
      holder: 'process 4711 on web1',
      endsAtMs: nowMs + 4 * hourMs,
      command: null,
    });
  });

  it('is stopped by what its last run said, with a command and without a forecast', () => {
    expect(of({ lastEnd })).toMatchObject({
      state: 'stopped',
      cause: 'cap-used',
      exitStatus: 4,
      error: capUsed,
      sinceMs: nowMs - 60_000,
      holder: null,
      endsAtMs: null,
      command: 'profile-drip send loyalty.csv',
    });
  });

  it('is interrupted where its run could not say why: no summary, an older one, or a lock left by a killed run', () => {
    const killed = { state: 'interrupted', exitStatus: null, error: null, endsAtMs: null };
    expect(of({})).toMatchObject({ ...killed, sinceMs: nowMs });
    expect(of({ lastEnd: { ...lastEnd, runId: 'an earlier one' } })).toMatchObject(killed);
    expect(of({ lastEnd, lock: lockOf({ ...lease, runId: 'a later one' }, false) })).toMatchObject(killed);
  });

  it('is interrupted by a signal, and stopped by a disk that took the summary alone', () => {
    const error = { code: 'interrupted', message: 'ended by SIGTERM' };
    expect(of({ lastEnd: { ...lastEnd, exitStatus: 143, error } })).toMatchObject({ state: 'interrupted', error });
    const later = { ...lastEnd, runId: 'another', endedAtMs: nowMs + 1, exitStatus: 6 } as const;
    expect(of({ lastEnd: later })).toMatchObject({ state: 'stopped', exitStatus: 6 });
  });

  it('is done with its status, or replaced by a later job', () => {
    const done = { ...checkpoint, state: 'complete', exitStatus: 1 } as const;
    expect(of({}, done)).toMatchObject({ state: 'done', exitStatus: 1, command: null, endsAtMs: null });
    expect(of({}, { ...checkpoint, state: 'closed' })).toMatchObject({ state: 'done', cause: 'superseded' });
  });
});

describe('status', () => {
  const options = { screen: { hasColor: false, isUtf8: true }, nowMs, place: '/state', timeZone: 'Europe/Berlin' };

  it('shows the cap with a picture of its last 24 hours, and when more comes free', () => {
    expect(statusText([ledger, { ...ledger, isLoopback: true, used: 5, reserve: 0 }], [], [], options)).toBe(
      [
        'acme',
        '  412,357 of 1,000,000 updates used in the last 24 hours, 577,643 left, 10,000 kept for others',
        '  24 h ago |······················██| now',
        '  more comes free at 15:00 CET, 1,000 at 15:10 CET, all of it at 2026-11-24 13:00 CET',
        '',
        'acme (loopback endpoints: a cap of their own)',
        '  5 of 1,000,000 updates used in the last 24 hours, 577,643 left',
        '  24 h ago |······················██| now',
        '  more comes free at 15:00 CET, all of it at 2026-11-24 13:00 CET',
        '',
      ].join('\n'),
    );
  });

  it('shows each job in a line', () => {
    const jobs = [
      jobStatus('loyalty.csv', checkpoint, [ledger], nowMs, false),
      jobStatus('done.csv', { ...checkpoint, state: 'complete', exitStatus: 1 }, [], nowMs, false, {}),
      jobStatus('new.csv', null, [ledger], nowMs, false, {}),
    ];
    expect(statusText([], jobs, [], options).split('\n')).toEqual([
      'loyalty.csv: running since 13:00 CET by process 4711 on web1: 25 % done, 1,000 rows, 990 submitted, 10 did not go through; done by 17:00 CET at the pace so far',
      'done.csv: done at 14:00 CET, status 1: 1,000 rows, 990 submitted, 10 did not go through',
      'new.csv: no job has started on it',
      '',
      'No updates are counted in /state',
      '',
    ]);
  });

  it('is told as data under stable names', () => {
    const shown = statusObject([ledger], [jobStatus('loyalty.csv', checkpoint, [ledger], nowMs, false)], []);
    expect(shown.ledgers[0]).toMatchObject({
      client_code: 'acme',
      kind: 'update',
      loopback: false,
      limit: 1_000_000,
      reserve: 10_000,
      used: 412_357,
      left: 577_643,
      next_free_at: '2026-11-23T14:00:00.000Z',
      all_free_at: '2026-11-24T12:00:00.000Z',
    });
    expect(shown.ledgers[0]?.hours).toHaveLength(24);
    expect(shown.ledgers[0]?.hours[23]).toEqual({ from: '2026-11-23T12:00:00.000Z', used: 206_178 });
    expect(Object.keys(shown.jobs[0] ?? {})).toEqual([
      'file',
      'state',
      'holder',
      'since',
      'until',
      'cause',
      'exit_status',
      'error',
      'command',
      'complete',
      'rows',
      'updated_at',
      'ends_at',
    ]);
  });
});
