import { execFile } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/platform/clock.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.js';
import { atEndOfFile, listen, temporaryFolder } from '../support/index.js';
import { ended, programPath, runProgram, startProgram } from './support/run-program.js';

/** The built program against a real server: what a person, cron and a pipeline see of it. */

const header = 'batch=thirdPartyId,city,note\n';
const fiveRows = `${header}1,Z%C3%BCrich,a\n2,Bern,\n3,,\n,Basel,b\n5,Genf,100%\n`;

function manyRows(count: number): string {
  return header + Array.from({ length: count }, (_, index) => `v${index},city,note\n`).join('');
}

let sandbox: Sandbox;

beforeAll(async () => {
  const options = { knownOnly: false, cap: null, token: null, latencyMs: 0, errorRate: 0, seed: 0 };
  sandbox = await startSandbox({ port: 0, ...options, clock: systemClock });
  atEndOfFile(() => sandbox.close());
});

/** A folder with files in it, and the options that every call here has. */
async function trial(files: Readonly<Record<string, string>>) {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const args = ['--client-code', 'acme', '--endpoint', sandbox.url, '--state-dir', join(folder, 'state')];
  return {
    folder,
    args,
    run: (...rest: string[]) => runProgram(['send', ...args, ...rest], { folder }),
    read: (name: string) => readFileSync(join(folder, name), 'utf8'),
  };
}

describe('send', () => {
  it('sends a file, says the result, and ends with 1 where rows did not go through', async () => {
    const { run, read } = await trial({ 'five.csv': fiveRows });
    const { status, stdout, stderr } = await run('five.csv');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^five\.csv: done, but 2 of 5 rows did not go through/);
    expect(stdout).toMatch(/1 {2}percent-broken {2}row 5, line 6/);
    expect(stdout).toContain(`Correct the rejects, then send them:\n  profile-drip send --client-code acme --endpoint`);
    expect(read('five.csv.rejects.csv')).toBe(`${header},Basel,b\n5,Genf,100%\n`);
    expect(stderr).toMatch(/ level=info event=started file=five\.csv/);
    expect(stderr).toMatch(/ level=warning event=ended file=five\.csv .*submitted=2 not_submitted=2 nothing_to_send=1/);
    expect(sandbox.profile('thirdPartyId', '1', 'acme')).toEqual({ city: 'Zürich', note: 'a' });
  });

  it('with --json says it all in one object', async () => {
    const { run } = await trial({ 'five.csv': fiveRows });
    const { status, stdout } = await run('--json', '--progress', 'none', 'five.csv');
    const summary = JSON.parse(stdout);
    expect(summary).toMatchObject({ schema: 1, exit_status: status, error: null });
    expect(summary.jobs[0].rows).toMatchObject({ total: 5, submitted: 2, skipped: 1, invalid: 2 });
  });

  it('gives several files their turn, a bad one among them, with the status of the worst', async () => {
    const { run } = await trial({
      'a.csv': `${header}1,x,\n`,
      'b.csv': 'no header of ours\n1\n',
      'c.csv': `${header}2,x,\n`,
    });
    const { status, stdout, stderr } = await run('--json', 'a.csv', 'b.csv', 'gone.csv', 'c.csv');
    expect(status).toBe(2);
    const { jobs, error } = JSON.parse(stdout);
    expect(jobs.filter((job: { complete: boolean }) => job.complete).map((job: { file: string }) => job.file)).toEqual([
      'a.csv',
      'c.csv',
    ]);
    expect(error.message).not.toBe('');
    expect(stderr).toContain('b.csv');
    expect(stderr).toContain('gone.csv');
  });

  it('passes over the job files of another file, as a glob hands them in', async () => {
    const { run, folder } = await trial({ 'a.csv': `${header}1,x,\n` });
    expect((await run('a.csv')).status).toBe(0);
    const { status, stderr } = await run(...readdirSync(folder).filter((name) => name.startsWith('a.csv')));
    expect(status).toBe(0);
    expect(stderr).toMatch(/a\.csv\.results\.csv.*passed over/);
  });

  it.each([
    [['-'], /--name/],
    [['--name', 'x', 'a.csv', 'b.csv'], /--name/],
    [[''], /empty name/],
  ])('refuses %j before anything is sent', async (rest, message) => {
    const { run, folder } = await trial({ 'a.csv': fiveRows, 'b.csv': fiveRows });
    const { status, stderr } = await run(...rest);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(readdirSync(folder).sort()).toEqual(['a.csv', 'b.csv']);
  });

  it('takes standard input under a name', async () => {
    const { args, folder } = await trial({});
    const { status } = await runProgram(['send', ...args, '--name', 'piped', '-'], {
      folder,
      input: `${header}7,x,\n`,
    });
    expect(status).toBe(0);
    expect(existsSync(join(folder, 'piped.results.csv'))).toBe(true);
  });

  it('with --changed-only skips of a large file, which is cut in a thread of its own, just what has not changed', async () => {
    const filler = 'x'.repeat(1_000);
    const kinds = ['same', 'changed', 'no values', 'broken', 'same'];
    const night = (word: string) =>
      header +
      Array.from({ length: 1_500 }, (_, index) => {
        const kind = kinds[index % kinds.length];
        const note = { same: filler, changed: `${word}${filler}`, 'no values': '', broken: `%${filler}` }[kind ?? ''];
        return `changing-${index},${kind === 'no values' ? '' : index},${note}\n`;
      }).join('');
    const { run, read } = await trial({ 'one.csv': night('one'), 'two.csv': night('two') });
    const statuses = (file: string) =>
      read(`${file}.results.csv`)
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) => line.split(','))
        .sort(([one], [other]) => Number(one) - Number(other))
        .map(([, , id, status]) => `${id} ${status}`);
    const expected = (ends: readonly string[]) =>
      Array.from({ length: 1_500 }, (_, index) => `changing-${index} ${ends[index % ends.length]}`);
    expect((await run('--changed-only', '--rate', '0', 'one.csv')).status).toBe(1);
    expect(statuses('one.csv')).toEqual(expected(['submitted', 'submitted', 'skipped', 'invalid', 'submitted']));
    expect((await run('--changed-only', '--rate', '0', 'two.csv')).status).toBe(1);
    expect(statuses('two.csv')).toEqual(expected(['unchanged', 'submitted', 'skipped', 'invalid', 'unchanged']));
    expect(sandbox.profile('thirdPartyId', 'changing-1', 'acme')).toMatchObject({ note: `two${filler}` });
  });

  it('with --changed-only knows nothing of one endpoint that another was sent', async () => {
    const { folder, read } = await trial({ 'night.csv': `${header}origin-1,x,\norigin-2,x,\n` });
    const other = await listen((request, response) => {
      request.resume();
      request.on('end', () =>
        response.end('<response><success>true</success><message>Request successfully submitted</message></response>'),
      );
    });
    const statuses = () =>
      [...read('night.csv.results.csv').matchAll(/,(submitted|unchanged),/g)].map(([, status]) => status);
    for (const [endpoint, expected] of [
      [other.url, 'submitted'],
      [other.url, 'unchanged'],
      [sandbox.url, 'submitted'],
      [sandbox.url, 'unchanged'],
    ] as const) {
      const args = ['send', '--client-code', 'acme', '--state-dir', 'state', '--endpoint', endpoint];
      await runProgram([...args, '--changed-only', '--restart', 'night.csv'], { folder });
      expect(statuses()).toEqual([expected, expected]);
    }
  });

  it('sends everything to a sandbox with --sandbox, and touches no ledger', async () => {
    const folder = await temporaryFolder();
    writeFileSync(join(folder, 'a.csv'), `${header}1,x,\n`);
    const { status, stdout } = await runProgram(['send', '--sandbox', 'a.csv', '--state-dir', join(folder, 'state')], {
      folder,
    });
    expect(status).toBe(0);
    expect(stdout).toContain('a.csv.sandbox.results.csv');
    expect(existsSync(join(folder, 'state'))).toBe(false);
  });
});

describe('a run that is told to stop', () => {
  it('ends in good order, shows in status how far it is, says how to resume, and that command resumes', async () => {
    const { args, folder } = await trial({ 'it is many.csv': manyRows(400) });
    const child = startProgram(['send', ...args, '--rate', '50', 'it is many.csv'], { folder });
    const end = ended(child);
    await firstRows(join(folder, 'it is many.csv.results.csv'));
    child.kill('SIGINT');
    const { status, stdout, stderr } = await end;
    expect(status).toBe(130);
    expect(stdout).toContain('not finished');
    const last = stderr.trimEnd().split('\n').at(-1) ?? '';
    expect(last).toMatch(/^Resume with: {2}profile-drip send .* 'it is many\.csv'$/);

    const shown = await runProgram(['status', '--json', '--state-dir', 'state', 'it is many.csv'], { folder });
    const { ledgers, jobs } = JSON.parse(shown.stdout);
    expect(ledgers).toHaveLength(1);
    expect(ledgers[0]).toMatchObject({ client_code: 'acme', loopback: true, limit: 1_000_000 });
    expect(ledgers[0].used).toBeGreaterThanOrEqual(jobs[0].rows.submitted);
    expect(jobs[0]).toMatchObject({ file: 'it is many.csv', complete: false });
    expect(jobs[0]).toMatchObject({ state: 'interrupted', exit_status: 130, ends_at: null });

    const command = last
      .replace(/^Resume with: +profile-drip/, `"${process.execPath}" "${programPath}"`)
      .replace('--rate 50', '--rate 0');
    const again = await promisify(execFile)('bash', ['-c', command], { cwd: folder });
    expect(again.stdout).toContain('done, all 400 rows');
    const lines = readFileSync(join(folder, 'it is many.csv.results.csv'), 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(401);
  });
});

describe('the token', () => {
  const token = 'sesame-open-0815';

  it.each([
    ['403', (status: number) => ({ status, body: `<html>Bearer ${token} is not welcome</html>` })],
    ['200', (_status: number) => ({ status: 200, body: `no such thing: ${token}` })],
  ])('shows nowhere, even where a server answers %s and repeats it', async (name, answer) => {
    const server = await listen((request, response) => {
      const { status, body } = answer(Number(name));
      response.writeHead(status, { 'x-echo': request.headers.authorization ?? '' }).end(body);
    });
    const folder = await temporaryFolder();
    writeFileSync(join(folder, 'a.csv'), manyRows(30));
    writeFileSync(join(folder, 'secret'), `${token}\n`);
    chmodSync(join(folder, 'secret'), 0o644);
    const args = ['--client-code', 'acme', '--endpoint', server.url, '--state-dir', 'state', '--token-file', 'secret'];
    const rest = ['--retries', '0', '--max-duration', '20', 'a.csv'];
    const { status, stdout, stderr } = await runProgram(['send', ...args, ...rest], { folder });
    expect(status).toBe(3);
    expect(stderr).toMatch(/can be read by others/);
    expect(stdout + stderr).not.toContain(token);
    const jobFiles = readdirSync(folder).filter((file) => file.startsWith('a.csv.'));
    expect(jobFiles.length).toBeGreaterThan(0);
    for (const file of jobFiles) {
      expect(readFileSync(join(folder, file), 'utf8')).not.toContain(token);
      expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    }
  });
});

/** Until the report has lines of rows. */
async function firstRows(path: string): Promise<void> {
  while (!existsSync(path) || readFileSync(path, 'utf8').split('\n').length < 20) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
