import type { Clock } from '../../platform/ports.js';
import { type ExitStatus, exitStatus } from '../../terms/exit-status.js';

/** How the program ends when it is told to: first in good order, then at once. */

export const signalStatuses = {
  SIGHUP: exitStatus.sighup,
  SIGINT: exitStatus.sigint,
  SIGTERM: exitStatus.sigterm,
} as const;

export type SignalName = keyof typeof signalStatuses;

const signalNames: readonly SignalName[] = ['SIGHUP', 'SIGINT', 'SIGTERM'];

/** The status of a process that a signal ended; `reason` is an abort signal's. */
export function signalStatusOf(reason: unknown): ExitStatus {
  const name = signalNames.find((one) => one === reason);
  return signalStatuses[name ?? 'SIGINT'];
}

/**
 * A further signal within this time is taken for the same one: a terminal signals the whole process group, and npm
 * passes on what it gets.
 */
const sameSignalMs = 500;

/** Where signals come from: `process`. */
export interface SignalSource {
  on(name: SignalName, run: () => void): unknown;
}

export interface SignalHandlers {
  /** The first signal. */
  readonly onFirst: (name: SignalName) => void;
  /** A further one, half a second later or more. */
  readonly onFurther: (name: SignalName) => void;
}

/** Aborts with the first signal's name as its reason. */
export function watchSignals(source: SignalSource, clock: Clock, handlers: SignalHandlers): AbortSignal {
  const controller = new AbortController();
  let firstAtMs: number | null = null;
  for (const name of signalNames) {
    source.on(name, () => {
      const nowMs = clock.monotonicMs();
      if (firstAtMs === null) {
        firstAtMs = nowMs;
        handlers.onFirst(name);
        controller.abort(name);
      } else if (nowMs - firstAtMs >= sameSignalMs) handlers.onFurther(name);
    });
  }
  return controller.signal;
}
