import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ended, startProgram } from '../cli/support/run-program.js';
import { temporaryFolder } from '../support/index.js';

/**
 * Every gateway that the page `serve` starts is started as it stands, with its paths in a temporary folder, a free port
 * and an address of this machine alone.
 */

const page = readFileSync(fileURLToPath(new URL('../../src/manual/serve.md', import.meta.url)), 'utf8');
const lines = page.replaceAll('\\\n', ' ');

const typed = [...lines.matchAll(/profile-drip (serve --dir [^\n`]*)/g)].map(([, words = '']) => words);
const inPod = [...page.matchAll(/command: \[npx, profile-drip, serve\]\s+args:\s+\[([^\]]*)\]/g)].map(
  ([, words = '']) =>
    `serve ${words
      .split(',')
      .map((word) => word.trim().replaceAll('"', ''))
      .join(' ')}`,
);

describe('the page serve', () => {
  it('has the commands that are tested here', () => {
    expect(typed.length).toBeGreaterThanOrEqual(3);
    expect(inPod).toHaveLength(1);
  });

  it.each([...typed, ...inPod])('%s', async (command) => {
    const root = await temporaryFolder();
    const inRoot = (word: string) => word.replaceAll(/(?<![\w/.:])\/(?=(?:srv|etc|var|data|secrets)\b)/g, `${root}/`);
    for (const folder of ['batches', 'srv/batches', 'var/lib/profile-drip/batches', 'data/batches'])
      mkdirSync(join(root, folder), { recursive: true });
    for (const folder of ['etc/profile-drip', 'secrets', 'data/auth', 'credentials'])
      mkdirSync(join(root, folder), { recursive: true });
    for (const name of ['etc/profile-drip/acme.token', 'secrets/acme', 'credentials/acme-token'])
      writeFileSync(join(root, name), 'made-up', { mode: 0o600 });
    for (const name of ['etc/profile-drip/auth', 'data/auth/auth'])
      writeFileSync(join(root, name), `acme ${'x'.repeat(32)}\n`, { mode: 0o600 });
    const words = command
      .trim()
      .split(/\s+/)
      .map((word) => inRoot(word.replace('%d', `${root}/credentials`)))
      .map((word) => (word === '8098' ? '0' : word === '0.0.0.0' ? '127.0.0.1' : word));
    const child = startProgram(words, { folder: root, environment: { HOME: root } });
    const end = ended(child);
    child.stdout?.once('data', () => child.kill('SIGTERM'));
    const { status, stdout, stderr } = await end;
    expect(status, stderr).toBe(143);
    expect(stdout).toMatch(/^https?:\/\/[\w.:]+\n$/);
  });
});
