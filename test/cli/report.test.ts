import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Host } from '../../src/commands/line/call.js';
import { Output } from '../../src/commands/line/output.js';
import { main } from '../../src/commands/main.js';
import { row, writeJob } from '../report/support/job-on-disk.js';
import { movedClock, temporaryFolder } from '../support/index.js';
import { fakeScreen } from '../terminal/support/fake-screen.js';

async function profileDrip(...args: string[]) {
  const stdout = fakeScreen();
  const stderr = fakeScreen();
  const host: Host = {
    surroundings: { environment: {}, homeDir: await temporaryFolder() },
    stdout,
    stderr,
    output: new Output(stdout, stderr),
    clock: movedClock(),
    files: {
      readText: (path) => readFile(path, 'utf8'),
      stat: async () => ({ mode: 0o600, isRegularFile: true, mayOthersWrite: false }),
    },
    watchSignals: () => new AbortController().signal,
  };
  const status = await main(args, host);
  return { status, stdout: stdout.written(), stderr: stderr.written() };
}

const failed = { status: 'failed', attempts: 6, httpStatus: 503, reason: { code: 'unavailable', text: null } } as const;

describe('profile-drip report', () => {
  it('says where the page is, its path alone on standard output, and what it is about', async () => {
    const files = await writeJob({ results: [row(1), row(2, failed)] });
    const { status, stdout, stderr } = await profileDrip('report', join(files.folder, 'drop.csv'));
    expect(status).toBe(0);
    expect(stdout).toBe(`${files.report}\n`);
    expect(stderr).toMatch(/^A page of [\d.]+ kB on 2 rows, 1 row not sent: open it in a browser\.\n$/);
    expect(await readFile(files.report, 'utf8')).toMatch(/^<!doctype html>/);
  });

  it('finds a job that was sent with --out and --name by the same options', async () => {
    const files = await writeJob({ results: [row(1)], stem: 'night' });
    const { stdout } = await profileDrip('report', 'drop.csv', '--out', files.folder, '--name', 'night');
    expect(stdout).toBe(`${files.report}\n`);
  });

  it('gives the same as one object with --json', async () => {
    const files = await writeJob({ results: [row(1), row(2, failed)] });
    const { stdout } = await profileDrip('report', '--json', join(files.folder, 'drop.csv'));
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 1,
      exit_status: 0,
      error: null,
      reports: [{ report: files.report, rows: 2, not_through: 1, unread_bytes: 0 }],
    });
  });

  it('makes one page on all jobs of a folder, and takes neither --out nor --name for it', async () => {
    const files = await writeJob({ results: [row(1)] });
    const page = join(files.folder, 'profile-drip.report.html');
    const { status, stdout, stderr } = await profileDrip('report', files.folder, '--days', '3650');
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${page}\n` });
    expect(stderr).toMatch(/^A page of [\d.]+ kB on 1 job: open it in a browser\.\n$/);
    const { stdout: json } = await profileDrip('report', files.folder, '--json');
    expect(JSON.parse(json)).toMatchObject({ schema: 1, exit_status: 0, reports: [{ report: page, failures: 0 }] });
    expect(await profileDrip('report', files.folder, '--name', 'x')).toMatchObject({ status: 2, stdout: '' });
  });

  it('ends with status 2 and says what to do where there are no results', async () => {
    const files = await writeJob({ results: [row(1)] });
    await rm(files.results);
    const { status, stdout, stderr } = await profileDrip('report', join(files.folder, 'drop.csv'), '--json');
    expect(status).toBe(2);
    expect(stderr).toContain('Send the file first');
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'results-missing' }, reports: [] });
  });

  it('needs one FILE, and takes no second', async () => {
    expect(await profileDrip('report')).toMatchObject({ status: 2, stdout: '' });
    expect(await profileDrip('report', 'a.csv', 'b.csv')).toMatchObject({ status: 2, stdout: '' });
  });
});
