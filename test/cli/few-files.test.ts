import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/platform/clock.js';
import { startSandbox } from '../../src/sandbox/sandbox.js';
import { atEndOfFile, temporaryFolder } from '../support/index.js';
import { programPath, runProgram } from './support/run-program.js';

const plain = { port: 0, knownOnly: false, cap: null, token: null, errorRate: 0, seed: 1, clock: systemClock };

/** With no more open files than a shell's `ulimit -n` allows. */
async function runLimited(files: number, args: readonly string[], cwd: string) {
  const command = `ulimit -n ${files}; exec "$@"`;
  return new Promise<{ status: number | string | null; stderr: string }>((resolve) => {
    execFile(
      'sh',
      ['-c', command, 'sh', process.execPath, programPath, ...args],
      { cwd, env: {} },
      (error, _stdout, stderr) =>
        resolve({ status: error === null ? 0 : (error.code ?? error.signal ?? null), stderr }),
    );
  });
}

describe('a run that may open few files', () => {
  it('stops with 6 and a sentence, ends no row, and is resumed', async () => {
    const folder = await temporaryFolder();
    const sandbox = await startSandbox({ ...plain, latencyMs: 300 });
    atEndOfFile(() => sandbox.close());
    const rows = Array.from({ length: 300 }, (_, index) => `v${index},${index}\n`).join('');
    await writeFile(join(folder, 'a.csv'), `batch=thirdPartyId,row\n${rows}`);
    const args = ['send', 'a.csv', '--client-code', 'acme', '--endpoint', sandbox.url, '--state-dir', 'state'];
    const fast = ['--rate', '0', '--concurrency', '200'];

    const { status, stderr } = await runLimited(100, [...args, ...fast], folder);

    expect(stderr).toMatch(/too many open files.*raise `ulimit -n` or lower --concurrency/i);
    expect(status).toBe(6);
    const results = await readFile(join(folder, 'a.csv.results.csv'), 'utf8');
    expect(results).not.toMatch(/,(failed|refused),/);

    const resumed = await runProgram([...args, ...fast], { folder });
    expect(resumed.status).toBe(0);
    const lines = (await readFile(join(folder, 'a.csv.results.csv'), 'utf8')).trimEnd().split('\n');
    expect(lines.filter((line) => line.includes(',submitted,'))).toHaveLength(300);
  });
});
