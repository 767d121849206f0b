import { readFileSync, readlinkSync } from 'node:fs';
import { uptime } from 'node:os';
import type { BootClock, Clock, Random } from './ports.js';

/** The one file that reads the machine's time and chance; everything else is handed them. */

// performance.now() counts from the start of the process; hrtime is CLOCK_MONOTONIC, which all processes of a boot share.
const monotonicOffsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** The longest delay that setTimeout takes (2^31 - 1 ms, about 24.8 days); it fires at once above it. */
const timerMsMax = 2_147_483_647;

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now() + monotonicOffsetMs,
  schedule(delayMs, run) {
    const timer = setTimeout(run, Math.min(Math.ceil(delayMs), timerMsMax));
    return () => clearTimeout(timer);
  },
};

function textOrNull(read: () => string): string | null {
  try {
    return read().trim();
  } catch {
    return null; // not Linux, or /proc is not mounted
  }
}

/**
 * How far this process's time namespace stands off from the clocks of the machine. Its number does not say: the kernel
 * gives the number of a namespace that has ended to the next one. `null`: not known, so nothing can be compared.
 */
function timeOffsets(): string | null {
  const own = textOrNull(() => readlinkSync('/proc/self/ns/time'));
  if (own === null) return 'none'; // a system without time namespaces
  // The offsets in /proc are those that children of this process get. They are its own if the namespace is the same.
  if (own !== textOrNull(() => readlinkSync('/proc/self/ns/time_for_children'))) return null;
  const offsets = textOrNull(() => readFileSync('/proc/self/timens_offsets', 'utf8'));
  return offsets?.replace(/\s+/g, ' ') ?? null;
}

export const systemBootClock: BootClock = {
  bootId() {
    const boot = textOrNull(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
    const offsets = timeOffsets();
    return boot === null || offsets === null ? null : `${boot} ${offsets}`;
  },
  uptimeMs: () => uptime() * 1000,
};

export const systemRandom: Random = { next: () => Math.random() };

/** Resolves after `delayMs`, or as soon as `signal` aborts (never rejects: the caller looks at the signal). */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const finish = () => {
      cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.schedule(delayMs, finish);
    signal?.addEventListener('abort', finish, { once: true });
  });
}
