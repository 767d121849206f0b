import type { CheckEvent, FirstRequest } from '../check/check.js';
import type { RowResult } from '../job/results/result.js';
import type { SendEvent } from '../job/terms/events.js';
import type { VerifyEvent, VisitorVerdict } from '../verify/terms.js';

/** A caller's functions, which may be async. */

/** What `sendBatch` calls. The run does not wait for the functions between rows, but at its end. */
export interface SendBatchHooks {
  /** Stops the run: no new attempt starts, attempts in flight get `graceMs` (milliseconds). Its reason may be a signal's name. */
  readonly signal?: AbortSignal | undefined;
  /** Called for each row as it ends, in the order of the results. What it throws, or rejects with, stops and rejects the run. */
  readonly onRow?: ((row: RowResult) => void | Promise<void>) | undefined;
  /** Called for what a person who watches would want to know. What it throws, or rejects with, stops and rejects the run. */
  readonly onEvent?: ((event: SendEvent) => void | Promise<void>) | undefined;
}

/** What `checkBatch` calls. */
export interface CheckBatchHooks {
  /** Stops the check between two chunks of rows. Its reason may be a signal's name. */
  readonly signal?: AbortSignal | undefined;
  /** Called for what a person who watches would want to know. What it throws, or rejects with, stops and rejects the check. */
  readonly onEvent?: ((event: CheckEvent) => void | Promise<void>) | undefined;
  /** Called for the first 3 rows of each file that would be sent. What it throws, or rejects with, stops and rejects the check. */
  readonly onFirstRequest?: ((request: FirstRequest) => void | Promise<void>) | undefined;
}

/** What `verifyBatch` calls. The run does not wait for the functions between visitors, but at its end. */
export interface VerifyBatchHooks {
  /** Stops the run: no visitor is asked about any more, requests in flight get `graceMs` (milliseconds). Its reason may be a signal's name. */
  readonly signal?: AbortSignal | undefined;
  /** Called for each visitor when its line is written. What it throws, or rejects with, stops and rejects the run. */
  readonly onVerdict?: ((verdict: VisitorVerdict) => void | Promise<void>) | undefined;
  /** Called for what a person who watches would want to know. What it throws, or rejects with, stops and rejects the run. */
  readonly onEvent?: ((event: VerifyEvent) => void | Promise<void>) | undefined;
}

/** Makes one hook safe. `undefined`: the caller gave none. */
export type MakeSafe = <Told>(
  hook: ((told: Told) => void | Promise<void>) | undefined,
) => ((told: Told) => void) | undefined;

/**
 * Runs `run` with hooks that keep a caller's error apart from the run's: the first one stops the run as `signal` does, and
 * this rejects with it when the run is over.
 */
export async function withAsyncHooks<Result>(
  signal: AbortSignal | undefined,
  run: (signal: AbortSignal, safe: MakeSafe) => Promise<Result>,
): Promise<Result> {
  const stop = new AbortController();
  const pending = new Set<Promise<void>>();
  const errors: unknown[] = [];
  const fail = (error: unknown) => {
    errors.push(error);
    stop.abort();
  };
  const safe: MakeSafe = (hook) => {
    if (hook === undefined) return undefined;
    return (told) => {
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
  };
  const stops = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const [end] = await Promise.allSettled([run(stops, safe)]);
  await Promise.all(pending);
  if (errors.length > 0) throw errors[0];
  if (end.status === 'rejected') throw end.reason;
  return end.value;
}

/** Without those that the caller did not give: exactOptionalPropertyTypes tells `undefined` from nothing. */
export function given<Hooks extends object>(hooks: Hooks): { [Name in keyof Hooks]?: NonNullable<Hooks[Name]> };
export function given(hooks: object): object {
  return Object.fromEntries(Object.entries(hooks).filter(([, hook]) => hook !== undefined));
}
