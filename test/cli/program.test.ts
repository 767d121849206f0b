import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { helpPages } from '../../src/commands/line/help-pages.js';
import { version } from '../../src/terms/version.js';
import { temporaryFolder } from '../support/index.js';
import { ended, programPath, runProgram, startProgram } from './support/run-program.js';

describe('--version and --help', () => {
  it('say the version', async () => {
    expect(await runProgram(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
    expect(await runProgram(['send', '--version'])).toMatchObject({ status: 0, stdout: `${version}\n` });
  });

  it.each([...helpPages()])('show the page of %s as the parser makes it', async (name, text) => {
    const args = name === 'program' ? ['--help'] : [name, '--help'];
    expect(await runProgram(args)).toEqual({ status: 0, stdout: text, stderr: '' });
  });

  it('load nothing but what they need', async () => {
    const loaded = await loadedBy(['--version']);
    expect(loaded.filter((url) => url.includes('/node_modules/'))).toEqual([]);
    expect(loaded.filter((url) => url.includes('/dist/')).length).toBeLessThan(7);
  });
});

describe('a mistake', () => {
  it('in the settings is told before the sending part is loaded', async () => {
    const loaded = await loadedBy(['send', '--rate', 'fast', 'a.csv']);
    expect(loaded.some((url) => url.includes('/dist/settings/'))).toBe(true);
    expect(loaded.filter((url) => /\/dist\/(job|target|pacing)\/|\/(undici|lmdb|csv-parse)\//.test(url))).toEqual([]);
  });

  it('ends with status 2, a message, and no stack', async () => {
    const { status, stdout, stderr } = await runProgram(['send', '--rate', 'fast', 'a.csv']);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^profile-drip: --rate: expected .*; found "fast"\n$/);
  });

  it('without a verb gets the help', async () => {
    const { status, stdout, stderr } = await runProgram([]);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('Commands:');
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(/^profile-drip: expected a verb/);
  });

  it.each([
    [['send', '--json', '--rate', 'fast', 'a.csv'], 'option-value', { jobs: [] }],
    [['send', '--json'], 'argument-missing', { jobs: [] }],
    [['send', '--json', 'a.csv'], 'client-code-missing', { jobs: [] }],
    [['send', '--json', '--colour', 'a.csv'], 'option-unknown', { jobs: [] }],
    [['status', '--json', '--out', ''], 'option-empty', { ledgers: [], jobs: [], folders: [] }],
    [['--json'], 'verb-missing', { jobs: [] }],
  ])('with %j is one object on standard output', async (args, code, rest) => {
    const { status, stdout } = await runProgram(args);
    expect(status).toBe(2);
    const error = { code, message: expect.any(String) };
    expect(JSON.parse(stdout)).toEqual({ schema: 1, version, exit_status: 2, error, ...rest });
  });
});

describe('--print-config', () => {
  it('needs no FILE and no client code, and shows no secret', async () => {
    const folder = await temporaryFolder();
    writeFileSync(join(folder, 'drip.json'), '{"rate": 50}');
    const environment = { PROFILE_DRIP_TOKEN: 'sesame', PROFILE_DRIP_CONFIG: 'drip.json' };
    const { status, stdout, stderr } = await runProgram(['send', '--print-config'], { environment, folder });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^rate +50 +config file: "rate" in "drip\.json"$/m);
    expect(stdout).toMatch(/^token +set +environment: PROFILE_DRIP_TOKEN$/m);
    expect(stdout + stderr).not.toContain('sesame');
    const { stdout: json } = await runProgram(['send', '--print-config', '--json'], { environment, folder });
    const { settings } = JSON.parse(json);
    expect(settings).toContainEqual({
      name: 'rate',
      value: '50',
      source: 'config file',
      where: '"rate" in "drip.json"',
    });
  });

  it('finds a state directory in the empty environment of cron', async () => {
    const { stdout } = await runProgram(['send', '--print-config']);
    expect(stdout).toMatch(new RegExp(`^state-dir +${homedirOfUser()}/\\.local/state/profile-drip`, 'm'));
  });
});

describe('a reader that goes away', () => {
  it('is not a failure', async () => {
    const command = `set -o pipefail; "$0" "$1" send --print-config | head -n 1`;
    const { stdout, stderr } = await promisify(execFile)('bash', ['-c', command, process.execPath, programPath]);
    expect(stdout.split('\n')).toHaveLength(2);
    expect(stderr).toBe('');
  });
});

describe('shell completion', () => {
  it('works in bash', async () => {
    const folder = await temporaryFolder();
    writeFileSync(join(folder, 'profile-drip'), `#!/bin/sh\nexec "${process.execPath}" "${programPath}" "$@"\n`, {
      mode: 0o755,
    });
    const script = [
      'source <(profile-drip completion)',
      'COMP_WORDS=(profile-drip send --max); COMP_CWORD=2; COMP_LINE="profile-drip send --max"',
      '_profile-drip_yargs_completions',
      'declare -p COMPREPLY',
    ].join('\n');
    const environment = { PATH: `${folder}:${process.env.PATH}`, SHELL: '/bin/bash' };
    const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', script], { env: environment });
    expect(stdout).toMatch(/"--max-duration" .*"--max-failures"/);
  });
});

describe('the sandbox', () => {
  it('says its address first, answers, and ends when it is told to', async () => {
    const child = startProgram(['sandbox', '--port', '0', '--client-code', 'demo', '--token', 'made-up']);
    if (child.stdout === null) throw new Error('no standard output');
    const [url] = await once(createInterface(child.stdout), 'line');
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const body = 'mbox3rdPartyId=1&profile.a=b';
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const without = await fetch(`${url}/m2/demo/profile/update`, { method: 'POST', body, headers });
    expect(without.status).toBe(403);
    const authorization = 'Bearer made-up';
    const taken = await fetch(`${url}/m2/demo/profile/update`, {
      method: 'POST',
      body,
      headers: { ...headers, authorization },
    });
    expect(await taken.text()).toContain('Request successfully submitted');
    const end = ended(child);
    child.kill('SIGTERM');
    expect((await end).status).toBe(143);
  });

  it.each([
    [['--port', '70000'], /--port: expected a port, 0 to 65,535/],
    [['--error-rate', '2'], /--error-rate/],
    [['a.csv'], /found also "a\.csv"/],
  ])('refuses %j', async (args, message) => {
    const { status, stderr } = await runProgram(['sandbox', ...args]);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });
});

/** The scripts that a run of the program loads, as V8 counts them. */
async function loadedBy(args: readonly string[]): Promise<string[]> {
  const folder = await temporaryFolder();
  await runProgram(args, { environment: { NODE_V8_COVERAGE: folder } });
  const urls = readdirSync(folder).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    return result.map(({ url }: { url: string }) => url);
  });
  expect(urls.length).toBeGreaterThan(0);
  return urls;
}

/** The test's own HOME is not the program's, which has none. */
function homedirOfUser(): string {
  const before = process.env.HOME;
  delete process.env.HOME;
  try {
    return homedir();
  } finally {
    if (before !== undefined) process.env.HOME = before;
  }
}
