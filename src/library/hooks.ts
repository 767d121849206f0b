import type { RowResult } from '../job/results/result.js';
import type { SendEvent } from '../job/terms/events.js';
import type { SendHooks } from '../job/terms/options.js';

/** A caller's functions, which may be async. The run does not wait for them between rows, but at its end. */
export interface AsyncHooks {
  /** Stops the run: no new attempt starts, attempts in flight get `graceMs` (milliseconds). Its reason may be a signal's name. */
  readonly signal?: AbortSignal | undefined;
  /** Called for each row as it ends, in the order of the results. What it throws, or rejects with, stops and rejects the run. */
  readonly onRow?: ((row: RowResult) => void | Promise<void>) | undefined;
  /** Called for what a person who watches would want to know. What it throws, or rejects with, stops and rejects the run. */
  readonly onEvent?: ((event: SendEvent) => void | Promise<void>) | undefined;
}

/**
 * Runs `run` with hooks that keep a caller's error apart from the run's: the first one stops the run as `signal` does, and
 * this rejects with it when the run is over.
 */
export async function withAsyncHooks<Result>(
  { signal, onRow, onEvent }: AsyncHooks,
  run: (hooks: SendHooks) => Promise<Result>,
): Promise<Result> {
  const stop = new AbortController();
  const pending = new Set<Promise<void>>();
  const errors: unknown[] = [];
  const fail = (error: unknown) => {
    errors.push(error);
    stop.abort();
  };
  const tell =
    <Told>(hook: (told: Told) => void | Promise<void>) =>
    (told: Told) => {
      try {
        const answer = hook(told);
        if (answer === undefined) return;
        const one = Promise.resolve(answer).catch(fail);
        pending.add(one);
        one.then(() => pending.delete(one));
      } catch (error) {
        fail(error);
      }
    };
  const hooks: SendHooks = {
    signal: signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]),
    ...(onRow === undefined ? {} : { onRow: tell(onRow) }),
    ...(onEvent === undefined ? {} : { onEvent: tell(onEvent) }),
  };
  const [end] = await Promise.allSettled([run(hooks)]);
  await Promise.all(pending);
  if (errors.length > 0) throw errors[0];
  if (end.status === 'rejected') throw end.reason;
  return end.value;
}
