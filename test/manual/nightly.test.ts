import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../cli/support/run-program.js';
import { temporaryFolder } from '../support/index.js';

/**
 * Every command that the page `nightly` shows is run as it stands, with its paths in a temporary folder and a sandbox in
 * Target's place. cron, systemd, CI and mail themselves are not on this machine.
 */

const page = readFileSync(fileURLToPath(new URL('../../src/manual/nightly.md', import.meta.url)), 'utf8');

/** The text of each block of code of the page. */
const blocks = [...page.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);

const commands = blocks.flatMap((text) =>
  [...text.matchAll(/(?:\/usr\/bin\/)?profile-drip (?:send|drop|status) [^\n]*/g)].map(([line]) => commandOf(line)),
);
const inPod = [...page.matchAll(/^ +command:\s*\[\s*(profile-drip,[^\]]*?),?\s*\]$/gm)].map(([, words = '']) =>
  words.split(/,\s*/).join(' '),
);

/** Without what cron, YAML and the log around it add. */
function commandOf(line: string): string {
  return line.replace(/^\/usr\/bin\//, '').replace(/ >>\/var\/log.*$/, '');
}

function wordsOf(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
}

describe('the page nightly', () => {
  it('has the commands that are tested here', () => {
    expect(commands.length).toBeGreaterThanOrEqual(10);
    expect(inPod).toHaveLength(1);
  });

  it.each([...commands, ...inPod])('%s', async (command) => {
    const root = await temporaryFolder();
    const inRoot = (word: string) => word.replaceAll(/(?<![\w/.:])\/(?=(?:srv|etc|var|data)\b)/g, `${root}/`);
    for (const folder of ['srv/drop', 'srv/export', 'etc/profile-drip', 'export', 'data', 'var/lib/node_exporter']) {
      mkdirSync(join(root, folder), { recursive: true });
    }
    const csv = 'batch=thirdPartyId,tier\n1,gold\n';
    for (const name of ['loyalty.csv', 'export/loyalty.csv', 'srv/export/loyalty.csv', 'data/loyalty.csv']) {
      writeFileSync(join(root, name), csv);
    }
    writeFileSync(join(root, 'etc/profile-drip/token'), 'a-token', { mode: 0o600 });
    writeFileSync(join(root, 'etc/profile-drip.json'), '{"client-code": "acme"}');
    const given = wordsOf(command).slice(1).map(inRoot);
    const isSending = given[0] !== 'status';
    // A service that watches would stay.
    const words = given
      .filter((word) => word !== '--watch')
      .map((word) =>
        word
          .replace('$' + '{CREDENTIALS_DIRECTORY}', `${root}/etc/profile-drip`)
          .replace('$' + '{STATE_DIRECTORY}', `${root}/state`),
      )
      .map((word) => word.replace(/^curl .*|^test .* mail .*/, 'cat >told'));
    const environment = { PATH: process.env.PATH ?? '', HOME: root, PROFILE_DRIP_CLIENT_CODE: 'acme' };
    const run = await runProgram([...words, ...(isSending ? ['--sandbox'] : [])], { folder: root, environment });
    expect(run, run.stderr).toMatchObject({ status: 0 });
    if (words.includes('--quiet')) expect([run.stdout, run.stderr]).toEqual(['', '']);
  });
});
