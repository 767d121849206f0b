import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/index.js';
import { ended, programPath, runProgram } from './support/run-program.js';

/** As on a system without a binary of lmdb: it cannot be loaded. */
const resolver = `export async function resolve(name, context, next) {
  if (name === 'lmdb') throw new Error('No native build was found');
  return next(name, context);
}`;
let folder: string;
let environment: Readonly<Record<string, string>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeFile(join(folder, 'rows.csv'), 'batch=thirdPartyId,tier\na,gold\n');
  await writeFile(join(folder, 'resolver.mjs'), resolver);
  const registration = `import { register } from 'node:module'; register(new URL('resolver.mjs', import.meta.url));`;
  await writeFile(join(folder, 'register.mjs'), registration);
  environment = { NODE_OPTIONS: `--import=${pathToFileURL(join(folder, 'register.mjs'))}`, HOME: folder };
});

const run = (...args: string[]) => runProgram(args, { folder, environment });

describe('a machine without the binary of lmdb', () => {
  it('is told so where a ledger is needed, with status 6 and no row ended', async () => {
    const endpoint = 'http://127.0.0.1:9'; // nobody is asked
    const { status, stdout, stderr } = await run('send', 'rows.csv', '-c', 'acme', '--endpoint', endpoint, '--json');
    expect([status, stderr.includes('    at ')]).toEqual([6, false]);
    expect(JSON.parse(stdout)).toMatchObject({ exit_status: 6, error: { code: 'lmdb-missing' }, jobs: [] });
  });

  it.each([
    ['check', 'rows.csv', '-c', 'acme'],
    ['send', 'rows.csv', '-c', 'acme', '--sandbox'],
    ['status'],
    ['send', '--help'],
  ])('does all that needs no ledger: %s %s %s %s', async (...args) => {
    const { status, stderr } = await run(...args);
    expect(stderr).not.toContain('lmdb');
    expect(status).toBe(0);
  });
});

describe.skipIf(process.platform === 'win32')('a process with few file handles', () => {
  // Node.js 24 holds fewer handles of its own: 40 are enough for it.
  it.each([26, 32])('ends with a sentence and status 6 (ulimit -n %i)', async (handleCount) => {
    const script = `ulimit -n ${handleCount}; exec "$0" "$@"`;
    const args = [programPath, 'send', 'rows.csv', '-c', 'acme', '--endpoint', 'http://127.0.0.1:9'];
    const child = spawn('sh', ['-c', script, process.execPath, ...args], {
      cwd: folder,
      env: { HOME: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { status, stderr } = await ended(child);
    expect(stderr).toContain('too many open files');
    expect([status, stderr.includes('    at ')]).toEqual([6, false]);
  });
});
