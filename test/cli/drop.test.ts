import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/platform/clock.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.js';
import { atEndOfFile, temporaryFolder } from '../support/index.js';
import { ended, runProgram, startProgram } from './support/run-program.js';

/** The built program over a drop folder, as cron and systemd start it. */

const header = 'batch=thirdPartyId,city\n';

let sandbox: Sandbox;

beforeAll(async () => {
  const options = { knownOnly: false, cap: null, token: null, latencyMs: 0, errorRate: 0, seed: 0 };
  sandbox = await startSandbox({ port: 0, ...options, clock: systemClock });
  atEndOfFile(() => sandbox.close());
});

async function trial() {
  const folder = await temporaryFolder();
  mkdirSync(join(folder, 'in'));
  const put = (name: string, content: string) => {
    writeFileSync(join(folder, 'in', name), content);
    const anHourAgo = new Date(Date.now() - 3_600_000);
    utimesSync(join(folder, 'in', name), anHourAgo, anHourAgo);
  };
  const options = ['--client-code', 'acme', '--endpoint', sandbox.url, '--state-dir', 'state', '--settle', '0'];
  const args = ['drop', 'in', ...options];
  return { folder, put, args, run: (...rest: string[]) => runProgram([...args, ...rest], { folder }) };
}

describe('drop', () => {
  it('makes one pass, says the result of each file, and ends with the worst status', async () => {
    const { run, put, folder } = await trial();
    put('a.csv', `${header}1,Bern\n`);
    put('b.csv', `${header},x\n`);
    put('c.txt', `${header}2,x\n`);
    const { status, stdout } = await run('--json', '--match', '*.csv', '*.txt');
    expect(status).toBe(1);
    const { jobs, exit_status: inSummary, error } = JSON.parse(stdout);
    expect([inSummary, error]).toEqual([1, null]);
    expect(jobs.map((job: { file: string }) => job.file)).toEqual(['in/a.csv', 'in/b.csv', 'in/c.txt']);
    for (const { files } of jobs) expect(existsSync(join(folder, files.results))).toBe(true);
    expect(sandbox.profile('thirdPartyId', '1', 'acme')).toEqual({ city: 'Bern' });
  });

  it('names the command that sends the rejects', async () => {
    const { run, put } = await trial();
    put('a.csv', `${header}1,Bern\n,x\n`);
    const { stdout } = await run('--match', '*.csv');
    expect(stdout).toMatch(/\n {2}profile-drip send --client-code acme .* in\/archive\/[\d-]+\/a\.csv\.rejects\.csv\n/);
    expect(stdout).not.toMatch(/--match|--settle/);
  });

  it('says on its last lines how many were put into failed/, and ends with 2', async () => {
    const { run, put } = await trial();
    put('a.csv', `${header}1,Bern\n`);
    put('b.csv', 'no header of ours\n1\n');
    put(`${'x'.repeat(236)}.csv`, `${header}1,Bern\n`);
    const { status, stdout } = await run();
    expect(status).toBe(2);
    expect(stdout).toMatch(
      /\n2 put into failed\/: in\/failed\/b\.csv and 1 more; the \.error\.txt beside each says why\n$/,
    );
  });

  it('over an empty folder ends with 0 and one line', async () => {
    const { status, stdout, stderr } = await (await trial()).run();
    expect([status, stdout]).toEqual([0, '']);
    expect(stderr.trimEnd().split('\n')).toEqual([expect.stringContaining('nothing there to send')]);
  });

  it.each([
    [['--out', 'x'], /no option "--out"/],
    [['--name', 'x'], /no option "--name"/],
    [['--match', 'in/*.csv'], /--match: expected names/],
    [['gone'], /found also "gone"/],
  ])('refuses %j', async (rest, message) => {
    const { status, stderr } = await (await trial()).run(...rest);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('says how to resume after a stop, with patterns that do not take the folder as one more pattern', async () => {
    const { args, put, folder } = await trial();
    put('a.csv', `${header}1,x\n`);
    const away = args.map((arg) => (arg === sandbox.url ? 'http://127.0.0.1:9' : arg));
    const { status, stderr } = await runProgram(
      [...away, '--match', '*.csv', '*.gz', '--give-up', '0', '--max-duration', '5'],
      { folder },
    );
    expect([3, 7]).toContain(status);
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(
      /^Resume with: {2}profile-drip drop .*'\*\.csv\|\*\.gz'.* -- in$/,
    );
    expect(readdirSync(join(folder, 'in'))).toContain('a.csv');
  });
});

describe('drop --watch', () => {
  it('takes what arrives, says so at once, and ends in good order with 143 at SIGTERM', async () => {
    const { args, put, folder } = await trial();
    put('a.csv', `${header}a,x\n`);
    const child = startProgram([...args, '--watch'], { folder });
    const end = ended(child);
    let shown = '';
    child.stdout?.on('data', (text: string) => {
      const before = shown;
      shown += text;
      if (!before.includes('a.csv: done') && shown.includes('a.csv: done')) put('b.csv', `${header}b,y\n`);
      if (shown.includes('b.csv: done')) child.kill('SIGTERM');
    });
    const { status, stdout, stderr } = await end;
    expect(status).toBe(143);
    expect(stdout.match(/done, all 1 row/g)).toHaveLength(2);
    expect(stderr).toContain('ended by SIGTERM');
    expect(existsSync(join(folder, 'in', '.profile-drip', '.drop.lock'))).toBe(false);
    expect(sandbox.profile('thirdPartyId', 'b', 'acme')).toEqual({ city: 'y' });
  });

  it('with --json prints a line for each job as it ends, and the call at its end', async () => {
    const { args, put, folder } = await trial();
    put('a.csv', `${header}a,x\n`);
    const child = startProgram([...args, '--watch', '--json'], { folder });
    const end = ended(child);
    let shown = '';
    child.stdout?.on('data', (text: string) => {
      shown += text;
      const lineCount = shown.split('\n').length - 1;
      if (lineCount === 1 && !existsSync(join(folder, 'in', 'b.csv'))) put('b.csv', `${header}b,y\n`);
      if (lineCount === 2) child.kill('SIGTERM');
    });
    const { status, stdout } = await end;
    expect(status).toBe(143);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ jobs: [job] }) => job?.file)).toEqual(['in/a.csv', 'in/b.csv', undefined]);
    expect(lines[0]).toMatchObject({ exit_status: 0, jobs: [{ complete: true, rows: { submitted: 1 } }] });
    expect(lines[2]).toMatchObject({ schema: 1, exit_status: 143, jobs: [] });
  });
});
