import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** Linux counts CPU time in these (sysconf _SC_CLK_TCK, 100 on every platform that Node.js runs on). */
const ticksPerSecond = 100;

/** CPU seconds, user and system, of all children that have ended; `null` where there is no /proc. */
function endedChildrenCpuSeconds() {
  try {
    // The name, in parentheses, may hold spaces; cutime and cstime are the 14th and 15th fields after it.
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1).split(' ');
    return (Number(fields[13]) + Number(fields[14])) / ticksPerSecond;
  } catch {
    return null;
  }
}

/** A setting that is left over in the environment has no place in a measurement. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(PROFILE_DRIP_|NODE_OPTIONS$|https?_proxy$)/i.test(name)),
);

/** Anonymous resident memory in bytes; `null` once the process has gone, or without /proc. */
function anonymousBytes(pid) {
  try {
    const found = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return found === null ? null : Number(found[1]) * 1024;
  } catch {
    return null;
  }
}

/**
 * Runs a program to its end. One at a time: its CPU time is told from that of all children.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{statuses?: readonly number[], sampleMs?: number, endWhen?: Promise<unknown>}} [options] `statuses`: those
 *   that count as done; `sampleMs`: looks at its memory that often; `endWhen`: it is killed then.
 */
export async function run(command, args, { statuses = [0], sampleMs = 0, endWhen } = {}) {
  const cpuBefore = endedChildrenCpuSeconds();
  const startedAtMs = performance.timeOrigin + performance.now();
  const child = spawn(command, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr = `${stderr}${text}`.slice(-4000);
  });
  const memoryBytes = [];
  const sampling =
    sampleMs > 0 &&
    setInterval(() => {
      const bytes = anonymousBytes(child.pid);
      if (bytes !== null) memoryBytes.push(bytes);
    }, sampleMs);
  endWhen?.then(() => child.kill('SIGKILL'));
  const [status, signal] = await once(child, 'close');
  clearInterval(sampling);
  const endedAtMs = performance.timeOrigin + performance.now();
  if (endWhen === undefined && !statuses.includes(status)) {
    throw new Error(`${command} ${args.join(' ')}\nended with ${status ?? signal}:\n${stderr}`);
  }
  const cpuAfter = endedChildrenCpuSeconds();
  return {
    status,
    stdout,
    startedAtMs,
    wallSeconds: (endedAtMs - startedAtMs) / 1000,
    cpuSeconds: cpuBefore === null ? null : cpuAfter - cpuBefore,
    memoryBytes,
  };
}
