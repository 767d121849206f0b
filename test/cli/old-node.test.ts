import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { unsupportedNode } from '../../src/platform/supported-node.js';
import { programPath } from './support/run-program.js';

/** The built program in a process that says to be another Node.js. */
async function runAs(version: string, args: readonly string[]) {
  const versions = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`;
  const before = `data:text/javascript,${encodeURIComponent(versions)}`;
  return new Promise<{ status: number | string | null; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, ['--import', before, programPath, ...args], (error, stdout, stderr) =>
      resolve({ status: error?.code ?? 0, stdout, stderr }),
    );
  });
}

describe('a Node.js that is too old', () => {
  it.each([['send', 'a.csv'], ['--version'], ['--help'], ['check', '--json', 'a.csv']])(
    'is told in one line, with 70, before anything else: %s',
    async (...args) => {
      const { status, stdout, stderr } = await runAs('18.20.8', args);
      expect(status).toBe(70);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^profile-drip: expected Node\.js 20\.19 or later; found 18\.20\.8 at .*\n$/);
    },
  );

  it('is one below what package.json asks for', () => {
    const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(engines.node).toBe('>=20.19');
    for (const version of ['20.19.0', '20.20.2', '21.0.0', '22.12.0', '26.1.0']) {
      expect(unsupportedNode(version, '/usr/bin/node')).toBeNull();
    }
    for (const version of ['12.22.12', '16.20.2', '18.20.8', '20.18.3']) {
      expect(unsupportedNode(version, '/usr/bin/node')).toContain(`found ${version} at /usr/bin/node`);
    }
  });

  it('can read the two files that tell it', () => {
    for (const file of ['cli.js', 'platform/supported-node.js']) {
      const source = readFileSync(new URL(file, `file://${programPath}`), 'utf8').replace(
        /\/\*[\s\S]*?\*\/|\/\/.*$/gm,
        '',
      );
      expect(source).not.toMatch(/\?\?|\?\.|\bawait\b|#\w|\d_\d|\|\|=|&&=|\bclass\b|catch \{|node:/);
    }
  });
});
