import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Output } from '../../src/commands/line/output.js';
import { systemClock } from '../../src/platform/clock.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.js';
import { atEndOfFile, temporaryFolder } from '../support/index.js';
import { fakeScreen } from '../terminal/support/fake-screen.js';
import { ended, runProgram, startProgram } from './support/run-program.js';

/** What cron mails: nothing of a good night, everything of another. */

const header = 'batch=thirdPartyId,a\n';

let sandbox: Sandbox;

beforeAll(async () => {
  const options = { knownOnly: false, cap: null, token: null, latencyMs: 0, errorRate: 0, seed: 0 };
  sandbox = await startSandbox({ port: 0, ...options, clock: systemClock });
  atEndOfFile(() => sandbox.close());
});

async function world(files: Readonly<Record<string, string>>) {
  const folder = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const target = ['--client-code', 'acme', '--endpoint', sandbox.url, '--state-dir', 'state'];
  return { folder, target, run: (...args: string[]) => runProgram(args, { folder }) };
}

describe('--quiet', () => {
  it('prints nothing at 0, and with --json the result alone', async () => {
    const { run, target } = await world({ 'a.csv': `${header}1,x\n` });
    expect(await run('send', 'a.csv', ...target, '--quiet')).toEqual({ status: 0, stdout: '', stderr: '' });
    const { status, stdout, stderr } = await run('send', 'a.csv', ...target, '--quiet', '--json', '--restart');
    expect([status, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ exit_status: 0, jobs: [{ complete: true }] });
  });

  it('prints at 1 all that was withheld: the log, the notices and the summary', async () => {
    const { run, target } = await world({ 'a.csv': `${header}1,x\n,x\n` });
    const { status, stdout, stderr } = await run('send', 'a.csv', ...target, '--quiet');
    expect(status).toBe(1);
    expect(stdout).toContain('but 1 of 2 rows did not go through');
    expect(stderr).toMatch(
      /event=notice code=ledger-new[\s\S]*level=warning event=ended .*outcome=rejected exit_status=1/,
    );
  });

  it('prints the error of a call that could not begin', async () => {
    const { run, target } = await world({});
    const { status, stderr } = await run('send', 'none.csv', ...target, '-q');
    expect(status).toBe(2);
    expect(stderr).toContain('none.csv');
  });

  it('prints nothing at 75, whether a job or a drop folder is taken', async () => {
    const rows = Array.from({ length: 200 }, (_, row) => `${row},x\n`).join('');
    const { run, target, folder } = await world({ 'a.csv': header + rows });
    mkdirSync(join(folder, 'in'));
    const first = startProgram(['drop', 'in', ...target, '--watch', '--progress', 'none'], { folder });
    const second = startProgram(['send', 'a.csv', ...target, '--rate', '1', '--progress', 'none'], { folder });
    const both = [ended(first), ended(second)];
    const isTaken = async (...args: string[]) =>
      (await run(...args, ...target, '--quiet', '--max-duration', '1')).status;
    await expect.poll(() => isTaken('drop', 'in'), { timeout: 10_000, interval: 200 }).toBe(75);
    expect(await run('drop', 'in', ...target, '--quiet')).toEqual({ status: 75, stdout: '', stderr: '' });
    expect(await run('send', 'a.csv', ...target, '--quiet')).toEqual({ status: 75, stdout: '', stderr: '' });
    first.kill('SIGTERM');
    second.kill('SIGTERM');
    await Promise.all(both);
  }, 30_000);

  it('keeps the last 1 MB in its order, and says that more was there', () => {
    const [stdout, stderr] = [fakeScreen(), fakeScreen()];
    const output = new Output(stdout, stderr);
    output.set({ quiet: 'withhold', isJson: false, logFormat: 'text' });
    for (let line = 0; line < 12; line += 1) output.stderr.write(`${line} ${'x'.repeat(100_000)}\n`);
    output.stdout.write('summary\n');
    expect([stdout.written(), stderr.written()]).toEqual(['', '']);
    output.finish(3);
    expect(stdout.written()).toBe('summary\n');
    expect(stderr.written()).toMatch(/^\(--quiet: earlier lines were left out/);
    expect(stderr.written()).toContain('\n11 xxx');
    expect(stderr.written()).not.toContain('\n2 xxx');
    expect(stderr.written().length).toBeLessThan(1_001_000);
  });
});

describe('--log-format json', () => {
  it('makes each line on standard error one JSON object: log, notices, the error and how to resume', async () => {
    const { run, target } = await world({ 'a.csv': `${header}1,x\n2,x\n` });
    const options = ['--log-format', 'json', '--daily-cap', '1', '--on-cap', 'stop'];
    const { status, stderr } = await run('send', 'a.csv', ...target, ...options);
    expect(status).toBe(4);
    const lines = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const events = lines.map(({ level, event }) => `${level} ${event}`);
    expect(events).toContain('info started');
    expect(events.slice(-3)).toEqual(['error ended', 'error error', 'info resume']);
    expect(lines.at(-2)).toMatchObject({ code: 'cap-used' });
    expect(lines.at(-1).command).toMatch(/^profile-drip send /);
  });

  it('holds for an error before anything began', async () => {
    const { run } = await world({});
    const { status, stderr } = await run('send', 'a.csv', '--log-format', 'json');
    expect(status).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ level: 'error', event: 'error', code: 'client-code-missing' });
  });
});
