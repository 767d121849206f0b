import { spawn } from 'node:child_process';

const outputCharactersMax = 4000;

/**
 * A process, with the end of what it wrote. What it started ends with it: a test that fails may leave a server behind.
 * `status` null: it was killed after `limitMs`.
 */
export function run(command, args, { cwd, environment = {} }, limitMs) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let output = '';
    const collect = (chunk) => {
      output = (output + chunk).slice(-outputCharactersMax);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const killAll = () => {
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {} // it has ended
    };
    const timer = setTimeout(killAll, limitMs);
    const killAtExit = () => killAll();
    process.once('exit', killAtExit);
    child.on('error', reject);
    child.on('close', (status) => {
      clearTimeout(timer);
      process.off('exit', killAtExit);
      killAll();
      resolve({ status, output });
    });
  });
}
