import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { atEndOfFile } from '../../support/index.js';

/** Children are plain JavaScript and use what `npm run build` made. */
export const isBuilt = existsSync(fileURLToPath(new URL('../../../dist/pacing/pacer.js', import.meta.url)));

/** Another PID namespace takes rights that not everybody has. */
export const canUnshare = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0;

export interface Child {
  /** What it has written to standard output so far. */
  readonly lines: readonly string[];
  /** Resolves when it has written a line that begins so; rejects when it ends without. */
  says(beginning: string): Promise<string>;
  /** Resolves with its lines when it has ended well; rejects otherwise. */
  done(): Promise<readonly string[]>;
  /** Resolves with its exit status, or the name of the signal that ended it. */
  ended(): Promise<number | NodeJS.Signals | null>;
  /** Lets it run on after it stopped itself. */
  resume(): void;
  /** Resolves when it is gone. */
  kill(): Promise<void>;
}

export interface StartOptions {
  /** In a PID namespace of its own, where it is number 1. */
  readonly namespaced?: boolean;
  /** In a time namespace of its own, whose clocks are so far ahead of the machine's. */
  readonly secondsAhead?: number;
}

/** `script`: a file in this folder. */
export function start(script: string, args: readonly string[], options: StartOptions = {}): Child {
  const { namespaced = false, secondsAhead } = options;
  const command = [process.execPath, fileURLToPath(new URL(script, import.meta.url)), ...args];
  if (namespaced) command.unshift('unshare', '--pid', '--fork', '--mount-proc', '--kill-child');
  if (secondsAhead !== undefined) {
    command.unshift('unshare', '-T', '--monotonic', `${secondsAhead}`, '--boottime', `${secondsAhead}`);
  }
  const [program = '', ...rest] = command;
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const listeners = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const listener of listeners) listener();
  });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('close', (status, signal) => resolve(status ?? signal));
  });
  atEndOfFile(() => end(child, ended));
  return {
    lines,
    says: (beginning) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const line = lines.find((each) => each.startsWith(beginning));
          if (line !== undefined) resolve(line);
        };
        listeners.add(look);
        look();
        void ended.then(() => reject(new Error(`ended without "${beginning}": ${lines.join(' | ')}`)));
      }),
    async done() {
      const status = await ended;
      if (status !== 0) throw new Error(`${script} ended with ${status}: ${lines.join(' | ')}`);
      return lines;
    },
    ended: () => ended,
    resume: () => void child.kill('SIGCONT'),
    kill: () => end(child, ended),
  };
}

async function end(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill('SIGKILL'); // with `unshare --kill-child`, the namespace's first process too
  await ended;
}
