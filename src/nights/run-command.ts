import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '../platform/ports.js';
import type { RunCommand, Telling } from './on-end.js';

/** After that its process group is killed. */
const lifeMs = 60_000;
/** What it started in the background may hold its output open after its end: it is not waited for. */
const closeMs = 1000;
const outputCharactersMax = 20_000;

type Environment = Readonly<Record<string, string | undefined>>;

/** The caller's environment without our settings and without the database's password: the token is among them. */
export function commandEnvironment(environment: Environment, { exitStatus, file }: Telling): Environment {
  const own = Object.entries(environment).filter(([name]) => !/^(?:PROFILE_DRIP_|PG)/.test(name));
  return { ...Object.fromEntries(own), PROFILE_DRIP_EXIT_STATUS: String(exitStatus), PROFILE_DRIP_FILE: file };
}

/** `sh -c`, in a process group of its own, the summary on standard input. `sayOutput`: what the command printed. */
export function commandRunner(clock: Clock, environment: Environment, sayOutput: (text: string) => void): RunCommand {
  return (command, telling) =>
    new Promise((resolve) => {
      const child = spawn('sh', ['-c', command], {
        detached: true,
        stdio: ['pipe', 'pipe', 'pipe'],
        env: commandEnvironment(environment, telling),
      });
      let output = '';
      let isLate = false;
      const keep = (text: string) => {
        output = (output + text).slice(0, outputCharactersMax);
      };
      child.stdout.setEncoding('utf8').on('data', keep);
      child.stderr.setEncoding('utf8').on('data', keep);
      child.stdin.on('error', () => {}); // it need not read
      child.stdin.end(`${JSON.stringify(telling.summary)}\n`);
      const cancelLife = clock.schedule(lifeMs, () => {
        isLate = true;
        killGroup(child);
      });
      let cancelClose = () => {};
      let hasEnded = false;
      const end = (failure: string | null) => {
        if (hasEnded) return;
        hasEnded = true;
        cancelLife();
        cancelClose();
        for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
        if (output !== '') sayOutput(output);
        resolve(failure);
      };
      child.once('error', (error) => end(`the command could not be started: ${error.message}`));
      child.once('exit', (code, signal) => {
        cancelClose = clock.schedule(closeMs, () => end(failureOf(code, signal, isLate)));
      });
      child.once('close', (code, signal) => end(failureOf(code, signal, isLate)));
    });
}

function failureOf(code: number | null, signal: NodeJS.Signals | null, isLate: boolean): string | null {
  if (isLate) return `the command was killed after ${lifeMs / 1000} s`;
  if (code === 0) return null;
  return code === null ? `the command ended by ${signal}` : `the command ended with status ${code}`;
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it has ended meanwhile
  }
}
