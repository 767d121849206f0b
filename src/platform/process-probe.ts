import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemCode } from '../terms/errors.js';

/** How a process is distinguished from a later one of the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** Names the namespace in which `pid` counts; `null` where the system does not say. */
  readonly pidNamespace: string | null;
  /** When the process started, in the system's own count: only compared, never computed with. `null`: not known. */
  readonly startedAt: string | null;
}

export interface ProcessProbe {
  readonly self: () => ProcessIdentity;
  /** Whether a process of this machine and PID namespace lives, and when it started. */
  readonly look: (pid: number) => ProcessState;
}

export type ProcessState = { readonly kind: 'gone' } | { readonly kind: 'alive'; readonly startedAt: string | null };

/** The real one: /proc where there is one, else signal 0, which says only whether the number is in use. */
export const systemProcessProbe: ProcessProbe = {
  self: () => ({
    pid: process.pid,
    host: hostname(),
    pidNamespace: textOrNull(() => readlinkSync('/proc/self/ns/pid')),
    startedAt: startOf('self')?.startedAt ?? null,
  }),
  look(pid) {
    const found = startOf(String(pid));
    if (found?.isZombie) return { kind: 'gone' }; // it runs no more; nobody has asked how it ended
    if (found !== null) return { kind: 'alive', startedAt: found.startedAt };
    // With hidepid=2 the processes of others are not in /proc: not seen is not gone.
    return isNumberInUse(pid) ? { kind: 'alive', startedAt: null } : { kind: 'gone' };
  },
};

/** From /proc/<pid>/stat (proc(5)): field 3 is the state, field 22 the start in clock ticks since boot. */
function startOf(pid: string): { readonly startedAt: string; readonly isZombie: boolean } | null {
  const stat = textOrNull(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  if (stat === null) return null;
  // Field 2 is a name in brackets, which can itself hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  const startedAt = fields[22 - 3];
  if (state === undefined || startedAt === undefined) return null;
  return { startedAt, isZombie: state === 'Z' || state === 'X' };
}

function isNumberInUse(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== 'ESRCH'; // EPERM: another user's
  }
}

function textOrNull(read: () => string): string | null {
  try {
    return read();
  } catch {
    return null; // not Linux, or no such process
  }
}
