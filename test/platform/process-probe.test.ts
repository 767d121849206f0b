import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { systemProcessProbe } from '../../src/platform/process-probe.js';
import { atEndOfFile } from '../support/index.js';

/** A process that waits until it is killed. */
function waiting(command: string, ...args: string[]) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  atEndOfFile(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, ended };
}

describe('systemProcessProbe', () => {
  it('sees this process, and tells its start as it tells it of itself', () => {
    const self = systemProcessProbe.self();
    expect(self.pid).toBe(process.pid);
    expect(systemProcessProbe.look(process.pid)).toEqual({ kind: 'alive', startedAt: self.startedAt });
  });

  it('sees that a process has been killed', async () => {
    const { child, ended } = waiting('sleep', '60');
    const pid = child.pid ?? 0;
    expect(systemProcessProbe.look(pid).kind).toBe('alive');
    child.kill('SIGKILL');
    await ended;
    expect(systemProcessProbe.look(pid)).toEqual({ kind: 'gone' });
  });

  it.runIf(existsSync('/proc/self/stat'))('takes a process that nobody has reaped for gone', async () => {
    const { child } = waiting('sh', '-c', 'sleep 60 & echo $!; exec sleep 60');
    const lines = createInterface({ input: child.stdout });
    const pid = Number(await new Promise<string>((resolve) => lines.once('line', resolve)));
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    while (readFileSync(`/proc/${child.pid}/comm`, 'utf8') !== 'sleep\n') await turn(); // the shell would reap it
    process.kill(pid, 'SIGKILL');
    while (systemProcessProbe.look(pid).kind === 'alive') await turn();
    expect(existsSync(`/proc/${pid}/stat`)).toBe(true);
  });
});
