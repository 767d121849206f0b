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

export const systemBootClock: BootClock = {
  bootId() {
    const boot = textOrNull(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
    if (boot === null) return null;
    // A container may live in a time namespace, with a monotonic clock of its own.
    const timeNamespace = textOrNull(() => readlinkSync('/proc/self/ns/time')) ?? 'time:[none]';
    return `${boot} ${timeNamespace}`;
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
