import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/index.js';
import { isBuilt, start } from './support/child.js';

/** Takes rights that not everybody has. */
const canUnshareTime = spawnSync('unshare', ['-T', '--monotonic', '1', 'true']).status === 0;

describe.skipIf(!isBuilt || !canUnshareTime)('containers with a time namespace each', () => {
  /** Attempts that a container starts whose clocks are `secondsAhead` of the machine's. */
  async function attemptsOf(stateDir: string, secondsAhead: number): Promise<number> {
    const child = start(
      'spend.mjs',
      [JSON.stringify({ stateDir, tallyPath: '/dev/null', limit: 300, ratePerSecond: 0 })],
      {
        secondsAhead,
      },
    );
    const lines = await child.done();
    expect(lines).toContain('cap-used');
    return Number(lines.find((line) => line.startsWith('attempts '))?.slice('attempts '.length));
  }

  it('share the cap, although the kernel gives the second one the number of the first', {
    timeout: 60_000,
  }, async () => {
    const stateDir = await temporaryFolder();
    expect(await attemptsOf(stateDir, 0)).toBe(300);
    expect(await attemptsOf(stateDir, 25 * 3_600)).toBe(0);
    expect(await attemptsOf(stateDir, 50 * 3_600)).toBe(0);
    expect(await attemptsOf(stateDir, 0)).toBe(0);
  });
});
