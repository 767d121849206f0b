import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandRunner } from '../../src/nights/run-command.js';
import { movedClock, temporaryFolder } from '../support/index.js';

const telling = {
  exitStatus: 0,
  file: 'a.csv',
  summary: { schema: 1, version: '0', exit_status: 0, error: null, jobs: [] },
} as const;

describe('the command of --on-end', () => {
  it('is killed after 60 s with all that it has started', async () => {
    const clock = movedClock();
    const pids = join(await temporaryFolder(), 'pids');
    const run = commandRunner(clock, process.env, () => {});
    const ends = run(`sleep 1000 & echo $! >${pids}; trap '' TERM; sleep 1000`, telling);
    const started = () => readFileSync(pids, 'utf8').trim();
    await expect.poll(() => orEmpty(started)).toMatch(/^\d+$/);
    await clock.advance(59_999);
    const pid = Number(started());
    expect(isAlive(pid)).toBe(true);
    await clock.advance(1);
    expect(await ends).toBe('the command was killed after 60 s');
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  it('has what it printed told, and what it could not do', async () => {
    const printed: string[] = [];
    const run = commandRunner(movedClock(), process.env, (text) => printed.push(text));
    expect(await run('cat >/dev/null; echo out; echo err >&2', telling)).toBeNull();
    expect(printed.join('').split('\n').toSorted()).toEqual(['', 'err', 'out']);
    expect(await run('kill -9 $$', telling)).toBe('the command ended by SIGKILL');
    expect(await run('no-such-command-here 2>/dev/null', telling)).toBe('the command ended with status 127');
  });
});

function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

/** A zombie that nobody has waited for yet is dead. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
