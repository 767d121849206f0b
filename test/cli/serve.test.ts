import { existsSync, mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/platform/clock.js';
import { startSandbox } from '../../src/sandbox/sandbox.js';
import { atEndOfFile, temporaryFolder } from '../support/index.js';
import { ended, runProgram, startProgram } from './support/run-program.js';

const faultless = { knownOnly: false, cap: null, token: null, latencyMs: 0, errorRate: 0, seed: 0 };
const sandbox = await startSandbox({ ...faultless, port: 0, clock: systemClock });
atEndOfFile(() => sandbox.close());

async function trial() {
  const folder = await temporaryFolder();
  mkdirSync(join(folder, 'batches'));
  const usual = ['serve', '--dir', 'batches', '--port', '0', '--endpoint', sandbox.url, '--state-dir', 'state'];
  return { folder, usual };
}

/** The address that it says, and its end. */
async function started(args: readonly string[], folder: string, environment: Record<string, string> = {}) {
  const child = startProgram(args, { folder, environment });
  const end = ended(child);
  const url = await new Promise<string>((resolve, reject) => {
    let seen = '';
    const look = (text: string) => {
      seen += text;
      const found = /(http:\/\/127\.0\.0\.1:\d+)["\n]/.exec(seen)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    void end.then(({ status, stderr }) => reject(new Error(`ended with ${status}: ${stderr}`)));
  });
  return { child, end, url };
}

const batch = 'batch=thirdPartyId,city\n1,Bern\n';
const post = (url: string, body = batch) =>
  fetch(`${url}/m2/acme/v2/profile/batchUpdate`, { method: 'POST', body }).then((reply) => reply.text());

describe('serve', () => {
  it('says where it listens and that it creates no profiles, sends batches, and ends with 143 at SIGTERM', async () => {
    const { folder, usual } = await trial();
    const { child, end, url } = await started(usual, folder);
    const reply = await post(url);
    const status = /<batchStatus>(.*)<\/batchStatus>/.exec(reply)?.[1] ?? '';
    expect(status.startsWith(`${url}/m2/acme/profile/batchStatus?batchId=acme-`)).toBe(true);
    while (!(await (await fetch(status)).text()).includes('<status>complete<'))
      await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill('SIGTERM');
    const { status: exit, stdout, stderr } = await end;
    expect(exit).toBe(143);
    expect(stdout).toBe(`${url}\n`);
    expect(stderr).toMatch(/level=warning .*code=serve-creates-none/);
    expect(stderr).toMatch(/code=batch-accepted .*acme-\d{13}-\d{20}: accepted, 1 rows/);
    expect(stderr).not.toContain('Bern');
    expect(sandbox.profile('thirdPartyId', '1', 'acme')).toEqual({ city: 'Bern' });
    expect(existsSync(join(folder, 'batches', '.serve.lock'))).toBe(false);
    expect(readdirSync(join(folder, 'batches', 'acme', '.profile-drip'))).toEqual([]);
  });

  it('creates visitors with --route delivery, and says so at its start', async () => {
    const { folder, usual } = await trial();
    const { child, end, url } = await started(
      [...usual, '--json', '--route', 'delivery', '--delivery-cap', '5'],
      folder,
    );
    await post(url);
    child.stdout?.once('data', () => child.kill('SIGTERM'));
    const { status, stdout, stderr } = await end;
    expect(status).toBe(143);
    expect(JSON.parse(stdout).jobs[0].routes).toEqual({ update: 0, delivery: 1 });
    expect(stderr).toMatch(/level=warning .*code=delivery .*creates visitors/);
    expect(stderr).not.toContain('serve-creates-none');
  });

  it('with --json prints a line for each job as it ends, and nothing else', async () => {
    const { folder, usual } = await trial();
    const { child, end, url } = await started(
      [...usual, '--json', '--sandbox'].filter((_word, at) => at !== 5 && at !== 6),
      folder,
    );
    await post(url);
    child.stdout?.once('data', () => child.kill('SIGTERM'));
    const { status, stdout } = await end;
    expect(status).toBe(143);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toEqual([
      {
        schema: 1,
        version: expect.any(String),
        exit_status: 0,
        error: null,
        jobs: [expect.objectContaining({ complete: true, client_code: 'acme', exit_status: 0 })],
      },
    ]);
  });

  it('tells --on-end of each batch, keeps metrics of each client code, logs JSON and removes what is old', async () => {
    const { folder, usual } = await trial();
    const day = join(folder, 'batches', 'acme', 'archive', '2020-01-01');
    mkdirSync(day, { recursive: true });
    writeFileSync(join(folder, 'all.json'), JSON.stringify({ 'client-code': ['acme', 'b'], 'log-format': 'json' }));
    const nights = ['--on-end', 'cat >>told', '--metrics-file', 'm.prom', '--keep', '3', '--config', 'all.json'];
    const { child, end, url } = await started([...usual, ...nights], folder);
    await post(url);
    while (!existsSync(join(folder, 'told')) || !readFileSync(join(folder, 'told'), 'utf8').endsWith('\n'))
      await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill('SIGTERM');
    const { status, stderr } = await end;
    expect(status).toBe(143);
    const told = readFileSync(join(folder, 'told'), 'utf8').trimEnd().split('\n');
    expect(told.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ exit_status: 0, jobs: [expect.objectContaining({ complete: true })] }),
    ]);
    const metrics = readFileSync(join(folder, 'm.prom'), 'utf8');
    expect(metrics).toContain('profile_drip_rows_total{client_code="acme",status="submitted"} 1\n');
    expect(metrics).toContain('profile_drip_rows_total{client_code="b",status="submitted"} 0\n');
    expect(metrics).toContain('profile_drip_exit_status{client_code="acme"} 0\n');
    expect(existsSync(day)).toBe(false);
    const events = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).event);
    expect(events).toEqual(expect.arrayContaining(['notice', 'started', 'ended']));
  });

  it('with --quiet prints warnings and above, and tells --on-end of a batch that was stopped', async () => {
    const { folder, usual } = await trial();
    const token = join(folder, 'token');
    writeFileSync(token, 'abc', { mode: 0o600 });
    const nights = ['--token-file', 'acme=token', '--on-end', 'cat >>told', '--log-format', 'json'];
    const first = await started([...usual, ...nights], folder);
    unlinkSync(token);
    await post(first.url, 'batch=thirdPartyId,city\n2,Ulm\n');
    while (!existsSync(join(folder, 'told')) || !readFileSync(join(folder, 'told'), 'utf8').endsWith('\n'))
      await new Promise((resolve) => setTimeout(resolve, 50));
    first.child.kill('SIGTERM');
    expect((await first.end).status).toBe(143);
    expect(JSON.parse(readFileSync(join(folder, 'told'), 'utf8'))).toMatchObject({ exit_status: 2 });
    // The batch is resumed at the next start, and all goes well: nothing but the warning is said.
    writeFileSync(token, 'abc', { mode: 0o600 });
    const child = startProgram([...usual, ...nights, '--quiet'], { folder });
    const end = ended(child);
    while (sandbox.profile('thirdPartyId', '2', 'acme')?.city !== 'Ulm') {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    child.kill('SIGTERM');
    const { status, stdout, stderr } = await end;
    expect([status, stdout]).toEqual([143, '']);
    const levels = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).level);
    expect(new Set(levels).has('info')).toBe(false);
    expect(stderr).toContain('serve-creates-none');
  });

  it('takes its options from the environment and the config file, as the other verbs do', async () => {
    const { folder } = await trial();
    writeFileSync(
      join(folder, 'all.json'),
      JSON.stringify({ dir: 'batches', 'max-body': 10, 'client-code': ['acme', 'b'] }),
    );
    const environment = { HOME: folder, PROFILE_DRIP_PORT: '8098', PROFILE_DRIP_CONFIG: 'all.json' };
    const { stdout, status } = await runProgram(['serve', '--print-config', '--json'], { folder, environment });
    expect(status).toBe(0);
    const printed = new Map(
      JSON.parse(stdout).settings.map((one: { name: string; value: string; source: string }) => [one.name, one]),
    );
    expect(printed.get('dir')).toMatchObject({ value: 'batches', source: 'config file' });
    expect(printed.get('max-body')).toMatchObject({ value: '10', source: 'config file' });
    expect(printed.get('client-code')).toMatchObject({ value: 'acme|b', source: 'config file' });
    expect(printed.get('port')).toMatchObject({ value: '8098', source: 'environment', where: 'PROFILE_DRIP_PORT' });
    expect(printed.get('on-end')).toMatchObject({ value: null });
  });

  it.each([
    ['without --dir', ['serve', '--port', '0'], {}, /--dir: expected a folder/],
    ['without --port', ['serve', '--dir', 'batches'], {}, /--port: expected a port/],
    ['a folder that is not there', ['serve', '--dir', 'gone', '--port', '0'], {}, /--dir: expected a folder at gone/],
    [
      'another address without protection',
      ['serve', '--dir', 'batches', '--port', '0', '--host', '0.0.0.0', '--client-code', 'acme'],
      {},
      /expected also --auth-file, --public-url, --listen-http/,
    ],
    [
      'a name for an address',
      ['serve', '--dir', 'batches', '--port', '0', '--host', 'localhost'],
      {},
      /expected an IP/,
    ],
    [
      'one token for all',
      ['serve', '--dir', 'batches', '--port', '0'],
      { PROFILE_DRIP_TOKEN: 'abc' },
      /a token for each client code/,
    ],
    [
      'a token file for nobody',
      ['serve', '--dir', 'batches', '--port', '0', '--token-file', 'token'],
      {},
      /expected CODE=PATH/,
    ],
    [
      'a file of tokens that others can read',
      ['serve', '--dir', 'batches', '--port', '0', '--auth-file', 'open.txt'],
      {},
      /owner alone can read; its mode is 644/,
    ],
    [
      'a file of tokens that can be guessed',
      ['serve', '--dir', 'batches', '--port', '0', '--auth-file', 'short.txt'],
      {},
      /line 2: expected lines CODE TOKEN/,
    ],
  ])('refuses %s', async (_what, args, environment, message) => {
    const { folder } = await trial();
    writeFileSync(join(folder, 'open.txt'), `acme ${'x'.repeat(20)}\n`, { mode: 0o644 });
    writeFileSync(join(folder, 'short.txt'), '# who may send\nacme guess-me\n', { mode: 0o600 });
    const { status, stderr } = await runProgram(args, { folder, environment: { HOME: folder, ...environment } });
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('guess-me');
  });
});
