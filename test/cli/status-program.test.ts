import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/platform/clock.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.js';
import { atEndOfFile, temporaryFolder } from '../support/index.js';
import { type Run, runProgram, startProgram } from './support/run-program.js';

/** `status` beside real runs of the built program. */

const rows = Array.from({ length: 40 }, (_, row) => `v${row},x\n`).join('');
const csv = `batch=thirdPartyId,a\n${rows}`;

let sandbox: Sandbox;

beforeAll(async () => {
  const options = { knownOnly: false, cap: 10, token: null, latencyMs: 0, errorRate: 0, seed: 0 };
  sandbox = await startSandbox({ port: 0, ...options, clock: systemClock });
  atEndOfFile(() => sandbox.close());
});

async function world() {
  const folder = await temporaryFolder();
  writeFileSync(join(folder, 'a.csv'), csv);
  const send = ['send', '--client-code', 'acme', '--endpoint', sandbox.url, '--state-dir', 'state', 'a.csv'];
  const run = (...args: string[]): Promise<Run> => runProgram(args, { folder });
  const jobs = async (...args: string[]) => {
    const { stdout } = await run('status', '--json', '--state-dir', 'state', ...args);
    return JSON.parse(stdout);
  };
  return { folder, send, run, jobs };
}

describe('status beside a real run', () => {
  it('says who waits for what and since when; then that the run was killed, with a command that resumes', async () => {
    const { folder, send, jobs, run } = await world();
    const child = startProgram([...send, '--daily-cap', '5', '--progress', 'log'], { folder });
    let log = '';
    await new Promise<void>((resolve) => {
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        log += text;
        if (log.includes('event=hold')) resolve();
      });
    });
    await expect.poll(async () => (await jobs('a.csv')).jobs[0].state, { timeout: 10_000 }).toBe('waiting');
    const [waiting] = (await jobs('a.csv')).jobs;
    expect(waiting).toMatchObject({ cause: 'cap', command: null, complete: false });
    expect(waiting.holder).toMatch(new RegExp(`^process ${child.pid} on `));
    expect(Date.parse(waiting.until)).toBeGreaterThan(Date.parse(waiting.since));

    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    const [killed] = (await jobs('a.csv')).jobs;
    expect(killed).toMatchObject({ state: 'interrupted', ends_at: null, holder: null, exit_status: null });
    expect(killed.command).toMatch(
      /^profile-drip send --client-code acme --endpoint http:.* --state-dir state a\.csv$/,
    );
    const words = killed.command.split(' ').slice(1);
    const resumed = await run(...words, '--daily-cap', '5', '--on-cap', 'stop', '--progress', 'none', '--json');
    expect(JSON.parse(resumed.stdout)).toMatchObject({ exit_status: 4, jobs: [{ rows: { submitted: 5 } }] });

    const [stopped] = (await jobs('a.csv')).jobs;
    expect(stopped).toMatchObject({ state: 'stopped', cause: 'cap-used', exit_status: 4, ends_at: null });
    expect(stopped.error.message).toContain('the cap is used up');
    const { stdout } = await run('status', '--state-dir', 'state', 'a.csv');
    expect(stdout).toMatch(/^a\.csv: stopped since .* \(cap-used, status 4\): .*\n {4}why: the cap is used up/);
    expect(stdout).not.toContain('at the pace so far');
  });

  it('shows a drop folder by day: what is archived, what failed, and what stopped with its command', async () => {
    const { folder, jobs, run } = await world();
    const header = 'batch=thirdPartyId,a\n';
    const drop = ['drop', '.', '--client-code', 'acme', '--endpoint', sandbox.url, '--state-dir', 'state'];
    const options = ['--settle', '0', '--progress', 'none', '--daily-cap', '1', '--on-cap', 'stop'];
    writeFileSync(join(folder, '0.csv'), `${header}one,x\n`);
    writeFileSync(join(folder, '1.csv'), 'a;b\n1;2\n');
    expect((await run(...drop, ...options)).status).toBe(2);
    const { jobs: found, folders } = await jobs('.');
    expect(readdirSync(join(folder, 'failed'))).toContain('1.csv.error.txt');
    const by = new Map(found.map((job: { file: string }) => [job.file.replace(/\d{4}-\d\d-\d\d/, 'DAY'), job]));
    expect(by.get('archive/DAY/0.csv')).toMatchObject({ state: 'done', exit_status: 0 });
    expect(by.get('failed/1.csv')).toMatchObject({ state: 'stopped', exit_status: 2, rows: null });
    expect(by.get('a.csv')).toMatchObject({ state: 'stopped', cause: 'cap-used' });
    expect(by.get('a.csv')).toHaveProperty(
      'command',
      expect.stringMatching(/^profile-drip drop \. --client-code acme /),
    );
    expect(folders[0].totals).toMatchObject({ jobs: 3, done: 1, stopped: 2, at_work: 0, submitted: 1 });
    expect(folders[0].by_day).toHaveLength(1);
  });

  it('of a folder leaves out what was done before --days, and never what is not done', async () => {
    const { folder, send, jobs, run } = await world();
    writeFileSync(join(folder, 'b.csv'), 'batch=thirdPartyId,a\nb,x\n');
    expect((await run(...send.slice(0, -1), 'b.csv', '--progress', 'none')).status).toBe(0);
    const summary = join(folder, 'b.csv.summary.json');
    const text = readFileSync(summary, 'utf8');
    expect((await jobs('.', '--days', '1')).jobs).toHaveLength(1);
    writeFileSync(summary, text.replace(/"ended_at": "\d{4}/, '"ended_at": "2020'));
    expect((await jobs('.', '--days', '1')).jobs).toHaveLength(0);
    await run(...send, '--daily-cap', '1', '--on-cap', 'stop', '--progress', 'none');
    const late = join(folder, 'a.csv.summary.json');
    writeFileSync(late, readFileSync(late, 'utf8').replace(/"ended_at": "\d{4}/, '"ended_at": "2020'));
    expect((await jobs('.', '--days', '1')).jobs).toMatchObject([{ file: 'a.csv', state: 'stopped' }]);
  });
});
