import type { JobContext } from './job-context.js';
import type { MemoryRequest } from './terms/machine.js';

/** What a job asks of the memory of --changed-only. */
export function memoryRequest({ options, destination, hooks }: JobContext): MemoryRequest {
  const { origin, isLoopback } = destination;
  const onAway = (found: string) => {
    const message = `the memory of --changed-only cannot be reached: ${found}; waiting for up to ${options.giveUpMs / 1000} s (--give-up)`;
    hooks.onEvent?.({ kind: 'notice', level: 'warning', code: 'state-away', message });
  };
  return { options, origin, isLoopback, signal: hooks.signal ?? null, onAway };
}
