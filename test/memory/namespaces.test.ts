import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/index.js';

const scriptPath = fileURLToPath(new URL('support/namespaced.mjs', import.meta.url));
const isBuilt = existsSync(fileURLToPath(new URL('../../dist/memory/memory.js', import.meta.url)));
const canUnshare = spawnSync('unshare', ['--pid', '--fork', 'true']).status === 0;

/** A process in a PID namespace of its own, where it is number 1. */
function start(stateDir: string, name: string) {
  const options = ['--pid', '--fork', '--kill-child', process.execPath, scriptPath, stateDir, name];
  const child = spawn('unshare', options, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines: string[] = [];
  let whenLine = () => {};
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    whenLine();
  });
  const hasLines = (count: number) =>
    new Promise<void>((resolve) => {
      whenLine = () => {
        if (lines.length >= count) resolve();
      };
      whenLine();
    });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { lines, hasLines, ended, end: () => child.stdin.end() };
}

describe.skipIf(!isBuilt || !canUnshare)('two containers over one state directory', () => {
  it('work side by side, although both are process 1', { timeout: 60_000 }, async () => {
    const stateDir = await temporaryFolder();
    const both = [start(stateDir, 'one'), start(stateDir, 'other')];
    await Promise.all(both.map((each) => each.hasLines(10)));
    for (const each of both) each.end();
    expect(await Promise.all(both.map((each) => each.ended))).toEqual([0, 0]);
    for (const { lines } of both) {
      expect(lines.every((line) => line.startsWith('1 '))).toBe(true);
      expect(Number(lines.at(-1)?.split(' ').at(-1))).toBeGreaterThanOrEqual(400);
    }
  });
});
