import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/index.js';
import { programPath, runProgram } from './support/run-program.js';

let folder = '';

beforeEach(async () => {
  folder = await temporaryFolder();
  writeFileSync(join(folder, 'a.csv'), 'batch=thirdPartyId,a\n1,x\n');
});

/** A shell's line in the folder; `$P` is the program. */
function shell(line: string): Promise<{ status: number; stdout: string; stderr: string }> {
  const env = { ...process.env, NODE: process.execPath, PROGRAM: programPath };
  const script = `p() { "$NODE" "$PROGRAM" "$@"; }; ${line}`;
  return new Promise((resolve) => {
    execFile('bash', ['-c', script], { cwd: folder, env }, (error, stdout, stderr) => {
      resolve({ status: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

describe('a result that could not be written to standard output', () => {
  it.each([
    ['send', 'p send --sandbox a.csv --json'],
    ['send, in words', 'p send --sandbox a.csv'],
    ['drop', 'p drop --sandbox --settle 0 . --json'],
    ['check', 'p check a.csv'],
    ['status', 'p status --state-dir s --json'],
    ['help', 'p --help'],
  ])('is status 6: %s', async (_, command) => {
    const { status, stderr } = await shell(`${command} >/dev/full`);
    expect(status).toBe(6);
    expect(stderr).toContain('the result could not be written to standard output (ENOSPC)');
  });

  it('is not a lost log line, and not a reader that went away', async () => {
    expect((await shell('p send --sandbox a.csv --json 2>/dev/full')).status).toBe(0);
    expect((await shell('set -o pipefail; p send --sandbox a.csv --restart 2>/dev/null | true')).status).toBe(0);
  });
});

it.each(['send --sandbox --json a.csv', 'status', 'check a.csv', '--json'])(
  'a working directory that was removed is said: %s',
  async (line) => {
    await mkdir(join(folder, 'gone'));
    const { status, stderr } = await shell(`cd gone; rmdir ../gone; p ${line}`);
    expect(status).toBe(6);
    expect(stderr).toMatch(/^profile-drip: expected the working directory to be there; it was removed\./);
  },
);

describe('--out', () => {
  it('is created where it is missing', async () => {
    const { status } = await runProgram(['send', '--sandbox', '--out', 'new/deep', 'a.csv'], { folder });
    expect(status).toBe(0);
    expect(readdirSync(join(folder, 'new', 'deep'))).toContain('a.csv.sandbox.results.csv');
  });

  it('that is a file is an error', async () => {
    const { status, stderr } = await runProgram(['send', '--sandbox', '--out', 'a.csv', 'a.csv'], { folder });
    expect(status).toBe(2);
    expect(stderr).toContain('--out: a.csv is not a folder');
  });
});

it.each([
  ['--rate', '5', '--rate', '6'],
  ['--rate=5', '--rate=5'],
  ['--sandbox', '--sandbox'],
  ['--changed-only', '--no-changed-only'],
  ['-c', 'a', '--client-code', 'b'],
])('an option given twice is an error: %s', async (...args) => {
  const { status, stderr } = await runProgram(['send', ...args, 'a.csv'], { folder });
  expect(status).toBe(2);
  expect(stderr).toContain('expected once, found 2 times');
  expect(await runProgram(['drop', '--match', '*.csv', '--match', '*.gz', '--print-config'])).toMatchObject({
    status: 0,
  });
});

it('summary.json is the job as --json has it', async () => {
  writeFileSync(join(folder, 'b.csv'), 'batch=thirdPartyId,a\n1,x\n2,%zz\n"3,x\n');
  for (const [file, status] of [
    ['a.csv', 0],
    ['b.csv', 2],
  ] as const) {
    const run = await runProgram(['send', '--sandbox', '--json', file], { folder });
    const [job] = JSON.parse(run.stdout).jobs;
    expect(run.status).toBe(status);
    expect(job.exit_status).toBe(status);
    expect(job.error === null).toBe(status === 0);
    expect(JSON.parse(readFileSync(join(folder, `${file}.sandbox.summary.json`), 'utf8'))).toEqual(job);
  }
});
