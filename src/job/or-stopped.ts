import { ProfileDripError } from '../terms/errors.js';
import type { JobContext } from './job-context.js';
import { stopForAbort } from './terms/stops.js';

interface Closable {
  close(): Promise<void>;
}

/**
 * What `opening` resolves to. If a signal asks for a stop while it waits (for another process's transaction), it gets
 * --grace, then this rejects with the stop; what is opened later is closed.
 */
export function orStopped<T extends Closable | null>(context: JobContext, opening: Promise<T>): Promise<T> {
  const { machine, options, hooks } = context;
  const { signal } = hooks;
  if (signal === undefined) return opening;
  return new Promise((resolve, reject) => {
    let cancel = () => {};
    const onAbort = () => {
      cancel = machine.clock.schedule(options.graceMs, () => {
        const { code, message, exitStatus } = stopForAbort(signal.reason);
        reject(new ProfileDripError(code, message, exitStatus));
        void opening.then((opened) => opened?.close()).catch(() => {});
      });
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const end = () => {
      cancel();
      signal.removeEventListener('abort', onAbort);
    };
    opening.then(resolve, reject).finally(end);
  });
}
