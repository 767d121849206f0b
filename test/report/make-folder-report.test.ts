import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Checkpoint, formatCheckpoint } from '../../src/job/files/checkpoint.js';
import { isJobFile, jobFilesIn } from '../../src/job/files/job-files.js';
import { formatLease } from '../../src/job/lock/lease.js';
import { systemBootClock } from '../../src/platform/clock.js';
import { systemProcessProbe } from '../../src/platform/process-probe.js';
import { makeFolderReport } from '../../src/report/make-folder-report.js';
import { temporaryFolder } from '../support/index.js';
import { checkpoint, startMs, viewerAt } from './support/job-on-disk.js';

const dayMs = 86_400_000;
/** 2026-01-30 21:00 in Berlin. */
const nowMs = startMs;

async function putJob(folder: string, stem: string, updatedAtMs: number, other: Partial<Checkpoint> = {}) {
  await mkdir(folder, { recursive: true });
  const counts = { submitted: 90, skipped: 4, unchanged: 0, invalid: 0, refused: 0, failed: 0, superseded: 0 };
  const startedAtMs = updatedAtMs - 60_000;
  const found = checkpoint({ startedAtMs, updatedAtMs, attempts: 95, counts, ...other });
  await writeFile(jobFilesIn(folder, stem).checkpoint, formatCheckpoint(found));
}

function putSummary(folder: string, stem: string, endedAtMs: number, other: object = {}) {
  const cap = { limit: 1000, used: 700, left: 300, next_free_at: null };
  const summary = { run_id: 'run-1', ended_at: new Date(endedAtMs).toISOString(), cap, ...other };
  return writeFile(jobFilesIn(folder, stem).summary, JSON.stringify(summary));
}

async function reportOn(folder: string, dayCount = 7) {
  const request = { folder, dayCount, timeZone: 'Europe/Berlin', token: 'test-1' };
  const made = await makeFolderReport({ machine: viewerAt(nowMs), ...request });
  return { ...made, html: await readFile(made.path, 'utf8') };
}

/** A lock of this very process, last renewed so long ago. */
async function putLock(folder: string, stem: string, agoMs: number): Promise<void> {
  const lease = formatLease({
    runId: 'run-1',
    holder: systemProcessProbe.self(),
    bootId: systemBootClock.bootId(),
    sinceMs: nowMs - 60_000,
    renewedAtMs: nowMs - agoMs,
    uptimeMs: systemBootClock.uptimeMs() - agoMs,
    hold: null,
  });
  const { lock } = jobFilesIn(folder, stem);
  await writeFile(lock, lease);
  await utimes(lock, new Date(nowMs - agoMs), new Date(nowMs - agoMs));
}

const open = { state: 'open', exitStatus: null } as const;

describe('the report on a folder', () => {
  it('shows every job by day, newest first, with totals, and a day without a job', async () => {
    const folder = await temporaryFolder();
    await putJob(folder, 'monday.csv', nowMs - 3 * dayMs);
    await putJob(folder, 'thursday.csv', nowMs - dayMs);
    await putJob(folder, 'friday.csv', nowMs - 60_000);
    await putJob(folder, 'friday-2.csv', nowMs - 30_000);
    await putSummary(folder, 'friday.csv', nowMs - 60_000);
    const { figures, html } = await reportOn(folder);
    expect(figures.days.map(({ date, jobs }) => [date, jobs.map(({ name }) => name)])).toEqual([
      ['2026-01-30', ['friday-2.csv', 'friday.csv']],
      ['2026-01-29', ['thursday.csv']],
      ['2026-01-28', []],
      ['2026-01-27', ['monday.csv']],
    ]);
    expect(figures.total).toMatchObject({ attempts: 380, durationMs: 240_000, failureCount: 0 });
    expect(figures.total.rows).toMatchObject({ submitted: 360, skipped: 16 });
    expect(figures.days[0]?.cap.get('acmeretail')).toMatchObject({ used: 700, limit: 1000 });
    expect(html).toContain('All is well: 4 jobs done.');
    expect(html).toContain('70.0 %');
  });

  it('leaves out days before those that were asked for, but not what nobody has dealt with', async () => {
    const folder = await temporaryFolder();
    await putJob(folder, 'old-done.csv', nowMs - 9 * dayMs);
    await putJob(folder, 'old-open.csv', nowMs - 9 * dayMs, open);
    const { figures, html } = await reportOn(folder);
    expect(figures.days).toEqual([]);
    expect(figures.earlier.map(({ name }) => name)).toEqual(['old-open.csv']);
    expect(html).not.toContain('old-done.csv');
    expect((await reportOn(folder, 10)).figures.days.at(-1)?.jobs).toHaveLength(2);
  });

  it('reads a drop folder: jobs at work and the archive', async () => {
    const folder = await temporaryFolder();
    await putJob(join(folder, '.profile-drip'), 'now.csv', nowMs - 1_000, open);
    await putJob(join(folder, 'archive', '2026-01-30'), 'done.csv', nowMs - 120_000);
    await putJob(join(folder, 'archive', '2026-01-02'), 'long-ago.csv', nowMs - 28 * dayMs);
    const { figures, html } = await reportOn(folder, 60);
    const names = [...figures.total.jobs, ...figures.earlier].map(({ name }) => name);
    expect(new Set(names)).toEqual(new Set(['now.csv', 'done.csv', 'long-ago.csv']));
    expect(html).toContain(`profile-drip drop ${folder} --client-code acmeretail`);
  });

  it('tells why a file was put into failed/', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'failed'));
    const text = 'wrong.csv cannot be read\n\nWhy: the first column is "foo" <b>\nCode: header-id-column\n';
    await writeFile(join(folder, 'failed', 'wrong.csv.error.txt'), text);
    const machine = viewerAt(Date.now());
    const made = await makeFolderReport({ machine, folder, dayCount: 7, timeZone: 'UTC', token: 'test-1' });
    expect(made.figures.total.failureCount).toBe(1);
    const html = await readFile(made.path, 'utf8');
    expect(html).toContain(
      'the first column is &quot;foo&quot; &lt;b&gt; <code class="nowrap">header-id-column</code>',
    );
  });

  it('tells what stopped a job, and that another is running', async () => {
    const folder = await temporaryFolder();
    await putJob(folder, 'stopped.csv', nowMs - 60_000, open);
    await writeFile(join(folder, 'stopped.csv'), '');
    const error = { code: 'cap-used', message: 'the cap is used up' };
    await putSummary(folder, 'stopped.csv', nowMs - 60_000, { exit_status: 4, error });
    await putJob(folder, 'running.csv', nowMs - 1_000, open);
    await putLock(folder, 'running.csv', 0);
    const { html, figures } = await reportOn(folder);
    expect(figures.total.jobs.map(({ name, standing }) => [name, standing.kind])).toEqual([
      ['running.csv', 'running'],
      ['stopped.csv', 'stopped'],
    ]);
    expect(html).toContain('1 of 2 jobs needs attention. 1 job is running.');
    expect(html).toContain('the cap is used up <code class="nowrap">cap-used</code>');
    expect(html).toContain(`profile-drip send --client-code acmeretail ${join(folder, 'stopped.csv')}`);
  });

  it("counts a job that is dated tomorrow, because another machine's clock is ahead, as today's", async () => {
    const folder = await temporaryFolder();
    await putJob(folder, 'ahead.csv', nowMs + dayMs);
    expect((await reportOn(folder)).figures.days).toMatchObject([
      { date: '2026-01-30', jobs: [{ name: 'ahead.csv' }] },
    ]);
  });

  it('tells a killed run from a running one by its lease', async () => {
    const folder = await temporaryFolder();
    await putJob(folder, 'killed.csv', nowMs - 60_000, open);
    await putLock(folder, 'killed.csv', 31_000);
    await putJob(folder, 'alive.csv', nowMs - 60_000, open);
    await putLock(folder, 'alive.csv', 10_000);
    const { figures } = await reportOn(folder);
    expect(new Map(figures.total.jobs.map(({ name, standing }) => [name, standing.kind]))).toEqual(
      new Map([
        ['killed.csv', 'interrupted'],
        ['alive.csv', 'running'],
      ]),
    );
  });

  it('does not count rejected rows that --tolerate allows as a failure', async () => {
    const folder = await temporaryFolder();
    const counts = { ...checkpoint().counts, submitted: 99, refused: 1 };
    await putJob(folder, 'tolerated.csv', nowMs - 60_000, { counts, exitStatus: 0 });
    await putJob(folder, 'rejected.csv', nowMs - 60_000, { counts, exitStatus: 1 });
    expect((await reportOn(folder)).figures.total.failureCount).toBe(1);
  });

  it('is not an input of a drop folder, and runs no script', async () => {
    const { html } = await reportOn(await temporaryFolder());
    expect(isJobFile('profile-drip.report.html')).toBe(true);
    expect(html).toContain('No job in the last 7 days.');
    expect(html).not.toContain('<script');
    expect(html).toContain('script-src &#39;none&#39;');
  });
});
