import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/index.js';
import { runProgram } from './support/run-program.js';

const name = 'a\u001b[31m\u009b2J\u202eb\u200b\n::error::x.csv';
/** All that acts, but for the line ends that the program writes. */
const acting = /(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/u;
const github = { GITHUB_ACTIONS: 'true' };

async function put(): Promise<string> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'drop'));
  for (const path of [name, join('drop', name)]) {
    await writeFile(join(folder, path), 'batch=thirdPartyId,tier\nanna,gold\n,silver\n');
  }
  return folder;
}

describe('a file name with escape sequences in it', () => {
  it.each([
    ['send', [name, '--sandbox']],
    ['send', [name, 'missing\u001b[31m.csv', '--sandbox', '--progress', 'log']],
    ['send', [name, '--sandbox', '--dry-run']],
    ['check', [name, 'missing\u202e.csv']],
    ['status', [name]],
    ['report', [name]],
    ['drop', ['drop', '--sandbox', '--settle', '0']],
    ['drop', [`drop\u001b[31m`, '--sandbox']],
    ['send', [name, '--sandbox', '--name', 'x\u202ey', '--config', `c\u001b[31m`]],
  ])('acts on no screen, log or annotation: %s %j', async (verb, args) => {
    const folder = await put();
    const summary = join(folder, 'summary.md');
    const environment = { ...github, GITHUB_STEP_SUMMARY: summary, GITHUB_WORKSPACE: folder };
    const run = await runProgram([verb, ...args, '--state-dir', join(folder, 'state')], { folder, environment });
    const page = await readFile(summary, 'utf8').catch(() => '');
    for (const text of [run.stdout, run.stderr, page]) {
      expect(text).not.toMatch(acting);
      expect(text).not.toMatch(/^::error::x/m);
    }
    expect(run.status).not.toBe(70);
  });
});
