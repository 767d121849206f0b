import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { atEndOfFile } from '../../support/index.js';

/** The program, as the suite built it before its first test. */
export const programPath = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));

export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly folder?: string;
  /** For standard input; without it there is none. */
  readonly input?: string | Buffer;
  /** Standard input stays open: the test writes to it. */
  readonly inputOpen?: boolean;
}

/** As cron would start it: of the environment nothing but what is given. */
export function startProgram(args: readonly string[], options: RunOptions = {}): ChildProcess {
  const child = spawn(process.execPath, [programPath, ...args], {
    cwd: options.folder,
    env: { ...options.environment },
    stdio: [options.input === undefined && options.inputOpen !== true ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  atEndOfFile(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  });
  if (options.input !== undefined) child.stdin?.end(options.input);
  return child;
}

export async function ended(child: ChildProcess): Promise<Run> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code));
  });
  return { status, stdout, stderr };
}

export function runProgram(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return ended(startProgram(args, options));
}
